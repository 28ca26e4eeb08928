//! One question to an SNMP agent, byte by byte: with a RAW socket, which needs root, and with an
//! ordinary one.

use std::io;
use std::net::UdpSocket;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

// ANCHOR: question
/// What is the first row after .1.3.6.1.2.1.1?
#[rustfmt::skip]
const QUESTION: [u8; 38] = [
    0x30, 36,                                       // a message, of 36 bytes:
    0x02, 1, 1,                                     //   version: 1 is 2c, and 0 is 1
    0x04, 6, b's', b'e', b'c', b'r', b'e', b't',    //   community
    0xa1, 23,                                       //   GetNext, of 23 bytes:
    0x02, 1, 7,                                     //     request id
    0x02, 1, 0,                                     //     error status: none
    0x02, 1, 0,                                     //     error index: none
    0x30, 12, 0x30, 10,                             //     rows, of which there is one:
    0x06, 6, 0x2b, 6, 1, 2, 1, 1,                   //       name: 0x2b is 40 * 1 + 3
    0x05, 0,                                        //       value: none yet
];

fn main() -> io::Result<()> {
    match Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::UDP)) {
        Ok(_) => println!("RAW: may be used"),
        Err(error) => println!("RAW: {error}"),
    }
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.connect("127.0.0.1:1161")?;
    socket.set_read_timeout(Some(Duration::from_secs(5)))?;
    socket.send(&QUESTION)?;
    let mut answer = [0; 1_500];
    let size = socket.recv(&mut answer)?;
    println!("DGRAM: {}", answer[..size].escape_ascii());
    Ok(())
}
// ANCHOR_END: question
