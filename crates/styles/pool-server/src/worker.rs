//! A worker: a thread that serves one client after another.

use std::io;
use std::net::TcpStream;
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender};
use drivers::blocking::{Buffer, Connection, converse};
use drivers::catch_panic;
use drivers::threads::{self, Mailbox, Membership};
use protocol::{Event, Service};
use sockets::{Arrival, Limits, StopFlag, log_end};

use crate::clients::Clients;

// ANCHOR: worker
/// The data of a worker. All workers have the same.
#[derive(Clone)]
pub(crate) struct Worker {
    /// The queue. Each client in it goes to one worker.
    pub(crate) waiting: Receiver<Arrival<Arc<TcpStream>>>,
    pub(crate) service: Service,
    pub(crate) limits: Limits,
    pub(crate) hub: Sender<Event<Mailbox>>,
    pub(crate) clients: Arc<Clients>,
    pub(crate) stop: StopFlag,
}
// ANCHOR_END: worker

impl Worker {
    // ANCHOR: work
    /// Serves the clients of the queue, one after another, until the queue ends.
    ///
    /// A panic ends its client, and the worker goes on: with a worker lost at each panic, the pool
    /// would be empty one day.
    pub(crate) fn work(self) {
        let mut buffer = Buffer::new(self.service.read_size());
        for arrival in &self.waiting {
            let client = arrival.client;
            let ended = catch_panic(|| self.serve(arrival, &mut buffer));
            log_end(client, &ended);
            self.clients.remove(client);
        }
    }
    // ANCHOR_END: work

    fn serve(
        &self,
        Arrival { client, peer, stream }: Arrival<Arc<TcpStream>>,
        buffer: &mut Buffer,
    ) -> io::Result<()> {
        let mut session = self.service.session(client);
        let session = session.as_mut();
        let connection = Connection::new(&stream, &self.limits, &self.stop);
        match self.service.has_room() {
            false => converse(connection, session, buffer),
            true => {
                let membership = Membership::join(&self.hub, client, peer, &stream);
                threads::converse(connection, session, buffer, &self.limits, membership)
            }
        }
    }
}
