//! Fork: after accept(2) returns, fork a process that serves this client to the end.
//!
//! The code of a child reads like the iterative server, and it may block. If a child crashes, no
//! other client is harmed: the kernel isolates the processes from each other.
//! So everything that the clients share has to be carried: the parent owns the room, and a socket
//! pair links each member's child to it (see `drivers::relay`).
//! The parent always has one thread. A child gets a copy of the thread that forked and of no other
//! thread, so a lock that another thread held would stay locked in the child forever.

#![deny(unsafe_code)]

mod child;

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::mem;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, RawFd};
use std::os::unix::net::UnixStream;
use std::time::Instant;

use drivers::blocking::Buffer;
use drivers::children::{Forked, deaths, describe, fork_child, reap};
use drivers::link::{ChildEnd, Link, link};
use drivers::relay::Relay;
use nix::poll::PollFlags;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, close};
use protocol::{ClientId, Service};
use sockets::{Acceptor, Arrival, Limits, Stop, poll, until};
use tracing::{info, warn};

use crate::child::Child;

/// Serves each client in a process of its own until `stop`, and then the remaining clients until
/// they have their answers.
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
    let (deaths, handlers_end) = deaths()?;
    let mut server = Server {
        acceptor: Acceptor::new(listener),
        relay: Relay::default(),
        processes: BTreeMap::new(),
        deaths,
        handlers_end,
        over_by: None,
        buffer: Buffer::new(service.read_size()),
        service,
        limits,
    };
    // ANCHOR: main_loop
    while !server.is_over() {
        for ready in server.wait(&stop)? {
            match ready {
                Ready::Stop => server.stop(),
                Ready::Deaths => server.end_connections(),
                Ready::Link(client) => server.relay.receive(client),
                Ready::Listener => {
                    if let Some(child) = server.new_connection() {
                        // This is the child.
                        server.close_inherited();
                        child.run(stop);
                    }
                }
            }
        }
        server.turn();
        server.keep_time();
    }
    // ANCHOR_END: main_loop
    server.acceptor.log_summary();
    Ok(())
}

// ANCHOR: state
/// The data of the parent.
struct Server {
    acceptor: Acceptor<TcpListener>,
    service: Service,
    limits: Limits,
    /// The room, and the links to its members.
    relay: Relay,
    /// The children, and the client of each, until they are reaped. After that, another process may
    /// get the number.
    processes: BTreeMap<Pid, ClientId>,
    /// A byte for each SIGCHLD: a signal handler may do very little, so it writes to the other end,
    /// and owns that.
    deaths: UnixStream,
    handlers_end: RawFd,
    /// The deadline for all clients, once the server stops.
    over_by: Option<Instant>,
    /// The buffer that each child inherits. If a child made one, the allocator would tidy up the heap
    /// for it, and write to many of the pages that the child shares with its parent.
    buffer: Buffer,
}
// ANCHOR_END: state

/// The things that the server can do now without waiting.
enum Ready {
    Stop,
    /// Children have died.
    Deaths,
    /// A member's child has sent something, or can be sent something.
    Link(ClientId),
    /// A client has connected.
    Listener,
}

impl Server {
    // ANCHOR: wait
    /// Waits until there is something to do.
    fn wait(&mut self, stop: &Stop) -> io::Result<Vec<Ready>> {
        let deadlines = [self.over_by, self.acceptor.paused_until(), self.relay.deadline()];
        let is_full = self.processes.len() >= self.limits.max_clients;
        let mut interests = Vec::new();
        if self.over_by.is_none() {
            interests.push((Ready::Stop, stop.as_fd(), PollFlags::POLLIN));
        }
        interests.push((Ready::Deaths, self.deaths.as_fd(), PollFlags::POLLIN));
        for (client, link, flags) in self.relay.interests() {
            interests.push((Ready::Link(client), link, flags));
        }
        if let Some(listener) = self.acceptor.listener().filter(|_| !is_full) {
            interests.push((Ready::Listener, listener.as_fd(), PollFlags::POLLIN));
        }
        poll(interests, deadlines.into_iter().flatten().min())
    }
    // ANCHOR_END: wait

    // ANCHOR: new_connection
    /// Forks a process for the client that has just connected. In that process, returns the child's
    /// work.
    fn new_connection(&mut self) -> Option<Child> {
        // The link comes before accept(2): if no descriptors are left for it, the client waits in
        // the backlog, as it does if none is left for its connection.
        let link = match self.service.has_room().then(link).transpose() {
            Ok(link) => link,
            Err(error) => {
                self.acceptor.admit::<TcpStream>(Err(error));
                return None;
            }
        };
        let arrival = self.acceptor.accept()?;
        let client = arrival.client;
        self.start(arrival, link).unwrap_or_else(|error| {
            warn!("{client} refused: cannot start a process: {error}");
            self.relay.leave(client);
            None
        })
    }
    // ANCHOR_END: new_connection

    // ANCHOR: start
    fn start(
        &mut self,
        Arrival { client, peer, stream }: Arrival<TcpStream>,
        link: Option<(Link, ChildEnd)>,
    ) -> io::Result<Option<Child>> {
        let link = link.map(|(link, child_end)| {
            self.relay.join(client, peer, link);
            child_end
        });
        match fork_child()? {
            Forked::Parent(process) => {
                self.processes.insert(process, client);
                Ok(None)
            }
            Forked::Child(newborn) => {
                let (service, limits) = (self.service.clone(), self.limits);
                let buffer = mem::take(&mut self.buffer);
                Ok(Some(Child { client, stream, service, buffer, limits, link, newborn }))
            }
        }
    }
    // ANCHOR_END: start

    // ANCHOR: close_inherited
    /// Closes what a child has inherited and does not need: a copy of a sibling's link would keep that
    /// link open. Signals are blocked, so no handler runs meanwhile.
    fn close_inherited(self) {
        let _ = close(self.handlers_end);
        // The list of children holds no descriptors, and the child does not free it. To free memory is
        // to write to it, and the kernel copies each page to which a child writes.
        mem::forget(self.processes);
    }
    // ANCHOR_END: close_inherited

    // ANCHOR: turn
    /// Lets the room pass on its talk, and kills the processes of members that are too slow,
    /// whatever they are doing.
    fn turn(&mut self) {
        // The link lives until the child is dead: a child whose link ends would cut the client off
        // itself.
        for (client, _link) in self.relay.turn() {
            let mut processes = self.processes.iter();
            if let Some((&process, _)) = processes.find(|(_, other)| **other == client) {
                info!("{client} is cut off: killing process {process}");
                let _ = kill(process, Signal::SIGKILL);
            }
        }
    }
    // ANCHOR_END: turn

    // ANCHOR: end_connections
    /// Reaps the children that have died. Several deaths may come as one signal, so it reaps until
    /// no dead child is left: one wait per signal would leave zombies behind.
    fn end_connections(&mut self) {
        let mut scrap = [0; 64];
        while self.deaths.read(&mut scrap).is_ok_and(|count| count > 0) {}
        while let Some((process, status)) = reap() {
            // An unknown child had another parent that has ended: PID 1 inherits such children.
            let Some(client) = self.processes.remove(&process) else { continue };
            match status.code() {
                Some(_) => info!("process {process} of {client} {}", describe(status)),
                None => warn!("{client} was lost: its process {process} {}", describe(status)),
            }
        }
    }
    // ANCHOR_END: end_connections

    // ANCHOR: stop
    /// Stops accepting, and says goodbye to the clients.
    fn stop(&mut self) {
        self.over_by = Some(Instant::now() + self.limits.grace);
        self.acceptor.close();
        self.relay.stop();
        self.signal(Signal::SIGTERM);
    }
    // ANCHOR_END: stop

    /// Kills the remaining children when the grace is over.
    fn keep_time(&mut self) {
        if self.over_by.is_some_and(|over_by| until(over_by).is_zero()) {
            self.signal(Signal::SIGKILL);
            // A child is gone once it is reaped. If one is not by then, it is killed again.
            self.over_by = Some(Instant::now() + self.limits.grace);
        }
    }

    /// Sends a signal to all children. Their numbers are still valid: only this process reaps them,
    /// and it forgets each number when it does.
    fn signal(&self, signal: Signal) {
        for &process in self.processes.keys() {
            let _ = kill(process, signal);
        }
    }

    fn is_over(&self) -> bool {
        self.over_by.is_some() && self.processes.is_empty() && self.relay.is_over()
    }
}
