//! A fork server whose parent waits until no dead child is left (waitpid(2), WNOHANG).

use std::net::{TcpListener, TcpStream};
use std::{io, process};

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};

#[allow(unsafe_code)]
fn main() -> io::Result<()> {
    let handler = SigHandler::Handler(on_sigchld);
    let action = SigAction::new(handler, SaFlags::SA_RESTART, SigSet::empty());
    // SAFETY: the handler does nothing that a handler must not do.
    unsafe { sigaction(Signal::SIGCHLD, &action) }?;
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

/// Reaps children that have ended.
extern "C" fn on_sigchld(_: i32) {
    while let Ok(WaitStatus::Exited(..) | WaitStatus::Signaled(..)) =
        waitpid(None, Some(WaitPidFlag::WNOHANG))
    {}
}

/// Does the child's work.
fn echo(mut stream: &TcpStream) -> ! {
    let ended = io::copy(&mut { stream }, &mut stream);
    process::exit(ended.is_err().into())
}
