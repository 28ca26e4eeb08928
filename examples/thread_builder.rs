//! A thread server that goes on when no thread can be started (pthread_create(3), EAGAIN).

use std::net::{TcpListener, TcpStream};
use std::{io, thread};

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:4100")?;
    println!("listening on 127.0.0.1:4100");
    loop {
        let (stream, _) = listener.accept()?;
        if let Err(error) = thread::Builder::new().spawn(move || echo(&stream)) {
            println!("refused: {error}");
        }
    }
}

fn echo(mut stream: &TcpStream) {
    let _ = io::copy(&mut { stream }, &mut stream);
}
