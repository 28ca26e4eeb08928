//! One turn of a loop.

// ANCHOR: readable
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;

use nix::sys::select::{FD_SETSIZE, FdSet, select};
use nix::sys::time::{TimeVal, TimeValLike};

/// Waits until some of these are readable, for at most `patience`, and returns their indices.
///
/// # Errors
///
/// Errors of select(2); or a descriptor does not fit into a set.
pub fn readable(sockets: &[impl AsFd], patience: Duration) -> io::Result<Vec<usize>> {
    let mut set = FdSet::new();
    for socket in sockets {
        if socket.as_fd().as_raw_fd() >= FD_SETSIZE as i32 {
            return Err(io::Error::other("a descriptor does not fit"));
        }
        set.insert(socket.as_fd());
    }
    let mut timeout = TimeVal::milliseconds(patience.as_millis() as i64);
    select(None, &mut set, None, None, &mut timeout)?;
    let ready = |place: &usize| set.contains(sockets[*place].as_fd());
    Ok((0..sockets.len()).filter(ready).collect())
}
// ANCHOR_END: readable

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn exactly_the_readable_sockets_are_found() {
        let pairs: Vec<_> = (0..4).map(|_| UnixStream::pair().unwrap()).collect();
        let ours: Vec<_> = pairs.iter().map(|(ours, _)| ours).collect();
        assert!(readable(&ours, Duration::ZERO).unwrap().is_empty());
        for place in [1, 3] {
            (&pairs[place].1).write_all(b"x").unwrap();
        }
        assert_eq!(readable(&ours, Duration::from_secs(30)).unwrap(), [1, 3]);
    }

    #[test]
    fn an_end_is_readable_too() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        drop(theirs);
        assert_eq!(readable(&[ours], Duration::from_secs(30)).unwrap(), [0]);
    }
}
