//! Async: after accept(2) returns, spawn a task that serves this client to the end.
//!
//! The code of a task reads like the iterative server. But where that server would block, the task
//! is suspended, and its thread runs another task: a waiting client costs its state, but no stack.
//! Tasks share memory as threads do, so they communicate in the same way: a post goes to the hub's
//! task through a channel, and a line comes back through another (see `member`).

#![forbid(unsafe_code)]

mod client;
mod member;
#[cfg(test)]
mod turns;

use std::collections::HashMap;
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::num::NonZero;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use drivers::{catch_panic, panicked};
use protocol::{ClientId, Event, Hub, Service};
use sockets::{Acceptor, Arrival, Limits, Stop, log_end, until};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::runtime;
use tokio::select;
use tokio::sync::{mpsc, watch};
use tokio::task::{Id, JoinError, JoinSet, yield_now};
use tokio::time::{sleep, timeout};

use crate::member::{Mailbox, Membership};

/// How many events may wait for the hub. Few, since each of them goes into every mailbox.
const EVENTS: usize = 16;

/// Serves each client in a task of its own until `stop`, and then the remaining clients until they
/// have their answers.
///
/// # Errors
///
/// The runtime cannot be built. The failure of a client is not an error of the server.
pub fn serve(
    listener: std::net::TcpListener,
    service: Service,
    limits: Limits,
    stop: Stop,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    // One thread for each processor. By default, Tokio would read TOKIO_WORKER_THREADS first, and
    // panic if that is not a number.
    let threads = available_parallelism().map_or(1, NonZero::get);
    let mut builder = runtime::Builder::new_multi_thread();
    builder.worker_threads(threads).enable_all();
    // If the system has no threads left, build() panics instead of returning an error.
    let runtime = catch_panic(|| builder.build())
        .map_err(|_| io::Error::other("no threads can be started"))?;
    // The first task is spawned like all the others. Inside block_on it would have a thread to
    // itself, which would have to be woken for each client.
    let first_task = runtime.spawn(accept_all(listener, service, limits, stop));
    runtime.block_on(first_task)?
}

/// The first task: spawns a task for each client, and learns when it ends.
async fn accept_all(
    listener: std::net::TcpListener,
    service: Service,
    limits: Limits,
    stop: Stop,
) -> io::Result<()> {
    let stop = UnixStream::from_std(stop.into())?;
    let (hub, events) = mpsc::channel(EVENTS);
    let hub_task = service.has_room().then(|| tokio::spawn(run_hub(events)));
    let mut server = Server {
        acceptor: Acceptor::new(TcpListener::from_std(listener)?),
        hub,
        tasks: JoinSet::new(),
        clients: HashMap::new(),
        stopping: watch::Sender::new(false),
        over_by: None,
        service,
        limits,
    };
    // ANCHOR: main_loop
    while !server.is_over() {
        match server.wait(&stop).await {
            Ready::Stop => server.stop().await,
            Ready::Ended(task, ended) => server.end_connection(task, ended).await,
            Ready::Accepted(accepted) => server.new_connection(accepted).await,
            Ready::Late => server.keep_time(),
        }
    }
    // ANCHOR_END: main_loop
    server.acceptor.log_summary();
    // This drops the last sender to the hub, so the hub's task ends.
    drop(server);
    if let Some(hub_task) = hub_task {
        let _ = hub_task.await;
    }
    Ok(())
}

// ANCHOR: state
/// The data of the first task. None of it is shared.
struct Server {
    acceptor: Acceptor<TcpListener>,
    service: Service,
    limits: Limits,
    hub: mpsc::Sender<Event<Mailbox>>,
    tasks: JoinSet<io::Result<()>>,
    /// The client of each task: after a panic, only the task's number is known.
    clients: HashMap<Id, ClientId>,
    stopping: watch::Sender<bool>,
    /// The deadline for all clients, once the server stops.
    over_by: Option<Instant>,
}
// ANCHOR_END: state

/// The things that the first task waits for.
enum Ready {
    Stop,
    /// A task has ended, with this result.
    Ended(Id, io::Result<()>),
    /// accept(2) has returned this.
    Accepted(io::Result<(TcpStream, SocketAddr)>),
    /// A deadline has passed.
    Late,
}

impl Server {
    // ANCHOR: wait
    /// Waits until something happens.
    async fn wait(&mut self, stop: &UnixStream) -> Ready {
        let deadline = self.over_by.or(self.acceptor.paused_until());
        let is_stopping = self.over_by.is_some();
        let is_full = self.tasks.len() >= self.limits.max_clients;
        let listener = self.acceptor.listener().filter(|_| !is_full);
        select! {
            biased;
            _ = stop.readable(), if !is_stopping => Ready::Stop,
            Some(ended) = self.tasks.join_next_with_id() => match ended {
                Ok((task, ended)) => Ready::Ended(task, ended),
                Err(error) => Ready::Ended(error.id(), Err(explain(&error))),
            },
            accepted = accept(listener) => Ready::Accepted(accepted),
            () = sleep(deadline.map(until).unwrap_or_default()), if deadline.is_some() => Ready::Late,
        }
    }
    // ANCHOR_END: wait

    // ANCHOR: new_connection
    /// Spawns a task for the client that has just connected.
    async fn new_connection(&mut self, accepted: io::Result<(TcpStream, SocketAddr)>) {
        let Some(Arrival { client, peer, stream }) = self.acceptor.admit(accepted) else {
            return;
        };
        let (service, limits) = (self.service.clone(), self.limits);
        let task = match self.service.has_room() {
            false => {
                let stopping = self.stopping.subscribe();
                self.tasks.spawn(client::converse(client, stream, service, limits, stopping))
            }
            true => {
                let membership = Membership::join(&self.hub, client, peer).await;
                self.tasks.spawn(member::converse(stream, service, limits, membership))
            }
        };
        self.clients.insert(task.id(), client);
    }
    // ANCHOR_END: new_connection

    /// Forgets a task that has ended. Its client may have had no time to leave the room.
    async fn end_connection(&mut self, task: Id, ended: io::Result<()>) {
        let Some(client) = self.clients.remove(&task) else {
            return;
        };
        if self.service.has_room() {
            let _ = self.hub.send(Event::Leave(client)).await;
        }
        log_end(client, &ended);
    }

    /// Stops accepting, and says goodbye to the clients.
    async fn stop(&mut self) {
        self.over_by = Some(Instant::now() + self.limits.grace);
        self.acceptor.close();
        self.stopping.send_replace(true);
        let _ = self.hub.send(Event::Stop).await;
    }

    /// Aborts the remaining tasks when the grace is over.
    fn keep_time(&mut self) {
        if self.over_by.is_some_and(|over_by| until(over_by).is_zero()) {
            self.tasks.abort_all();
            // A task is gone once it is joined. If one is not by then, it is aborted again.
            self.over_by = Some(Instant::now() + self.limits.grace);
        }
    }

    fn is_over(&self) -> bool {
        self.over_by.is_some() && self.tasks.is_empty()
    }
}

// ANCHOR: run_hub
/// The task that owns the room. It handles the events from the channel at the pace of the members,
/// and ends when all senders are dropped.
async fn run_hub(mut events: mpsc::Receiver<Event<Mailbox>>) {
    let (mut hub, begun) = (Hub::default(), Instant::now());
    let mut wait = None;
    loop {
        let event = match wait {
            // Tokio's clock has ticks of a millisecond, and would wait for the next tick.
            Some(Duration::ZERO) => None,
            Some(wait) => timeout(wait, events.recv()).await.ok(),
            None => Some(events.recv().await),
        };
        match event {
            Some(Some(event)) => hub.handle(event),
            Some(None) => return,
            None => {}
        }
        for _ in 0..EVENTS {
            let Ok(event) = events.try_recv() else { break };
            hub.handle(event);
        }
        wait = hub.advance(begun.elapsed());
        // The members with new lines are ready to run on this thread: let them run, before their
        // mailboxes get more lines.
        yield_now().await;
    }
}
// ANCHOR_END: run_hub

async fn accept(listener: Option<&TcpListener>) -> io::Result<(TcpStream, SocketAddr)> {
    match listener {
        Some(listener) => listener.accept().await,
        None => pending().await,
    }
}

fn explain(error: &JoinError) -> io::Error {
    if error.is_panic() { panicked() } else { io::Error::other("the grace was over") }
}
