//! A worker: a process that accepts clients, and serves one after another.

use std::io;
use std::net::TcpStream;

use drivers::blocking::{Buffer, Connection, converse};
use drivers::catch_panic;
use drivers::children::{Newborn, exit_at_once};
use drivers::link;
use protocol::Service;
use socket2::Socket;
use sockets::{Acceptor, Arrival, Limits, Stop, StopFlag, log_end};
use tracing::error;

use crate::join;
use crate::scoreboard::Scoreboard;
use crate::share::{Listeners, Next};

/// The data that a worker needs.
pub(crate) struct Worker {
    pub(crate) number: usize,
    pub(crate) newborn: Newborn,
    pub(crate) listeners: Listeners,
    pub(crate) scoreboard: Scoreboard,
    /// The socket on which it passes the links of members to the parent.
    pub(crate) links: Socket,
    pub(crate) service: Service,
    pub(crate) limits: Limits,
}

/// The name of the worker in this place, for `ps` and the log.
pub(crate) fn name(place: usize) -> String {
    format!("worker-{}", place + 1)
}

impl Worker {
    /// Serves clients until the server stops, and exits at once.
    pub(crate) fn run(self, stop: Stop) -> ! {
        let name = name(self.number);
        let ended = catch_panic(|| self.work(stop));
        if let Err(error) = &ended {
            error!("{name} cannot go on: {error}");
        }
        exit_at_once(ended.is_err().into())
    }

    // ANCHOR: work
    /// Accepts a client, serves it to the end, and accepts the next one.
    fn work(self, stop: Stop) -> io::Result<()> {
        let Worker { number, newborn, listeners, scoreboard, links, service, limits } = self;
        let stop = newborn.settle(&name(number), stop)?;
        let door = listeners.of_worker(number)?;
        let mut acceptor = Acceptor::counted_by((), scoreboard.count());
        let mut buffer = Buffer::new(service.read_size());
        while !stop.is_raised() {
            let arrival = match door.next(&mut acceptor)? {
                Next::Client(arrival) => arrival,
                Next::Nobody => continue,
                Next::Stop => break,
            };
            // The signal came while it slept in accept(2), which goes on after a signal: this is its
            // last client. (If the server stopped, the listener would have ended before.)
            let is_last = stop.is_raised() && door.is_open();
            if is_last {
                stop.lower();
            }
            let client = arrival.client;
            scoreboard.begin(number, client);
            let ended = catch_panic(|| {
                serve_client(arrival, &service, &limits, &links, &stop, &mut buffer)
            });
            scoreboard.take(number);
            log_end(client, &ended);
            if is_last {
                break;
            }
        }
        Ok(())
    }
    // ANCHOR_END: work
}

// ANCHOR: serve
/// Serves a client to the end.
fn serve_client(
    Arrival { client, peer, stream }: Arrival<TcpStream>,
    service: &Service,
    limits: &Limits,
    links: &Socket,
    stop: &StopFlag,
    buffer: &mut Buffer,
) -> io::Result<()> {
    let mut session = service.session(client);
    let session = session.as_mut();
    if !service.has_room() {
        let _woken = stop.wakes(&stream);
        return converse(Connection::new(&stream, limits, stop), session, buffer);
    }
    let link = join::pass(links, client, peer)?;
    // A member stops only when its link ends, since it has to hear the goodbye.
    let never = StopFlag::default();
    let connection = Connection::new(&stream, limits, &never);
    link::converse(&stream, connection, session, buffer, limits, link)
}
// ANCHOR_END: serve
