//! The two ways to end a connection.
//!
//! *Finish* is the polite one: shut the sending side, read and discard until the client closes or
//! the linger time is over, then close. Closing at once would not do: a socket that still holds
//! unread input is closed by a reset, which can destroy the reply on its way (RFC 2525, 2.17).
//!
//! *Cut* is for the client that does not read: what waits for it is thrown away.

use std::io;
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;

use nix::sys::socket::{MsgFlags, recv};
use socket2::SockRef;

/// How long a client has to close after the server has shut its sending side: 2 seconds.
///
/// Time alone is the bound: a limit in bytes would reset whoever types more. nginx waits up to 30
/// seconds (lingering_time), and 5 for each new piece of input; Apache waits 2 for each, 30 in all.
pub const LINGER: Duration = Duration::from_secs(2);

/// Reads once, without waiting, what a finished client still sends, and discards it. `false` means
/// that it has closed or that its connection is broken: there is nothing more to wait for.
pub fn discard_input(socket: impl AsFd) -> bool {
    let mut scrap = [0; 4 * 1024];
    match recv(socket.as_fd().as_raw_fd(), &mut scrap, MsgFlags::MSG_DONTWAIT) {
        Ok(count) => count > 0,
        Err(errno) => io::Error::from(errno).kind() == io::ErrorKind::WouldBlock,
    }
}

/// Cuts a connection off: whoever waits for the socket is woken, what the client has not been sent
/// is thrown away when the last descriptor is closed, and the client sees a reset.
///
/// Without SO_LINGER {1, 0} megabytes would stay behind in the kernel, until the client reads.
pub fn cut(socket: impl AsFd) {
    let socket = SockRef::from(&socket);
    // Both fail only where the connection is gone already.
    let _ = socket.set_linger(Some(Duration::ZERO));
    let _ = socket.shutdown(Shutdown::Both);
}
