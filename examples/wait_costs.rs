//! The time of one select(2), one poll(2) and one epoll_wait(2), with more and more silent clients.

use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;
use std::time::Instant;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::select::{FdSet, select};

/// How many calls a figure is the mean of.
const CALLS: u32 = 1000;

fn main() -> io::Result<()> {
    for count in [10, 100, 400] {
        let mut clients: Vec<_> =
            (0..count).map(|_| UnixStream::pair()).collect::<io::Result<_>>()?;
        // The last one is ready, so no call sleeps.
        let (_, ready) = clients.last_mut().expect("there are clients");
        ready.write_all(b"x")?;

        let mut set = FdSet::new();
        clients.iter().for_each(|(client, _)| set.insert(client.as_fd()));
        let highest = clients.iter().map(|(client, _)| client.as_raw_fd()).max().unwrap_or(0);
        let selected = mean(|| {
            let mut readable = set;
            select(highest + 1, &mut readable, None, None, None)
        })?;

        let sockets = clients.iter().map(|(client, _)| client.as_fd());
        let mut watched: Vec<_> =
            sockets.map(|socket| PollFd::new(socket, PollFlags::POLLIN)).collect();
        let polled = mean(|| poll(&mut watched, PollTimeout::NONE))?;

        let epoll = Epoll::new(EpollCreateFlags::empty())?;
        for (client, _) in &clients {
            epoll.add(client, EpollEvent::new(EpollFlags::EPOLLIN, 0))?;
        }
        let mut events = [EpollEvent::empty(); 8];
        let reported = mean(|| epoll.wait(&mut events, EpollTimeout::NONE))?;
        println!(
            "{count:4} clients: select {selected:4.1} µs, poll {polled:4.1} µs, \
             epoll {reported:4.1} µs"
        );
    }
    Ok(())
}

/// The mean time of a call, in microseconds.
fn mean<T>(mut call: impl FnMut() -> nix::Result<T>) -> nix::Result<f64> {
    let begun = Instant::now();
    for _ in 0..CALLS {
        call()?;
    }
    Ok(begun.elapsed().as_secs_f64() * 1e6 / f64::from(CALLS))
}
