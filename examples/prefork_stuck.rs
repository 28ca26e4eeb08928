//! Two workers that wait for a client or the order to stop, and then accept (poll(2), accept(2)).

use std::io::{self, PipeReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::time::Duration;
use std::{process, thread};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork};

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let (stop, mut order) = io::pipe()?;
    let mut workers = Vec::new();
    for _ in 0..2 {
        workers.push(start_worker(&listener, &stop)?);
    }
    let _client = TcpStream::connect(listener.local_addr()?)?;
    thread::sleep(Duration::from_secs(1));
    // Nobody reads this byte, so all workers see it: it is the order to stop.
    order.write_all(b"s")?;
    thread::sleep(Duration::from_secs(1));
    let mut stopped = 0;
    for worker in workers {
        match waitpid(worker, Some(WaitPidFlag::WNOHANG))? {
            WaitStatus::StillAlive => kill(worker, Signal::SIGKILL)?,
            _ => stopped += 1,
        }
    }
    println!("{stopped} of 2 workers have stopped");
    Ok(())
}

#[allow(unsafe_code)]
fn start_worker(listener: &TcpListener, stop: &PipeReader) -> io::Result<Pid> {
    // SAFETY: there is no other thread.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => process::exit(work(listener, stop).is_err().into()),
    }
}

fn work(listener: &TcpListener, stop: &PipeReader) -> io::Result<()> {
    loop {
        let mut watched = [
            PollFd::new(stop.as_fd(), PollFlags::POLLIN),
            PollFd::new(listener.as_fd(), PollFlags::POLLIN),
        ];
        poll(&mut watched, PollTimeout::NONE)?;
        if watched[0].any() == Some(true) {
            return Ok(());
        }
        // As on a busy machine, where others run first.
        thread::sleep(Duration::from_millis(300));
        let (_client, _) = listener.accept()?;
    }
}
