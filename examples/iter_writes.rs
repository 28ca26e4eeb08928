//! An iterative server that waits neither for a silent client nor for one that does not read
//! (socket(7), SO_RCVTIMEO and SO_SNDTIMEO).

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
    stream.set_write_timeout(Some(Duration::from_secs(1)))?;
    io::copy(&mut { stream }, &mut stream)?;
    Ok(())
}
