//! The child ends first, and the parent does not wait yet, so the child becomes a zombie (wait(2),
//! NOTES).

use std::io;
use std::process::exit;

use nix::sys::wait::{Id, WaitPidFlag, waitid, waitpid};
use nix::unistd::{ForkResult, fork};

#[allow(unsafe_code)]
fn main() -> io::Result<()> {
    // SAFETY: there is no other thread.
    let child = match unsafe { fork() }? {
        ForkResult::Child => exit(7),
        ForkResult::Parent { child } => child,
    };
    // This waits until the child has ended, and leaves it as it is.
    waitid(Id::Pid(child), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT)?;
    println!("child {child} has ended, and the parent has not waited for it; Enter: wait");
    io::stdin().read_line(&mut String::new())?;
    println!("{:?}; Enter: end", waitpid(child, None)?);
    io::stdin().read_line(&mut String::new())?;
    Ok(())
}
