//! Poll: after accept(2) returns, remember the client, and wait for all of them at once.
//!
//! One thread holds the whole state in a table ([`drivers::table`]).
//! No call may block, so the server reads only from sockets that poll(2) reports as readable.
//! There is no other thread, so there is nothing to lock.

#![forbid(unsafe_code)]

use std::io;
use std::net::TcpListener;
use std::os::fd::AsFd;

use drivers::table::Table;
use nix::poll::PollFlags;
use protocol::{ClientId, Service};
use sockets::{Acceptor, Limits, Stop, poll};

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
    /// Each turn makes the list from the table. A client that the server waits for in no way is
    /// left out: poll(2) reports errors and hang-ups even if nobody asks for them.
    fn wait(&mut self, stop: &Stop) -> io::Result<Vec<Ready>> {
        let deadline = [self.table.deadline(), self.acceptor.paused_until()];
        let deadline = deadline.into_iter().flatten().min();
        let is_full = self.table.len() >= self.limits.max_clients;
        let listener = self.acceptor.listener().filter(|_| !is_full);

        let mut interests = Vec::with_capacity(self.table.len() + 2);
        if !self.is_stopping {
            interests.push((Ready::Stop, stop.as_fd(), PollFlags::POLLIN));
        }
        for (client, socket, interest) in self.table.interests() {
            if interest.read {
                interests.push((Ready::Readable(client), socket, PollFlags::POLLIN));
            }
            if interest.write {
                interests.push((Ready::Writable(client), socket, PollFlags::POLLOUT));
            }
        }
        if let Some(listener) = listener {
            interests.push((Ready::Listener, listener.as_fd(), PollFlags::POLLIN));
        }
        poll(interests, deadline)
    }
    // ANCHOR_END: wait

    // ANCHOR: new_connection
    /// Gives a place in the table to the client that has just connected.
    fn new_connection(&mut self) {
        if let Some(arrival) = self.acceptor.accept() {
            self.table.new_connection(arrival);
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
