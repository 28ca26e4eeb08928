//! A rude client: it sends something, and closes while the answer is still unread in its socket. So
//! its kernel sends the server a reset (tcp(7); RFC 2525, 2.17).

use std::io::{self, Write};
use std::net::TcpStream;

fn main() -> io::Result<()> {
    let address = std::env::args().nth(1).expect("want HOST:PORT");
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(b"hello\n")?;
    // This waits until there is an answer, and leaves it in the socket.
    stream.peek(&mut [0])?;
    Ok(())
}
