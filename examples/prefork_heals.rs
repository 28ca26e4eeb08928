//! A server of two worker processes, whose parent waits for their ends and starts new ones (wait(2)).

use std::net::{TcpListener, TcpStream};
use std::{io, process};

use nix::sys::wait::wait;
use nix::unistd::{ForkResult, fork};

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:3100")?;
    println!("listening on 127.0.0.1:3100");
    for _ in 0..2 {
        start_worker(&listener)?;
    }
    loop {
        wait()?;
        start_worker(&listener)?;
    }
}

/// Starts a worker, which accepts for itself.
#[allow(unsafe_code)]
fn start_worker(listener: &TcpListener) -> io::Result<()> {
    // SAFETY: there is no other thread.
    if let ForkResult::Child = unsafe { fork() }? {
        while let Ok((stream, _)) = listener.accept() {
            echo(&stream);
        }
        process::exit(1);
    }
    Ok(())
}

fn echo(mut stream: &TcpStream) {
    let _ = io::copy(&mut { stream }, &mut stream);
}
