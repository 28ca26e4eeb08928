//! Writes to a peer that has closed. The kernel takes the first write, and the peer's kernel
//! answers with a reset. After that, a write fails with EPIPE and SIGPIPE, which Rust programs
//! ignore (send(2)).

use std::io::{self, ErrorKind, Write};
use std::net::{TcpListener, TcpStream};

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut client = TcpStream::connect(listener.local_addr()?)?;
    // ANCHOR: write
    drop(listener.accept()?);

    println!("first write:  {:?}", client.write(b"hello"));
    // Until the reset has come, the kernel takes more.
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
