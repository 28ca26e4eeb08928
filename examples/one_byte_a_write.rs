//! Sends the same lines to a server twice, as one piece and byte by byte, and shows its answers.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};

fn main() -> io::Result<()> {
    // ANCHOR: pieces
    let text = b"one\r\ntwo\nthree";
    for size in [text.len(), 1] {
        let mut server = TcpStream::connect("127.0.0.1:3027")?;
        server.set_nodelay(true)?; // or the kernel would join small pieces
        for piece in text.chunks(size) {
            server.write_all(piece)?;
        }
        server.shutdown(Shutdown::Write)?;
        let mut answer = String::new();
        server.read_to_string(&mut answer)?;
        println!("{} writes: {answer:?}", text.chunks(size).count());
    }
    // ANCHOR_END: pieces
    Ok(())
}
