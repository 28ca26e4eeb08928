//! Pool: after accept(2) returns, give the client to a thread that is there already.
//!
//! The threads are workers: each takes a client from a queue, serves it to the end, and takes the
//! next one. To start a client costs no thread, and there are never more threads than workers.
//! A worker is busy as long as its client stays, also if the client says nothing. So a pool bounds
//! the number of conversations: further clients wait in the queue, and then in the backlog.

#![deny(unsafe_code)]

mod clients;
mod pool;
mod worker;

use std::io::{self, PipeReader, Read};
use std::net::TcpListener;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Instant;

use drivers::threads::{self, wake};
use nix::poll::PollFlags;
use protocol::{Event, Service};
use sockets::{Acceptor, Arrival, Limits, Stop, cut, poll, until};

use crate::clients::Clients;
use crate::pool::Pool;

/// Serves each client on the next free thread of the pool until `stop`, and then the remaining
/// clients until they have their answers.
///
/// # Errors
///
/// The server cannot wait for its descriptors, or cannot start a single worker. The failure of a
/// client is not an error of the server.
pub fn serve(
    listener: TcpListener,
    service: Service,
    limits: Limits,
    stop: Stop,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let limits = threads::limited(limits, &service);
    let (clients, departures) = Clients::new()?;
    let mut server = Server {
        acceptor: Acceptor::new(listener),
        pool: Pool::start(&service, limits, &clients, stop.flag())?,
        clients,
        departures,
        over_by: None,
        service,
        limits,
    };
    // ANCHOR: main_loop
    while !server.is_over() {
        for ready in server.wait(&stop)? {
            match ready {
                Ready::Stop => server.stop(),
                Ready::Ended => server.end_connections()?,
                Ready::Listener => server.new_connection(),
            }
        }
        server.keep_time();
    }
    // ANCHOR_END: main_loop
    server.acceptor.log_summary();
    server.pool.join();
    Ok(())
}

// ANCHOR: state
/// The data of the main thread.
struct Server {
    acceptor: Acceptor<TcpListener>,
    service: Service,
    limits: Limits,
    pool: Pool,
    /// All clients. The workers share this: each removes the client that it has served.
    clients: Arc<Clients>,
    /// Where the main thread reads that a client has left, if it has waited for that.
    departures: PipeReader,
    /// The deadline for all clients, once the server stops.
    over_by: Option<Instant>,
}
// ANCHOR_END: state

/// The things that the server can do now without waiting.
enum Ready {
    Stop,
    /// A client has left, so there is a place again.
    Ended,
    /// A client has connected.
    Listener,
}

impl Server {
    // ANCHOR: wait
    /// Waits until there is something to do.
    fn wait(&mut self, stop: &Stop) -> io::Result<Vec<Ready>> {
        let deadline = self.over_by.or(self.acceptor.paused_until());
        let is_full = self.clients.reach(self.most());
        let mut interests = Vec::new();
        match self.over_by {
            None => interests.push((Ready::Stop, stop.as_fd(), PollFlags::POLLIN)),
            // The last one has just left.
            Some(_) if !is_full => return Ok(Vec::new()),
            Some(_) => {}
        }
        interests.push((Ready::Ended, self.departures.as_fd(), PollFlags::POLLIN));
        if let Some(listener) = self.acceptor.listener().filter(|_| !is_full) {
            interests.push((Ready::Listener, listener.as_fd(), PollFlags::POLLIN));
        }
        poll(interests, deadline)
    }
    // ANCHOR_END: wait

    // ANCHOR: new_connection
    /// Puts the client that has just connected into the queue. The queue has a place for it:
    /// otherwise `wait` would not have looked at the listener.
    fn new_connection(&mut self) {
        let Some(Arrival { client, peer, stream }) = self.acceptor.accept() else {
            return;
        };
        let stream = Arc::new(stream);
        self.clients.insert(client, &stream);
        let _ = self.pool.queue.send(Arrival { client, peer, stream });
    }
    // ANCHOR_END: new_connection

    // ANCHOR: end_connections
    /// Reads that clients have left. `wait` then looks at their number again.
    fn end_connections(&mut self) -> io::Result<()> {
        self.departures.read(&mut [0; 64]).map(drop)
    }
    // ANCHOR_END: end_connections

    /// Stops accepting, and says goodbye to the clients.
    fn stop(&mut self) {
        self.over_by = Some(Instant::now() + self.limits.grace);
        self.acceptor.close();
        match self.service.has_room() {
            // A member stops only when its mailbox ends, since it has to hear the goodbye.
            true => drop(self.pool.hub.send(Event::Stop)),
            false => {
                let streams = self.clients.streams();
                wake(streams.iter().map(|stream| &**stream), &self.pool.workers);
            }
        }
    }

    /// Cuts off the remaining clients when the grace is over. Their workers wake up and go on.
    fn keep_time(&mut self) {
        if self.over_by.is_some_and(|over_by| until(over_by).is_zero()) {
            self.clients.streams().iter().for_each(cut);
            // A client is gone once its worker has said so. If one has not by then, the client is
            // cut off again.
            self.over_by = Some(Instant::now() + self.limits.grace);
        }
    }

    /// With how many clients the main thread waits for one to leave: with as many as there are workers
    /// and places in the queue; with any, once the server stops.
    fn most(&self) -> usize {
        match self.over_by {
            None => self.pool.workers.len() + self.limits.queue,
            Some(_) => 1,
        }
    }

    fn is_over(&self) -> bool {
        self.over_by.is_some() && self.clients.is_empty()
    }
}
