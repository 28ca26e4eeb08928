//! A worker that cannot start, and a parent that replaces it when a second is over.

use std::time::{Duration, Instant};
use std::{fs, io, process, thread};

use nix::sys::wait::wait;
use nix::unistd::{ForkResult, fork};

fn main() -> io::Result<()> {
    let (begun, mut deaths) = (Instant::now(), 0);
    while begun.elapsed() < Duration::from_millis(500) {
        let started = Instant::now();
        start_worker()?;
        wait()?;
        deaths += 1;
        thread::sleep(Duration::from_secs(1).saturating_sub(started.elapsed()));
    }
    let deaths = if deaths > 10 { "more than 10 workers" } else { "a worker" };
    println!("{deaths} died in half a second");
    Ok(())
}

/// Starts a worker. A file that it needs is missing.
#[allow(unsafe_code)]
fn start_worker() -> io::Result<()> {
    // SAFETY: there is no other thread.
    if let ForkResult::Child = unsafe { fork() }? {
        let fortunes = fs::read("examples/no-such-file");
        process::exit(fortunes.is_err().into());
    }
    Ok(())
}
