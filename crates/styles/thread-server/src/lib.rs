//! Thread: after accept(2) returns, start a thread that serves this client to the end.
//!
//! The code of a thread reads like the iterative server, and it may block. All threads share one
//! memory, so the code has to say how they use it together: a post goes to the hub's thread through
//! a channel, and a line comes back through a queue under a lock (see `drivers::threads`).
//! The main thread accepts, and joins each thread that ends, as a parent waits for its children.

#![deny(unsafe_code)]

use std::collections::BTreeMap;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Instant;

use crossbeam_channel::{Sender, bounded};
use drivers::blocking::{Buffer, Connection, converse};
use drivers::threads::{self, EVENTS, Mailbox, Membership, STACK, hear_wake_ups, start_hub, wake};
use drivers::{catch_panic, panicked};
use nix::poll::PollFlags;
use protocol::{ClientId, Event, Service};
use sockets::{Acceptor, Arrival, Limits, Stop, StopFlag, cut, log_end, poll, until};
use tracing::warn;

/// Serves each client on a thread of its own until `stop`, and then the remaining clients until
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
    let limits = threads::limited(limits, &service);
    hear_wake_ups()?;
    let (ended, at_end) = io::pipe()?;
    let (hub, events) = bounded(EVENTS);
    let hub_thread = service.has_room().then(|| start_hub(events)).transpose()?;
    let mut server = Server {
        acceptor: Acceptor::new(listener),
        hub,
        threads: BTreeMap::new(),
        ended,
        at_end: Arc::new(at_end),
        over_by: None,
        service,
        limits,
        stop: stop.flag().clone(),
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
    // This drops the last sender to the hub, so the hub's thread ends.
    drop(server);
    let _ = hub_thread.map(JoinHandle::join);
    Ok(())
}

// ANCHOR: state
/// The data of the main thread. None of it is shared.
struct Server {
    acceptor: Acceptor<TcpListener>,
    service: Service,
    limits: Limits,
    hub: Sender<Event<Mailbox>>,
    threads: BTreeMap<ClientId, Thread>,
    /// When a thread ends, it writes its client's number to `at_end`, and the main thread reads it
    /// here.
    ended: PipeReader,
    at_end: Arc<PipeWriter>,
    stop: StopFlag,
    /// The deadline for all clients, once the server stops.
    over_by: Option<Instant>,
}

/// A thread, and the connection that it serves.
struct Thread {
    stream: Arc<TcpStream>,
    handle: JoinHandle<io::Result<()>>,
}
// ANCHOR_END: state

/// The things that the server can do now without waiting.
enum Ready {
    Stop,
    /// Threads have ended.
    Ended,
    /// A client has connected.
    Listener,
}

impl Server {
    // ANCHOR: wait
    /// Waits until there is something to do.
    fn wait(&mut self, stop: &Stop) -> io::Result<Vec<Ready>> {
        let deadline = self.over_by.or(self.acceptor.paused_until());
        let is_full = self.threads.len() >= self.limits.max_clients;
        let mut interests = Vec::new();
        if self.over_by.is_none() {
            interests.push((Ready::Stop, stop.as_fd(), PollFlags::POLLIN));
        }
        interests.push((Ready::Ended, self.ended.as_fd(), PollFlags::POLLIN));
        if let Some(listener) = self.acceptor.listener().filter(|_| !is_full) {
            interests.push((Ready::Listener, listener.as_fd(), PollFlags::POLLIN));
        }
        poll(interests, deadline)
    }
    // ANCHOR_END: wait

    // ANCHOR: new_connection
    /// Starts a thread for the client that has just connected.
    fn new_connection(&mut self) {
        let Some(Arrival { client, peer, stream }) = self.acceptor.accept() else {
            return;
        };
        let stream = Arc::new(stream);
        let membership = match self.service.has_room() {
            true => Some(Membership::join(&self.hub, client, peer, &stream)),
            false => None,
        };
        let at_end = Arc::clone(&self.at_end);
        let (served, service) = (Arc::clone(&stream), self.service.clone());
        let (limits, stop) = (self.limits, self.stop.clone());
        let serve = move || {
            let mut session = service.session(client);
            let mut buffer = Buffer::new(service.read_size());
            let (session, buffer) = (session.as_mut(), &mut buffer);
            let connection = Connection::new(&served, &limits, &stop);
            match membership {
                None => converse(connection, session, buffer),
                Some(membership) => {
                    threads::converse(connection, session, buffer, &limits, membership)
                }
            }
        };
        let work = move || {
            let ended = catch_panic(serve);
            // This fails only if the main thread is gone, and then nothing needs the number.
            let _ = at_end.as_ref().write_all(&client.0.to_ne_bytes());
            ended
        };
        // thread::spawn would panic if the system had no more threads.
        let builder = Builder::new().name(format!("client-{}", client.0)).stack_size(STACK);
        match builder.spawn(work) {
            Ok(handle) => drop(self.threads.insert(client, Thread { stream, handle })),
            Err(error) => warn!("{client} refused: cannot start a thread: {error}"),
        }
    }
    // ANCHOR_END: new_connection

    // ANCHOR: end_connections
    /// Joins the threads that have ended.
    fn end_connections(&mut self) -> io::Result<()> {
        let mut numbers = [0; 64 * size_of::<u64>()];
        // Each number comes from one short write, so the pipe never splits it (pipe(7), PIPE_BUF).
        let count = self.ended.read(&mut numbers)?;
        for number in numbers[..count].chunks_exact(size_of::<u64>()) {
            let client = ClientId(u64::from_ne_bytes(number.try_into().expect("eight bytes")));
            if let Some(thread) = self.threads.remove(&client) {
                log_end(client, &thread.handle.join().unwrap_or_else(|_| Err(panicked())));
            }
        }
        Ok(())
    }
    // ANCHOR_END: end_connections

    /// Stops accepting, and says goodbye to the clients.
    fn stop(&mut self) {
        self.over_by = Some(Instant::now() + self.limits.grace);
        self.acceptor.close();
        match self.service.has_room() {
            // A member stops only when its mailbox ends, since it has to hear the goodbye.
            true => drop(self.hub.send(Event::Stop)),
            false => {
                let threads = self.threads.values();
                wake(
                    threads.clone().map(|thread| &*thread.stream),
                    threads.map(|thread| &thread.handle),
                );
            }
        }
    }

    /// Cuts off the remaining clients when the grace is over. Their threads wake up and end.
    fn keep_time(&mut self) {
        if self.over_by.is_some_and(|over_by| until(over_by).is_zero()) {
            self.threads.values().for_each(|thread| cut(&thread.stream));
            // A client is gone once its thread is joined. If one is not by then, it is cut off
            // again.
            self.over_by = Some(Instant::now() + self.limits.grace);
        }
    }

    fn is_over(&self) -> bool {
        self.over_by.is_some() && self.threads.is_empty()
    }
}
