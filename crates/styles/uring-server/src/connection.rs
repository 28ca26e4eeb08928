//! A client's connection in a ring: its bytes leave by orders.

use std::cell::Cell;
use std::io;
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::rc::Rc;

use drivers::table::Connection;
use protocol::{ClientId, Line, Queue};
use sockets::WRITE_SIZE;

use crate::ring::Ring;

/// A client's socket. It is closed when its connection is gone and its last order has its
/// completion: until then, each order has a share of it.
pub(crate) struct Socket {
    pub(crate) client: ClientId,
    pub(crate) stream: TcpStream,
    pub(crate) is_receiving: Cell<bool>,
    pub(crate) is_sending: Cell<bool>,
}

/// A connection of the table.
pub(crate) struct RingConnection {
    ring: Rc<Ring>,
    socket: Rc<Socket>,
}

impl RingConnection {
    pub(crate) fn new(ring: &Rc<Ring>, client: ClientId, stream: TcpStream) -> RingConnection {
        let (is_receiving, is_sending) = Default::default();
        let socket = Rc::new(Socket { client, stream, is_receiving, is_sending });
        RingConnection { ring: Rc::clone(ring), socket }
    }

    /// Orders to receive, if that is not under way.
    pub(crate) fn receive(&self) {
        if !self.socket.is_receiving.get() {
            self.ring.receive(&self.socket);
        }
    }
}

impl Connection for RingConnection {
    /// Its socket stays as it is: the kernel waits for it, and this thread never does.
    fn open(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.has_sent() {
            return Ok(0);
        }
        self.ring.send(&self.socket, Line::from(bytes));
        Ok(bytes.len())
    }

    // ANCHOR: send_queue
    /// Sends many lines by one order. While that is under way, the others wait: the kernel does not
    /// promise to carry out two orders in their order.
    fn send_queue(&mut self, queue: &mut Queue) -> io::Result<()> {
        if self.has_sent() {
            self.ring.send(&self.socket, queue.take(WRITE_SIZE).joined());
        }
        Ok(())
    }
    // ANCHOR_END: send_queue

    fn has_sent(&self) -> bool {
        !self.socket.is_sending.get()
    }

    fn finish(&mut self) -> io::Result<()> {
        self.socket.stream.shutdown(Shutdown::Write)
    }
}

impl AsFd for RingConnection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.stream.as_fd()
    }
}

/// The orders that are under way end, and then the socket is closed.
impl Drop for RingConnection {
    fn drop(&mut self) {
        if self.socket.is_receiving.get() || self.socket.is_sending.get() {
            self.ring.cancel(&self.socket.stream);
        }
    }
}
