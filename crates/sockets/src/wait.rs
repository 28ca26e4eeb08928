use std::io;
use std::os::fd::BorrowedFd;
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout};
use tracing::warn;

use crate::ACCEPT_PAUSE;
use crate::seldom::Seldom;

// ANCHOR: poll
/// Waits until a descriptor of `interests` is ready, or until `deadline`, and returns the names of
/// the ready ones, in order (poll(2)).
///
/// A signal ends the wait as well, with nothing ready: the caller checks everything again. So does
/// a lack of memory, after a pause ([`wait_out`]). If there are more descriptors than this process
/// may open, it waits for them in parts: the limit may have been lowered since they were opened.
///
/// # Errors
///
/// The errors of poll(2) that do not pass by themselves.
pub fn poll<'fd, T>(
    interests: impl IntoIterator<Item = (T, BorrowedFd<'fd>, PollFlags)>,
    deadline: Option<Instant>,
) -> io::Result<Vec<T>> {
    let named = interests.into_iter().map(|(name, fd, flags)| (name, PollFd::new(fd, flags)));
    let (names, mut descriptors): (Vec<T>, Vec<PollFd<'_>>) = named.unzip();
    if let Err(errno) = poll_in_parts(&mut descriptors, timeout(deadline)) {
        wait_out(errno)?;
        return Ok(Vec::new());
    }
    let ready = names.into_iter().zip(descriptors).filter(|(_, fd)| fd.any() == Some(true));
    Ok(ready.map(|(name, _)| name).collect())
}
// ANCHOR_END: poll

/// The time that is left until `deadline`, as poll(2) and epoll_wait(2) take it: in milliseconds.
/// Without a deadline they wait until a descriptor is ready.
pub fn timeout(deadline: Option<Instant>) -> PollTimeout {
    deadline.map_or(PollTimeout::NONE, |deadline| {
        // Rounded up: if a wait ended too early, the loop would wait again and again.
        let left = until(deadline) + Duration::from_micros(999);
        PollTimeout::try_from(left.as_millis()).unwrap_or(PollTimeout::MAX)
    })
}

/// How long to wait for the second part of the descriptors, while the first is not watched: 10 ms.
const PART: u8 = 10;

/// Polls all descriptors at once or, if there are more of them than RLIMIT_NOFILE allows (EINVAL),
/// one half after the other. Returns how many are ready.
fn poll_in_parts(descriptors: &mut [PollFd<'_>], timeout: PollTimeout) -> nix::Result<i32> {
    match nix::poll::poll(descriptors, timeout) {
        Err(Errno::EINVAL) if descriptors.len() > 1 => {
            static WARNING: Seldom = Seldom::new();
            if WARNING.is_due() {
                let count = descriptors.len();
                warn!(
                    "{count} descriptors are open, more than the limit allows to wait for at once"
                );
            }
            let (first, second) = descriptors.split_at_mut(descriptors.len() / 2);
            let ready = poll_in_parts(first, PollTimeout::ZERO)?;
            let waits = ready == 0 && timeout != PollTimeout::ZERO;
            let wait = if waits { PART.into() } else { PollTimeout::ZERO };
            Ok(ready + poll_in_parts(second, wait)?)
        }
        result => result,
    }
}

/// Waits out a failure of poll(2) or select(2) that passes by itself: a signal is over already
/// (EINTR), and memory may be free again after a pause (ENOMEM, EAGAIN). It warns at most once a
/// second.
///
/// # Errors
///
/// The failure, if it does not pass.
pub fn wait_out(errno: Errno) -> io::Result<()> {
    static WARNING: Seldom = Seldom::new();
    match errno {
        Errno::EINTR => Ok(()),
        Errno::ENOMEM | Errno::EAGAIN => {
            if WARNING.is_due() {
                warn!("cannot wait for now: {errno}");
            }
            thread::sleep(ACCEPT_PAUSE);
            Ok(())
        }
        errno => Err(errno.into()),
    }
}

/// The time that is left until `deadline`.
pub fn until(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}
