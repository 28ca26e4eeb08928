//! The parent waits: wait(2) tells it how its child has ended.

use std::process::exit;

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{wait, waitpid};
use nix::unistd::{ForkResult, Pid, fork, pause};

fn main() -> nix::Result<()> {
    let child = start(|| exit(7))?;
    println!("{:?}", waitpid(child, None)?);

    let child = start(pause)?;
    kill(child, Signal::SIGKILL)?;
    println!("{:?}", waitpid(child, None)?);

    println!("{:?}", wait());
    Ok(())
}

/// Starts a process that does `work`, and ends.
#[allow(unsafe_code)]
fn start(work: impl FnOnce()) -> nix::Result<Pid> {
    // SAFETY: there is no other thread.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => {
            work();
            exit(0)
        }
    }
}
