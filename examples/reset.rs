//! A rude client: it says something, and closes while the answer lies unread in its socket. The
//! kernel tells the server so by a reset (tcp(7); RFC 2525, 2.17).

use std::io::{self, Write};
use std::net::TcpStream;

fn main() -> io::Result<()> {
    let address = std::env::args().nth(1).expect("want HOST:PORT");
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(b"hello\n")?;
    // That waits until there is an answer, and leaves it where it is.
    stream.peek(&mut [0])?;
    Ok(())
}
