//! Shows the datagrams to a group, received on the interface with the given address.
//! `radio` without its bug: `lessons/bugs/radio.md`.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};

// ANCHOR: program
fn main() -> io::Result<()> {
    let group = SocketAddrV4::new(Ipv4Addr::new(239, 202, 20, 30), 7105);
    let interface = std::env::args().nth(1);
    let interface = interface.and_then(|address| address.parse().ok());
    let radio = tune_in(group, interface.unwrap_or(Ipv4Addr::LOCALHOST))?;
    println!("listening to {group}");
    loop {
        println!("heard: {}", hear(&radio)?);
    }
}

/// A socket that receives the group's datagrams on the interface with this address.
fn tune_in(group: SocketAddrV4, interface: Ipv4Addr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(group)?;
    socket.join_multicast_v4(group.ip(), &interface)?;
    Ok(socket)
}

fn hear(radio: &UdpSocket) -> io::Result<String> {
    let mut buffer = [0; 2048];
    let size = radio.recv(&mut buffer)?;
    let text = String::from_utf8_lossy(&buffer[..size]);
    Ok(text.trim_end().to_owned())
}
// ANCHOR_END: program

#[cfg(test)]
mod tests {
    use test_kit::deadline;

    use super::*;

    // ANCHOR: test
    #[test]
    fn a_datagram_to_the_group_is_heard() {
        let group = Ipv4Addr::new(239, 202, 20, 30);
        let radio = tune_in(SocketAddrV4::new(group, 0), Ipv4Addr::LOCALHOST).unwrap();
        radio.set_read_timeout(Some(deadline())).unwrap();
        let port = radio.local_addr().unwrap().port();
        // This socket's datagrams to a group leave by the interface of its address, lo.
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        sender.send_to(b"to the group", (group, port)).unwrap();
        sender.send_to(b"to me", ("127.0.0.1", port)).unwrap();
        assert_eq!(hear(&radio).unwrap(), "to the group");
    }
    // ANCHOR_END: test
}
