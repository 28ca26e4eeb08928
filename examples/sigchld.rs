//! Three children end, and the parent does not wait. They become zombies unless the parent ignores
//! SIGCHLD explicitly (wait(2), NOTES; sigaction(2), SA_NOCLDWAIT).

use std::process::exit;
use std::{env, io};

use nix::sys::signal::{SigHandler, Signal, signal};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::{ForkResult, Pid, fork};

#[allow(unsafe_code)]
fn main() -> io::Result<()> {
    if env::args().nth(1).as_deref() == Some("ignore") {
        // SAFETY: ignoring a signal runs no handler.
        unsafe { signal(Signal::SIGCHLD, SigHandler::SigIgn) }?;
    }
    for child in [start()?, start()?, start()?] {
        // This waits until the child has ended, and leaves it as it is.
        let ended = waitid(Id::Pid(child), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT);
        println!("{ended:?}");
    }
    println!("Enter: end");
    io::stdin().read_line(&mut String::new())?;
    Ok(())
}

/// Starts a process that ends at once.
#[allow(unsafe_code)]
fn start() -> nix::Result<Pid> {
    // SAFETY: there is no other thread.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => exit(0),
    }
}
