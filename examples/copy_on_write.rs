//! A child shares the memory of its parent, and the kernel copies a page only when one of them
//! writes to it (fork(2), NOTES). /proc/PID/smaps_rollup shows how much is shared (proc(5)).

use std::{fs, hint, io};

use nix::sys::wait::wait;
use nix::unistd::{ForkResult, fork};

const MIB: usize = 1 << 20;

#[allow(unsafe_code)]
fn main() -> io::Result<()> {
    let mut memory = vec![1_u8; 64 * MIB];
    show("parent, before the fork")?;
    // SAFETY: there is no other thread.
    if let ForkResult::Child = unsafe { fork() }? {
        show("child, after the fork")?;
        hint::black_box(memory.iter().step_by(4096).max());
        show("child, has read all of it")?;
        memory[..16 * MIB].fill(2);
        show("child, has written 16 MiB")?;
    } else {
        wait()?;
    }
    hint::black_box(memory);
    Ok(())
}

/// Prints the kernel's figures for this process, in MiB.
fn show(when: &str) -> io::Result<()> {
    let told = fs::read_to_string("/proc/self/smaps_rollup")?;
    let mib = |what: &str| {
        let lines = told.lines().filter(|line| line.starts_with(what));
        let kib = lines.filter_map(|line| line.split_whitespace().nth(1)?.parse::<usize>().ok());
        (kib.sum::<usize>() + 512) / 1024
    };
    let (resident, shared, own) = (mib("Rss:"), mib("Shared_Dirty:"), mib("Private_Dirty:"));
    println!("{when:25}  resident {resident:2}  shared {shared:2}  its own {own:2}");
    Ok(())
}
