//! Tries to make a socket of each family and type (socket(2), address_families(7)).

use std::io;

use socket2::{Domain, Protocol, Socket, Type};

fn main() {
    // ANCHOR: families
    let families = [
        ("INET", Domain::IPV4, Some(Protocol::ICMPV4)),
        ("INET6", Domain::IPV6, Some(Protocol::ICMPV6)),
        ("UNIX", Domain::UNIX, None),
        ("PACKET", Domain::PACKET, None),
    ];
    for (name, family, raw) in families {
        let of_type = |socket_type, protocol| verdict(Socket::new(family, socket_type, protocol));
        println!("{name}");
        println!("  STREAM     {}", of_type(Type::STREAM, None));
        println!("  DGRAM      {}", of_type(Type::DGRAM, None));
        println!("  SEQPACKET  {}", of_type(Type::SEQPACKET, None));
        println!("  RAW        {}", of_type(Type::RAW, raw));
    }
    // ANCHOR_END: families
}

fn verdict(socket: io::Result<Socket>) -> String {
    match socket {
        Ok(_) => "yes".to_owned(),
        Err(error) => error.to_string(),
    }
}
