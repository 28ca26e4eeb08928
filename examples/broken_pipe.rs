//! Writes to a peer that has closed. The first write is taken, and answered by a reset; the second
//! finds a connection that is gone: EPIPE, and SIGPIPE, which Rust programs ignore (send(2)).

use std::io::{self, ErrorKind, Write};
use std::net::{TcpListener, TcpStream};

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut client = TcpStream::connect(listener.local_addr()?)?;
    // ANCHOR: write
    drop(listener.accept()?);

    println!("first write:  {:?}", client.write(b"hello"));
    // Until the reset has come, more is taken.
    let error = loop {
        if let Err(error) = client.write(b"hello") {
            break error;
        }
    };
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    println!("later:        {error}");
    // ANCHOR_END: write
    Ok(())
}
