//! A fork server whose parent never waits for its children (wait(2)).

use std::net::{TcpListener, TcpStream};
use std::{io, process};

use nix::unistd::{ForkResult, fork};

#[allow(unsafe_code)]
fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:3100")?;
    println!("listening on 127.0.0.1:3100");
    loop {
        let (stream, _) = listener.accept()?;
        // SAFETY: there is no other thread.
        if let ForkResult::Child = unsafe { fork() }? {
            echo(&stream);
        }
    }
}

/// Does the child's work.
fn echo(mut stream: &TcpStream) -> ! {
    let ended = io::copy(&mut { stream }, &mut stream);
    process::exit(ended.is_err().into())
}
