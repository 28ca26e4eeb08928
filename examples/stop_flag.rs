//! A fork server that has nothing but flags: its handlers raise them, and accept(2) begins again.

use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::{io, process};

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork, write};

// ANCHOR: handlers
static STOP: AtomicBool = AtomicBool::new(false);
static CHILD_ENDED: AtomicBool = AtomicBool::new(false);

extern "C" fn on_sigint(_: i32) {
    STOP.store(true, SeqCst);
    // A handler may call write(2), but not println! (signal-safety(7)).
    let _ = write(io::stdout(), b"SIGINT: the flag is raised\n");
}

extern "C" fn on_sigchld(_: i32) {
    CHILD_ENDED.store(true, SeqCst);
}
// ANCHOR_END: handlers

#[allow(unsafe_code)]
fn main() -> io::Result<()> {
    for (signal, handler) in
        [(Signal::SIGINT, on_sigint as extern "C" fn(i32)), (Signal::SIGCHLD, on_sigchld)]
    {
        let handler = SigHandler::Handler(handler);
        let action = SigAction::new(handler, SaFlags::SA_RESTART, SigSet::empty());
        // SAFETY: the handlers store a flag and write, which a handler may do.
        unsafe { sigaction(signal, &action) }?;
    }
    let listener = TcpListener::bind("127.0.0.1:3101")?;
    println!("listening on 127.0.0.1:3101");
    // ANCHOR: loop
    while !STOP.load(SeqCst) {
        let (stream, _) = listener.accept()?;
        if CHILD_ENDED.swap(false, SeqCst) {
            reap();
        }
        // SAFETY: there is no other thread.
        if let ForkResult::Child = unsafe { fork() }? {
            echo(&stream);
        }
    }
    println!("stopped");
    // ANCHOR_END: loop
    Ok(())
}

/// Reaps children that have ended.
fn reap() {
    while let Ok(WaitStatus::Exited(..) | WaitStatus::Signaled(..)) =
        waitpid(None, Some(WaitPidFlag::WNOHANG))
    {}
}

/// Does the child's work.
fn echo(mut stream: &TcpStream) -> ! {
    let ended = io::copy(&mut { stream }, &mut stream);
    process::exit(ended.is_err().into())
}
