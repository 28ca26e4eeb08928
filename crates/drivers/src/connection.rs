use std::io::{self, ErrorKind, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;

use protocol::Queue;
use sockets::write_queue;

/// A client's connection, as the [`Table`](crate::table::Table) uses it.
///
/// A loop that waits for readiness has the socket itself: a send is a call, and the socket takes what
/// it has room for. A loop that waits for completions has a type of its own: there, a send is an
/// order, which takes everything, and whose bytes leave later.
pub trait Connection: AsFd {
    /// Prepares it for the loop, before anything else.
    ///
    /// # Errors
    ///
    /// The system refuses.
    fn open(&mut self) -> io::Result<()>;

    /// Sends the beginning of `bytes`, and returns how many of them it took.
    ///
    /// # Errors
    ///
    /// The connection is broken.
    fn send(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Sends the first lines of a queue. Lines that it does not take stay there.
    ///
    /// # Errors
    ///
    /// The connection is broken.
    fn send_queue(&mut self, queue: &mut Queue) -> io::Result<()>;

    /// Whether all bytes that it took have left. If not, the loop hears of the end
    /// ([`Table::sent`](crate::table::Table::sent)).
    fn has_sent(&self) -> bool;

    /// Shuts its sending side.
    ///
    /// # Errors
    ///
    /// The connection is broken.
    fn finish(&mut self) -> io::Result<()>;
}

/// The socket of a loop that waits for readiness: no call on it may block.
impl Connection for TcpStream {
    fn open(&mut self) -> io::Result<()> {
        self.set_nonblocking(true)
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.write(bytes) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
            result => result,
        }
    }

    fn send_queue(&mut self, queue: &mut Queue) -> io::Result<()> {
        write_queue(self, queue)
    }

    /// The bytes that a socket takes have left, as far as a program can know.
    fn has_sent(&self) -> bool {
        true
    }

    fn finish(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}
