//! The number of descriptors that a program may have open.

use std::io;
use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Raises the soft limit of open descriptors to the hard one, and returns it (getrlimit(2),
/// RLIMIT_NOFILE). The soft limit is low only for the sake of programs that use select(2).
///
/// # Errors
///
/// The limit could not be read or raised.
pub fn raise_descriptor_limit() -> io::Result<usize> {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
    Ok(usize::try_from(hard).unwrap_or(usize::MAX))
}

/// How many descriptors a server needs besides its listener: for waiting, for a client, and for the
/// client's link.
const NEEDED: usize = 12;

/// Checks that as many descriptors are left as a server needs: otherwise it would say that it
/// listens, and then end.
///
/// # Errors
///
/// There are fewer. The text says how many.
pub(crate) fn expect_descriptors(any: &impl AsFd) -> io::Result<()> {
    let copies = || any.as_fd().try_clone_to_owned();
    let taken: Vec<_> = (0..NEEDED).map_while(|_| copies().ok()).collect();
    if taken.len() == NEEDED {
        return Ok(());
    }
    let (left, why) = (taken.len(), Errno::EMFILE.desc());
    Err(io::Error::other(format!(
        "cannot serve: {why}: {left} more can be opened, and a server needs {NEEDED}; \
         ulimit -n shows the limit, and raises it"
    )))
}
