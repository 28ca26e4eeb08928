//! MSG_PEEK reads and takes nothing away (recv(2)).

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut client = TcpStream::connect(listener.local_addr()?)?;
    let (mut server, _) = listener.accept()?;
    // ANCHOR: peek
    client.write_all(b"GET / HTTP/1.1\r\n")?;
    let mut word = [0; 3];
    server.peek(&mut word)?;
    println!("peek: {}", String::from_utf8_lossy(&word));
    let mut line = [0; 100];
    let count = server.read(&mut line)?;
    println!("read: {}", String::from_utf8_lossy(&line[..count]).trim_end());
    // ANCHOR_END: peek
    Ok(())
}
