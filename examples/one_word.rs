//! One word in each direction, and both sides close. Watch the connection with tcpdump(8) and
//! strace(1).

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};

fn main() -> io::Result<()> {
    // ANCHOR: talk
    let listener = TcpListener::bind("127.0.0.1:5000")?;
    let mut client = TcpStream::connect("127.0.0.1:5000")?;
    let (mut server, _) = listener.accept()?;
    let mut word = [0; 5];

    client.write_all(b"hello")?;
    server.read_exact(&mut word)?;
    server.write_all(b"HELLO")?;
    client.read_exact(&mut word)?;
    drop(client);
    server.read_exact(&mut word).expect_err("it is the end");
    // ANCHOR_END: talk
    Ok(())
}
