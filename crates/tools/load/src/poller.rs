//! epoll(7), with a finer clock than its own.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

/// The number of clients that are served between two looks at the clock.
const EVENTS: usize = 256;

/// Finds the clients whose sockets are ready.
#[derive(Debug)]
pub(crate) struct Poller {
    epoll: Epoll,
    events: Vec<EpollEvent>,
}

impl Poller {
    pub(crate) fn new() -> io::Result<Poller> {
        Ok(Poller {
            epoll: Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?,
            events: vec![EpollEvent::empty(); EVENTS],
        })
    }

    /// The kernel removes a socket when it is closed.
    pub(crate) fn add(
        &self,
        socket: impl AsFd,
        client: usize,
        interest: EpollFlags,
    ) -> io::Result<()> {
        let event = EpollEvent::new(interest, client as u64);
        Ok(self.epoll.add(socket, event)?)
    }

    pub(crate) fn change(
        &self,
        socket: impl AsFd,
        client: usize,
        interest: EpollFlags,
    ) -> io::Result<()> {
        let mut event = EpollEvent::new(interest, client as u64);
        Ok(self.epoll.modify(socket, &mut event)?)
    }

    /// Waits, at most this long, and returns the clients whose sockets are ready.
    pub(crate) fn wait(&mut self, timeout: Duration) -> io::Result<Vec<(usize, EpollFlags)>> {
        let milliseconds = u16::try_from(timeout.as_millis()).unwrap_or(u16::MAX);
        if milliseconds == 0 && !timeout.is_zero() {
            // epoll_wait(2) counts in milliseconds, but messages come faster than that.
            let epoll = PollFd::new(self.epoll.0.as_fd(), PollFlags::POLLIN);
            match ppoll(&mut [epoll], Some(timeout.into()), None) {
                Ok(_) | Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        let timeout = EpollTimeout::from(milliseconds);
        let count = match self.epoll.wait(&mut self.events, timeout) {
            Err(Errno::EINTR) => 0,
            count => count?,
        };
        let ready = self.events[..count].iter();
        Ok(ready.map(|event| (event.data() as usize, event.events())).collect())
    }
}
