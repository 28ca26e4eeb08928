//! An iterative server that ends when one client's connection fails.

use std::io;
use std::net::{TcpListener, TcpStream};

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:2100")?;
    println!("listening on 127.0.0.1:2100");
    loop {
        let (stream, _) = listener.accept()?;
        echo(&stream)?;
    }
}

fn echo(mut stream: &TcpStream) -> io::Result<()> {
    io::copy(&mut { stream }, &mut stream)?;
    Ok(())
}
