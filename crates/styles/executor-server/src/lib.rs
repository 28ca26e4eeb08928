//! Executor: after accept(2) returns, spawn a task, as async does. But here the machine that runs the
//! tasks is part of the server.
//!
//! The machine has three parts. The executor holds the tasks, and polls those that can go on. The
//! reactor asks the kernel which sockets are ready. A waker connects the two: a task that has to
//! wait leaves it with the reactor, and the reactor uses it to put the task into the executor's queue.
//! All tasks run on one thread. So they share the room without a lock, and a post is a call.

#![forbid(unsafe_code)]

mod buffers;
mod client;
mod executor;
mod member;
mod notify;
mod reactor;
mod room;
#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::future::pending;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::rc::Rc;
use std::time::Instant;

use protocol::{ClientId, Service};
use sockets::{Acceptor, Arrival, Limits, Stop, log_end, until};

use crate::buffers::Buffers;
use crate::client::{Conditions, read};
use crate::executor::{Executor, TaskId, first, yield_now};
use crate::member::Membership;
use crate::reactor::Source;
use crate::room::Room;

/// Serves each client in a task of its own until `stop`, and then the remaining clients until they
/// have their answers.
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
    let executor = Executor::new()?;
    let first_task = accept_all(Rc::clone(&executor), listener, service, limits, stop);
    executor.run(first_task)?
}

/// The first task: spawns a task for each client, and learns when it ends.
async fn accept_all(
    executor: Rc<Executor>,
    listener: TcpListener,
    service: Service,
    limits: Limits,
    stop: Stop,
) -> io::Result<()> {
    let reactor = &executor.reactor;
    let stop = reactor.source(UnixStream::from(stop))?;
    let room = Rc::<Room>::default();
    let room_task =
        service.has_room().then(|| executor.spawn(room::run(Rc::clone(&room), Rc::clone(reactor))));
    let mut server = Server {
        acceptor: Acceptor::new(reactor.source(listener)?),
        clients: BTreeMap::new(),
        over_by: None,
        executor: Rc::clone(&executor),
        room,
        conditions: Rc::new(Conditions {
            buffers: Buffers::new(service.read_size()),
            is_stopping: Cell::new(false),
            reactor: Rc::clone(reactor),
            service,
            limits,
        }),
        limits,
    };
    // ANCHOR: main_loop
    while !server.is_over() {
        match server.wait(&stop).await {
            Ready::Stop => server.stop(),
            Ready::Ended(task, ended) => server.end_connection(task, &ended),
            Ready::Accepted(accepted) => server.new_connection(accepted).await,
            Ready::Late => server.keep_time(),
        }
    }
    // ANCHOR_END: main_loop
    server.acceptor.log_summary();
    if let Some(room_task) = room_task {
        executor.abort(room_task, "nobody is in the room");
    }
    Ok(())
}

// ANCHOR: state
/// The data of the first task.
struct Server {
    acceptor: Acceptor<Source<TcpListener>>,
    limits: Limits,
    executor: Rc<Executor>,
    room: Rc<Room>,
    /// The client of each task.
    clients: BTreeMap<TaskId, ClientId>,
    conditions: Rc<Conditions>,
    /// The deadline for all clients, once the server stops.
    over_by: Option<Instant>,
}
// ANCHOR_END: state

/// The things that the first task waits for.
enum Ready {
    Stop,
    /// A task has ended, with this result.
    Ended(TaskId, io::Result<()>),
    /// accept(2) has returned this.
    Accepted(io::Result<(TcpStream, SocketAddr)>),
    /// A deadline has passed.
    Late,
}

impl Server {
    // ANCHOR: wait
    /// Waits until something happens.
    async fn wait(&mut self, stop: &Source<UnixStream>) -> Ready {
        let deadline = self.over_by.or(self.acceptor.paused_until());
        let is_stopping = self.over_by.is_some();
        let is_full = self.clients.len() >= self.limits.max_clients;
        let listener = self.acceptor.listener().filter(|_| !is_full);
        let executor = &self.executor;
        first([
            pin!(async {
                match is_stopping {
                    false => stopped(stop, &self.conditions.buffers).await,
                    true => pending().await,
                }
                Ready::Stop
            }),
            pin!(async {
                let (task, ended) = executor.next_ended().await;
                Ready::Ended(task, ended)
            }),
            pin!(async { Ready::Accepted(accept(listener).await) }),
            pin!(async {
                match deadline {
                    Some(deadline) => executor.reactor.sleep_until(deadline).await,
                    None => pending().await,
                }
                Ready::Late
            }),
        ])
        .await
    }
    // ANCHOR_END: wait

    // ANCHOR: new_connection
    /// Spawns a task for the client that has just connected.
    async fn new_connection(&mut self, accepted: io::Result<(TcpStream, SocketAddr)>) {
        let Some(Arrival { client, peer, stream }) = self.acceptor.admit(accepted) else {
            return;
        };
        let reactor = &self.executor.reactor;
        let stream = match stream.set_nonblocking(true).and_then(|()| reactor.source(stream)) {
            Ok(stream) => stream,
            Err(error) => return log_end(client, &Err(error)),
        };
        let conditions = Rc::clone(&self.conditions);
        let task = match conditions.service.has_room() {
            false => self.executor.spawn(client::converse(client, stream, conditions)),
            true => {
                let membership = Membership::join(&self.room, client, peer);
                self.executor.spawn(member::converse(stream, conditions, membership))
            }
        };
        self.clients.insert(task, client);
        // The clients that are here run before the next one is accepted.
        yield_now().await;
    }
    // ANCHOR_END: new_connection

    /// Forgets a task that has ended. Its client may have had no time to leave the room.
    fn end_connection(&mut self, task: TaskId, ended: &io::Result<()>) {
        let Some(client) = self.clients.remove(&task) else {
            return;
        };
        self.room.leave(client);
        log_end(client, ended);
    }

    /// Stops accepting, and says goodbye to the clients.
    fn stop(&mut self) {
        self.over_by = Some(Instant::now() + self.limits.grace);
        self.acceptor.close();
        self.conditions.is_stopping.set(true);
        self.executor.wake_all();
        self.room.stop();
    }

    /// Aborts the remaining tasks when the grace is over.
    fn keep_time(&mut self) {
        if self.over_by.is_some_and(|over_by| until(over_by).is_zero()) {
            for &task in self.clients.keys() {
                self.executor.abort(task, "the grace was over");
            }
            self.over_by = Some(Instant::now() + self.limits.grace);
        }
    }

    fn is_over(&self) -> bool {
        self.over_by.is_some() && self.clients.is_empty()
    }
}

/// Waits for the signal to stop.
async fn stopped(stop: &Source<UnixStream>, buffers: &Rc<Buffers>) {
    let _ = read(stop, buffers).await;
}

// ANCHOR: accept
async fn accept(listener: Option<&Source<TcpListener>>) -> io::Result<(TcpStream, SocketAddr)> {
    let Some(listener) = listener else { return pending().await };
    loop {
        listener.readable().await;
        if let Some(accepted) = listener.try_to_accept(TcpListener::accept)? {
            return Ok(accepted);
        }
    }
}
// ANCHOR_END: accept
