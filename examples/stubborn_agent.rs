//! An SNMP agent that sends every question back as its answer: the row after a name is always the
//! same name again.

use std::io;
use std::net::UdpSocket;

/// The tags of two PDUs (RFC 3416, section 3).
const GET_NEXT: u8 = 0xa1;
const RESPONSE: u8 = 0xa2;

// ANCHOR: agent
fn main() -> io::Result<()> {
    let socket = UdpSocket::bind("127.0.0.1:1162")?;
    println!("listening on {}", socket.local_addr()?);
    let mut message = [0; 1_500];
    loop {
        let (size, from) = socket.recv_from(&mut message)?;
        // The PDU follows seven bytes and the community, whose length is the last of the seven.
        let pdu = 7 + usize::from(message[6]);
        if message[pdu] == GET_NEXT {
            message[pdu] = RESPONSE;
            socket.send_to(&message[..size], from)?;
        }
    }
}
// ANCHOR_END: agent
