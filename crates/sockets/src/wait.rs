use std::io;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout};

/// Waits until a descriptor of `interests` is ready, or until `deadline`, and gives the names of
/// those that are, in order (poll(2)).
///
/// A signal ends the wait as well, with nothing ready: the caller looks at everything again.
///
/// # Errors
///
/// Those of poll(2), but for EINTR.
pub fn poll<'fd, T>(
    interests: impl IntoIterator<Item = (T, BorrowedFd<'fd>, PollFlags)>,
    deadline: Option<Instant>,
) -> io::Result<Vec<T>> {
    let timeout = deadline.map_or(PollTimeout::NONE, |deadline| {
        // Rounded up: a wait that ends too early would be begun again, and again.
        let left = until(deadline) + Duration::from_micros(999);
        PollTimeout::try_from(left.as_millis()).unwrap_or(PollTimeout::MAX)
    });
    let named = interests.into_iter().map(|(name, fd, flags)| (name, PollFd::new(fd, flags)));
    let (names, mut descriptors): (Vec<T>, Vec<PollFd<'_>>) = named.unzip();
    match nix::poll::poll(&mut descriptors, timeout) {
        Ok(_) | Err(Errno::EINTR) => {}
        Err(errno) => return Err(errno.into()),
    }
    let ready = names.into_iter().zip(descriptors).filter(|(_, fd)| fd.any() == Some(true));
    Ok(ready.map(|(name, _)| name).collect())
}

/// How much time is left until `deadline`.
pub fn until(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}
