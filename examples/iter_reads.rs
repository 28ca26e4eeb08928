//! An iterative server that does not wait for a silent client (socket(7), SO_RCVTIMEO).

use std::io;
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

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
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    io::copy(&mut { stream }, &mut stream)?;
    Ok(())
}
