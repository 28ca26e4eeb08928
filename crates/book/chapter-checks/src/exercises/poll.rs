//! One turn of a loop around poll(2).

// ANCHOR: ready
use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// Waits until something has happened to one of these, for at most `patience`. Returns the index of
/// each such socket, and the events that poll reports for it.
///
/// # Errors
///
/// Errors of poll(2).
pub fn ready(sockets: &[impl AsFd], patience: Duration) -> io::Result<Vec<(usize, PollFlags)>> {
    let watch = |socket| PollFd::new(AsFd::as_fd(socket), PollFlags::POLLIN);
    let mut watched: Vec<_> = sockets.iter().map(watch).collect();
    let timeout = PollTimeout::try_from(patience).unwrap_or(PollTimeout::MAX);
    poll(&mut watched, timeout)?;
    let events = watched.iter().map(|fd| fd.revents().unwrap_or(PollFlags::empty()));
    Ok(events.enumerate().filter(|(_, events)| !events.is_empty()).collect())
}
// ANCHOR_END: ready

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::fd::{FromRawFd, OwnedFd};

    use nix::fcntl::{FcntlArg, fcntl};
    use nix::sys::resource::{Resource, getrlimit, setrlimit};

    use super::*;

    #[test]
    fn exactly_the_ready_ones_are_found() {
        let (readers, mut writers): (Vec<_>, Vec<_>) = (0..4).map(|_| io::pipe().unwrap()).unzip();
        assert!(ready(&readers, Duration::ZERO).unwrap().is_empty());
        writers[1].write_all(b"x").unwrap();
        drop(writers.pop());
        let found = ready(&readers, Duration::from_secs(30)).unwrap();
        assert_eq!(found, [(1, PollFlags::POLLIN), (3, PollFlags::POLLHUP)]);
    }

    #[test]
    fn the_number_of_a_descriptor_is_no_limit() {
        // The soft limit is usually 1,024, for the sake of select(2).
        let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        if most <= 1024 {
            return test_kit::skip("no descriptor of 1024 is allowed here");
        }
        setrlimit(Resource::RLIMIT_NOFILE, most, most).unwrap();
        let (reader, writer) = io::pipe().unwrap();
        drop(writer);
        let high = fcntl(&reader, FcntlArg::F_DUPFD_CLOEXEC(1024)).unwrap();
        // SAFETY: fcntl(2) has just made this descriptor.
        #[allow(unsafe_code)]
        let high = unsafe { OwnedFd::from_raw_fd(high) };
        let found = ready(&[high], Duration::from_secs(30)).unwrap();
        assert_eq!(found, [(0, PollFlags::POLLHUP)]);
    }
}
