//! Uring: after accept(2) returns, order the kernel to receive, and hear when that is done.
//!
//! One thread holds the whole state in a table ([`drivers::table`]), as in the loops that wait for
//! readiness. But this loop calls neither accept(2), recv(2) nor send(2): it writes orders into a
//! ring that it shares with the kernel, and reads there what was done (io_uring(7)).
//! There is no other thread, so there is nothing to lock.

#![deny(unsafe_code)]

mod connection;
mod ring;
#[cfg(test)]
mod tests;

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::rc::Rc;

use drivers::table::Table;
use protocol::Service;
use sockets::{Acceptor, Arrival, Limits, Stop};

use crate::connection::RingConnection;
use crate::ring::{Done, Ring};

/// How many clients the server orders to accept at once.
const ACCEPTS: usize = 16;

/// Serves all clients in one loop until `stop`, and then the remaining clients until they have
/// their answers.
///
/// # Errors
///
/// The kernel refuses a ring, or the server cannot wait. The failure of a client is not an error of
/// the server.
pub fn serve(
    listener: TcpListener,
    service: Service,
    limits: Limits,
    stop: Stop,
) -> io::Result<()> {
    let ring = Rc::new(Ring::new(service.read_size())?);
    ring.watch(&stop);
    let mut server = Server {
        acceptor: Acceptor::new(Rc::new(listener)),
        table: Table::new(service, limits),
        ring,
        is_stopping: false,
        limits,
    };
    // ANCHOR: main_loop
    while !server.is_over() {
        for done in server.wait()? {
            match done {
                Done::Readable => server.stop(),
                Done::Received(client, Ok(input)) => server.table.received(client, Ok(&input)),
                Done::Received(client, Err(error)) => server.table.received(client, Err(error)),
                Done::Sent(client, Ok(())) => server.table.sent(client),
                Done::Sent(client, Err(error)) => server.table.lose(client, error),
                Done::Accepted(accepted) => server.new_connection(accepted),
            }
        }
        server.table.turn();
        server.order();
    }
    // ANCHOR_END: main_loop
    server.acceptor.log_summary();
    Ok(())
}

// ANCHOR: state
/// The whole state of the server, except for the orders that are under way.
struct Server {
    acceptor: Acceptor<Rc<TcpListener>>,
    limits: Limits,
    table: Table<RingConnection>,
    ring: Rc<Ring>,
    is_stopping: bool,
}
// ANCHOR_END: state

impl Server {
    // ANCHOR: wait
    /// Gives the kernel the orders, and waits until one is done.
    fn wait(&mut self) -> io::Result<Vec<Done>> {
        let deadline = [self.table.deadline(), self.acceptor.paused_until()];
        let deadline = deadline.into_iter().flatten().min();
        self.order_accepts();
        self.ring.wait(deadline)
    }
    // ANCHOR_END: wait

    // ANCHOR: order
    /// Orders to receive from each client that the server listens to from this turn on, and from
    /// each that has sent something.
    fn order(&mut self) {
        for change in self.table.changes() {
            if change.now.read {
                change.connection.receive();
            }
        }
    }
    // ANCHOR_END: order

    /// Orders to accept as many clients as the server can take, but not all at once.
    fn order_accepts(&mut self) {
        let room = self.limits.max_clients.saturating_sub(self.table.len());
        if let Some(listener) = self.acceptor.listener() {
            for _ in self.ring.accepts()..room.min(ACCEPTS) {
                self.ring.accept(listener);
            }
        }
    }

    // ANCHOR: new_connection
    /// Gives a place in the table to the client that has just connected.
    fn new_connection(&mut self, accepted: io::Result<(TcpStream, SocketAddr)>) {
        if let Some(Arrival { client, peer, stream }) = self.acceptor.admit(accepted) {
            let stream = RingConnection::new(&self.ring, client, stream);
            self.table.new_connection(Arrival { client, peer, stream });
        }
    }
    // ANCHOR_END: new_connection

    /// Stops accepting, and says goodbye to the clients.
    fn stop(&mut self) {
        self.is_stopping = true;
        if let Some(listener) = self.acceptor.open_listener() {
            self.ring.cancel(listener);
        }
        self.acceptor.close();
        self.table.stop();
    }

    fn is_over(&self) -> bool {
        self.is_stopping && self.table.is_empty()
    }
}
