//! Select: after accept(2) returns, remember the client, and wait for all of them at once.
//!
//! One thread holds the whole state in a table ([`drivers::table`]).
//! No call may block, so the server reads only from sockets that select(2) reports as readable.
//! There is no other thread, so there is nothing to lock.

#![forbid(unsafe_code)]

use std::io;
use std::net::TcpListener;
use std::os::fd::{AsFd, AsRawFd};
use std::time::{Duration, Instant};

use drivers::table::Table;
use nix::sys::select::{FD_SETSIZE, FdSet, select};
use nix::sys::time::{TimeVal, TimeValLike};
use protocol::{ClientId, Service};
use sockets::{Acceptor, Limits, Stop, until, wait_out};
use tracing::warn;

/// Serves all clients in one loop until `stop`, and then the remaining clients until they have
/// their answers.
///
/// # Errors
///
/// The server cannot wait for its descriptors. The failure of a client is not an error of the
/// server.
pub fn serve(
    listener: TcpListener,
    service: Service,
    limits: Limits,
    stop: Stop,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    if !fits(&listener) || !fits(&stop) {
        return Err(io::Error::other("too many descriptors are open already for select(2)"));
    }
    let mut server = Server {
        acceptor: Acceptor::new(listener),
        table: Table::new(service, limits),
        is_stopping: false,
        limits,
    };
    // ANCHOR: main_loop
    while !server.is_over() {
        for ready in server.wait(&stop)? {
            match ready {
                Ready::Stop => server.stop(),
                Ready::Readable(client) => server.table.receive(client),
                Ready::Writable(client) => server.table.unblock(client),
                Ready::Listener => server.new_connection(),
            }
        }
        server.table.turn();
    }
    // ANCHOR_END: main_loop
    server.acceptor.log_summary();
    Ok(())
}

// ANCHOR: state
/// The whole state of the server.
struct Server {
    acceptor: Acceptor<TcpListener>,
    limits: Limits,
    table: Table,
    is_stopping: bool,
}
// ANCHOR_END: state

/// The things that the server can do now without waiting.
enum Ready {
    Stop,
    /// A client has sent something.
    Readable(ClientId),
    /// A client takes more of the output that waits for it.
    Writable(ClientId),
    /// A client has connected.
    Listener,
}

impl Server {
    // ANCHOR: wait
    /// Waits until there is something to do.
    ///
    /// Each turn makes the sets from the table: select(2) overwrites them with its answer, and a
    /// copy kept aside would have to be kept up to date.
    fn wait(&mut self, stop: &Stop) -> io::Result<Vec<Ready>> {
        let deadline = [self.table.deadline(), self.acceptor.paused_until()];
        let mut timeout = deadline.into_iter().flatten().min().map(time_left);
        let is_full = self.table.len() >= self.limits.max_clients;
        let listener = self.acceptor.listener().filter(|_| !is_full);

        let (mut readable, mut writable) = (FdSet::new(), FdSet::new());
        let mut highest = stop.as_fd().as_raw_fd();
        if !self.is_stopping {
            readable.insert(stop.as_fd());
        }
        for (_, socket, interest) in self.table.interests() {
            highest = highest.max(socket.as_raw_fd());
            if interest.read {
                readable.insert(socket);
            }
            if interest.write {
                writable.insert(socket);
            }
        }
        if let Some(listener) = listener {
            highest = highest.max(listener.as_raw_fd());
            readable.insert(listener.as_fd());
        }
        let count = highest + 1;
        if let Err(errno) = select(count, &mut readable, &mut writable, None, timeout.as_mut()) {
            wait_out(errno)?;
            return Ok(Vec::new());
        }

        let mut ready = Vec::new();
        if readable.contains(stop.as_fd()) {
            ready.push(Ready::Stop);
        }
        for (client, socket, _) in self.table.interests() {
            if readable.contains(socket) {
                ready.push(Ready::Readable(client));
            }
            if writable.contains(socket) {
                ready.push(Ready::Writable(client));
            }
        }
        if listener.is_some_and(|listener| readable.contains(listener.as_fd())) {
            ready.push(Ready::Listener);
        }
        Ok(ready)
    }
    // ANCHOR_END: wait

    // ANCHOR: new_connection
    /// Gives a place in the table to the client that has just connected.
    fn new_connection(&mut self) {
        match self.acceptor.accept() {
            Some(arrival) if fits(&arrival.stream) => self.table.new_connection(arrival),
            Some(arrival) => {
                warn!("{} refused: select(2) cannot watch its descriptor", arrival.client);
            }
            None => {}
        }
    }
    // ANCHOR_END: new_connection

    /// Stops accepting, and says goodbye to the clients.
    fn stop(&mut self) {
        self.is_stopping = true;
        self.acceptor.close();
        self.table.stop();
    }

    fn is_over(&self) -> bool {
        self.is_stopping && self.table.is_empty()
    }
}

// ANCHOR: fits
/// Whether a descriptor fits into a set: `FdSet` panics if it does not.
fn fits(descriptor: impl AsFd) -> bool {
    descriptor.as_fd().as_raw_fd() < FD_SETSIZE as i32
}
// ANCHOR_END: fits

fn time_left(deadline: Instant) -> TimeVal {
    // Rounded up: if a wait ended too early, the loop would wait again and again.
    let left = until(deadline) + Duration::from_nanos(999);
    TimeVal::microseconds(i64::try_from(left.as_micros()).unwrap_or(i64::MAX))
}
