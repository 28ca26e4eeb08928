use std::io;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollTimeout};

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

/// How much time is left until `deadline`.
pub fn until(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}
