//! The parent forks, and ends before its child. The child gets another parent, which will wait for
//! it (wait(2), NOTES).

use std::thread;

use nix::unistd::{ForkResult, fork, getpid, getppid};

#[allow(unsafe_code)]
fn main() -> nix::Result<()> {
    let parent = getpid();
    // SAFETY: there is no other thread.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => {
            println!("parent {parent}: my child is {child}, and I leave");
        }
        ForkResult::Child => {
            while getppid() == parent {
                thread::yield_now();
            }
            let (me, now) = (getpid(), getppid());
            println!("child {me}: my parent was {parent}, and is {now} now");
        }
    }
    Ok(())
}
