//! Five children have ended before the parent looks, and SIGCHLD comes once: signals of one kind do
//! not queue (signal(7)). How many children does its handler reap?

use std::io;
use std::process::exit;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::{ForkResult, Pid, fork};

static SIGNALS: AtomicUsize = AtomicUsize::new(0);
static REAPED: AtomicUsize = AtomicUsize::new(0);

// ANCHOR: handler
/// The handler. It may call waitpid(2) and use atomics (signal-safety(7)).
extern "C" fn on_sigchld(_: i32) {
    SIGNALS.fetch_add(1, SeqCst);
    if let Ok(WaitStatus::Exited(..)) = waitpid(None, Some(WaitPidFlag::WNOHANG)) {
        REAPED.fetch_add(1, SeqCst);
    }
}
// ANCHOR_END: handler

// ANCHOR: main
#[allow(unsafe_code)]
fn main() -> io::Result<()> {
    let handler = SigHandler::Handler(on_sigchld);
    let action = SigAction::new(handler, SaFlags::SA_RESTART, SigSet::empty());
    // SAFETY: the handler does nothing that a handler must not do.
    unsafe { sigaction(Signal::SIGCHLD, &action) }?;

    // Meanwhile the parent is busy: with the signal blocked, it waits.
    let busy = SigSet::from_iter([Signal::SIGCHLD]);
    busy.thread_block()?;
    for child in [start()?, start()?, start()?, start()?, start()?] {
        waitid(Id::Pid(child), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT)?;
    }
    busy.thread_unblock()?;

    let (signals, reaped) = (SIGNALS.load(SeqCst), REAPED.load(SeqCst));
    println!("5 deaths, {signals} signal, {reaped} reaped; Enter: end");
    io::stdin().read_line(&mut String::new())?;
    Ok(())
}
// ANCHOR_END: main

/// Starts a process that ends at once.
#[allow(unsafe_code)]
fn start() -> nix::Result<Pid> {
    // SAFETY: there is no other thread.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => exit(0),
    }
}
