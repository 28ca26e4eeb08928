//! The two ways to end a connection.
//!
//! *Finish* is the polite one: shut the sending side, read and discard until the client closes or
//! the linger time is over, then close. Closing at once would be wrong: if a socket still holds
//! unread input, the kernel closes it with a reset, which can destroy the reply on its way (RFC
//! 2525, 2.17).
//!
//! *Cut* is for a client that does not read: the output that waits for it is discarded.

use std::io;
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;

use nix::sys::socket::{MsgFlags, recv};
use socket2::SockRef;

/// How long a client has to close after the server has shut its sending side: 2 seconds.
///
/// The limit is a time: a limit in bytes would reset a client that sends more. nginx waits up to 30
/// seconds (lingering_time), and 5 for each new piece of input; Apache waits 2 for each, 30 in all.
pub const LINGER: Duration = Duration::from_secs(2);

/// Reads once, without waiting, and discards what a finished client still sends. Returns the number
/// of these bytes. `None` means that the client has closed or its connection is broken: there is
/// nothing more to wait for.
pub fn discard_input(socket: impl AsFd) -> Option<usize> {
    let mut scrap = [0; 4 * 1024];
    match recv(socket.as_fd().as_raw_fd(), &mut scrap, MsgFlags::MSG_DONTWAIT) {
        Ok(count) => (count > 0).then_some(count),
        Err(errno) => (io::Error::from(errno).kind() == io::ErrorKind::WouldBlock).then_some(0),
    }
}

/// Cuts a connection off: threads that wait for the socket wake up, unsent output is discarded when
/// the last descriptor is closed, and the client sees a reset.
///
/// Without SO_LINGER {1, 0}, the kernel would keep megabytes of output until the client reads.
pub fn cut(socket: impl AsFd) {
    let socket = SockRef::from(&socket);
    // Both calls fail only if the connection is gone already.
    let _ = socket.set_linger(Some(Duration::ZERO));
    let _ = socket.shutdown(Shutdown::Both);
}
