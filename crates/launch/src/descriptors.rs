//! How many descriptors a program may have open.

use std::io;

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
