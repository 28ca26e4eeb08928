//! A list of sockets that the kernel keeps.

// ANCHOR: watched
use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

/// Sockets that the kernel watches, each under a name that is never used twice.
pub struct Watched {
    epoll: Epoll,
}

impl Watched {
    /// An empty list.
    ///
    /// # Errors
    ///
    /// Errors of epoll_create1(2).
    pub fn new() -> io::Result<Watched> {
        Ok(Watched { epoll: Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)? })
    }

    /// Watches a socket for input.
    ///
    /// # Errors
    ///
    /// Errors of epoll_ctl(2).
    pub fn add(&self, socket: impl AsFd, name: u64) -> io::Result<()> {
        Ok(self.epoll.add(socket, EpollEvent::new(EpollFlags::EPOLLIN, name))?)
    }

    /// Forgets a socket, even if there are copies of its descriptor.
    ///
    /// # Errors
    ///
    /// Errors of epoll_ctl(2).
    pub fn remove(&self, socket: impl AsFd) -> io::Result<()> {
        Ok(self.epoll.delete(socket)?)
    }

    /// Waits until there is input, for at most `patience`, and returns the names of the sockets: at
    /// most 64 of them.
    ///
    /// # Errors
    ///
    /// Errors of epoll_wait(2).
    pub fn ready(&self, patience: Duration) -> io::Result<Vec<u64>> {
        let mut events = [EpollEvent::empty(); 64];
        let timeout = EpollTimeout::try_from(patience).unwrap_or(EpollTimeout::MAX);
        let count = self.epoll.wait(&mut events, timeout)?;
        Ok(events[..count].iter().map(EpollEvent::data).collect())
    }
}
// ANCHOR_END: watched

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;

    use super::*;

    const LONG: Duration = Duration::from_secs(30);

    #[test]
    fn a_socket_is_reported_as_long_as_there_is_input() {
        let watched = Watched::new().unwrap();
        let (mut ours, mut theirs) = UnixStream::pair().unwrap();
        watched.add(&ours, 7).unwrap();
        assert!(watched.ready(Duration::ZERO).unwrap().is_empty());
        theirs.write_all(b"two").unwrap();
        for _ in 0..3 {
            assert_eq!(watched.ready(LONG).unwrap(), [7]);
            ours.read_exact(&mut [0; 1]).unwrap();
        }
        assert!(watched.ready(Duration::ZERO).unwrap().is_empty());
    }

    #[test]
    fn a_socket_that_is_removed_is_not_reported_although_a_copy_lives() {
        let watched = Watched::new().unwrap();
        let (ours, theirs) = UnixStream::pair().unwrap();
        let _copy = ours.try_clone().unwrap();
        watched.add(&ours, 7).unwrap();
        drop(theirs);
        assert_eq!(watched.ready(LONG).unwrap(), [7]);
        watched.remove(&ours).unwrap();
        assert!(watched.ready(Duration::ZERO).unwrap().is_empty());
    }
}
