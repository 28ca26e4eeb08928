//! Eight workers, each with its own epoll set for one listener, and one client (epoll_ctl(2)).

use std::io::{self, ErrorKind, PipeWriter, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;
use std::{fs, process, thread};

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags};
use nix::unistd::{ForkResult, Pid, fork};

const WORKERS: usize = 8;

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let (mut reports, report) = io::pipe()?;
    let workers: Vec<Pid> =
        (0..WORKERS).map(|_| start_worker(&listener, &report)).collect::<io::Result<_>>()?;
    drop(report);
    // Each worker reports that it is there, and then sleeps.
    reports.read_exact(&mut [0; WORKERS])?;
    while !workers.iter().all(|worker| sleeps(*worker)) {
        thread::yield_now();
    }

    let _client = TcpStream::connect(listener.local_addr()?)?;
    let mut woken = Vec::new();
    reports.read_to_end(&mut woken)?;
    let in_vain = woken.iter().filter(|report| **report == b'-').count();
    println!("1 client, {} of {WORKERS} workers awake, {in_vain} of them in vain", woken.len());
    Ok(())
}

/// Starts a worker that waits for one client, for a few seconds.
#[allow(unsafe_code)]
fn start_worker(listener: &TcpListener, report: &PipeWriter) -> io::Result<Pid> {
    // SAFETY: there is no other thread.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => process::exit(work(listener, report).is_err().into()),
    }
}

fn work(listener: &TcpListener, mut report: &PipeWriter) -> io::Result<()> {
    let epoll = Epoll::new(EpollCreateFlags::empty())?;
    let flags = EpollFlags::EPOLLIN;
    epoll.add(listener, EpollEvent::new(flags, 1))?;
    report.write_all(b"r")?;
    if epoll.wait(&mut [EpollEvent::empty()], 3000_u16)? > 0 {
        // As on a busy machine, where others run first.
        thread::sleep(Duration::from_millis(500));
        match listener.accept() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => report.write_all(b"-")?,
            accepted => accepted.and_then(|_| report.write_all(b"+"))?,
        }
    }
    Ok(())
}

/// Whether a process sleeps (proc_pid_stat(5)).
fn sleeps(process: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.contains(") S ")
}
