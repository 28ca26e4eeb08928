//! An iterative server that goes on when a client's connection fails, but waits for a silent one.

use std::io;
use std::net::{TcpListener, TcpStream};

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:2100")?;
    println!("listening on 127.0.0.1:2100");
    loop {
        let (stream, _) = listener.accept()?;
        if let Err(error) = echo(&stream) {
            println!("lost: {error}");
        }
    }
}

fn echo(mut stream: &TcpStream) -> io::Result<()> {
    io::copy(&mut { stream }, &mut stream)?;
    Ok(())
}
