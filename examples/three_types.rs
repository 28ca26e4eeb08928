//! The same two words through a pair of sockets of each type (socketpair(2), unix(7)).

use std::io;
use std::io::{Read, Write};

use socket2::{Domain, Socket, Type};

fn main() -> io::Result<()> {
    let types = [("STREAM", Type::STREAM), ("DGRAM", Type::DGRAM), ("SEQPACKET", Type::SEQPACKET)];
    // ANCHOR: words
    for (name, socket_type) in types {
        let (mut ours, mut theirs) = Socket::pair(Domain::UNIX, socket_type, None)?;
        theirs.set_nonblocking(true)?;
        ours.write_all(b"one")?;
        ours.write_all(b"two")?;
        drop(ours);
        println!("{name}");
        let mut two_bytes = [0; 2];
        for _ in 0..4 {
            match theirs.read(&mut two_bytes) {
                Ok(0) => println!("  the end"),
                Ok(count) => println!("  {}", String::from_utf8_lossy(&two_bytes[..count])),
                Err(error) => println!("  {:?}", error.kind()),
            }
        }
    }
    // ANCHOR_END: words
    Ok(())
}
