//! The pool: the workers, and the queue in front of them.

use std::io;
use std::net::TcpStream;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use crossbeam_channel::{Sender, bounded};
use drivers::threads::{EVENTS, Mailbox, STACK, hear_wake_ups, start_hub};
use protocol::{Event, Service};
use sockets::{Arrival, Limits, StopFlag};
use tracing::warn;

use crate::clients::Clients;
use crate::worker::Worker;

// ANCHOR: pool
/// The main thread's ends of all that connects it with the other threads.
pub(crate) struct Pool {
    /// The queue in which clients wait for a worker.
    pub(crate) queue: Sender<Arrival<Arc<TcpStream>>>,
    pub(crate) workers: Vec<JoinHandle<()>>,
    pub(crate) hub: Sender<Event<Mailbox>>,
    hub_thread: Option<JoinHandle<()>>,
}
// ANCHOR_END: pool

impl Pool {
    // ANCHOR: start
    /// Starts all threads: a worker for each client that may be served at once, and the hub's.
    ///
    /// # Errors
    ///
    /// Not even one worker can be started.
    pub(crate) fn start(
        service: &Service,
        limits: Limits,
        clients: &Arc<Clients>,
        stop: &StopFlag,
    ) -> io::Result<Pool> {
        hear_wake_ups()?;
        let (queue, waiting) = bounded(limits.max_clients + limits.queue);
        let (hub, events) = bounded(EVENTS);
        let hub_thread = service.has_room().then(|| start_hub(events)).transpose()?;
        let worker = Worker {
            waiting,
            service: service.clone(),
            limits,
            hub: hub.clone(),
            clients: Arc::clone(clients),
            stop: stop.clone(),
        };
        let workers = start_workers(&worker)?;
        Ok(Pool { queue, workers, hub, hub_thread })
    }
    // ANCHOR_END: start

    /// Waits until all threads have ended: without a sender the queue ends, and so does each worker.
    pub(crate) fn join(self) {
        drop(self.queue);
        self.workers.into_iter().for_each(|worker| drop(worker.join()));
        drop(self.hub);
        let _ = self.hub_thread.map(JoinHandle::join);
    }
}

// ANCHOR: start_workers
/// Starts as many workers as clients may be served at once.
fn start_workers(worker: &Worker) -> io::Result<Vec<JoinHandle<()>>> {
    let mut workers = Vec::new();
    let wanted = worker.limits.max_clients;
    for number in 1..=wanted {
        let own = worker.clone();
        let builder = Builder::new().name(format!("worker-{number}")).stack_size(STACK);
        match builder.spawn(move || own.work()) {
            Ok(handle) => workers.push(handle),
            Err(error) if workers.is_empty() => return Err(error),
            Err(error) => {
                warn!("{} workers, and not {wanted}: cannot start a thread: {error}", number - 1);
                break;
            }
        }
    }
    Ok(workers)
}
// ANCHOR_END: start_workers
