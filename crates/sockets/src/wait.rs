use std::io;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout};

/// Waits until one of `interests` is ready, or until `deadline`, and leaves what it found in them
/// (poll(2)).
///
/// A signal ends the wait as well, with nothing ready: the caller looks at everything again.
///
/// # Errors
///
/// Those of poll(2), but for EINTR.
pub fn poll(interests: &mut [PollFd<'_>], deadline: Option<Instant>) -> io::Result<()> {
    let timeout = deadline.map_or(PollTimeout::NONE, |deadline| {
        // Rounded up: a wait that ends too early would be begun again, and again.
        let left = until(deadline) + Duration::from_micros(999);
        PollTimeout::try_from(left.as_millis()).unwrap_or(PollTimeout::MAX)
    });
    match nix::poll::poll(interests, timeout) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

/// Waits until something can be read from one of `descriptors`, as far as they are given, or until
/// `deadline`, and says from which.
///
/// # Errors
///
/// Those of [`poll`].
pub fn readable<const N: usize>(
    descriptors: [Option<BorrowedFd<'_>>; N],
    deadline: Option<Instant>,
) -> io::Result<[bool; N]> {
    let watched = descriptors.iter().flatten();
    let mut interests: Vec<_> = watched
        .map(|fd| PollFd::new(*fd, PollFlags::POLLIN))
        .collect();
    poll(&mut interests, deadline)?;
    let mut found = interests
        .iter()
        .map(|interest| interest.any() == Some(true));
    Ok(descriptors.map(|descriptor| descriptor.is_some() && found.next() == Some(true)))
}

/// How much time is left until `deadline`.
pub fn until(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}
