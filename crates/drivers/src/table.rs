//! The table of an event loop: every client, its phase, and the room that the clients share.
//!
//! One thread holds all of it, so there is nothing to lock: the room is a value, and a post is a
//! call.
//! The loop around it asks the kernel which clients are ready, with select(2) or another call; or it
//! orders the kernel to receive and to send, and hears when that is done. The table says which clients to ask for ([`interests`](Table::interests), or only what is new:
//! [`changes`](Table::changes)) and until when to wait ([`deadline`](Table::deadline)), and does the
//! work that follows. It never blocks, and does a
//! limited amount of work per client and turn. A client for which nothing has changed costs a turn
//! nothing.

use std::collections::BTreeMap;
use std::io;
use std::mem;
use std::net::TcpStream;
use std::os::fd::BorrowedFd;
use std::time::Instant;

use protocol::{ClientId, Hub, Posts, Service};
use sockets::{Arrival, Limits, log_end};

use crate::catch_panic;
use crate::changed::{Changed, ChangedMailbox};
pub use crate::connection::Connection;
use crate::deadlines::Deadlines;
pub use crate::slot::Interest;
use crate::slot::Slot;

/// A client for which the loop waits in another way from now on.
#[derive(Debug)]
pub struct Change<'table, C> {
    /// The client.
    pub client: ClientId,
    /// Its connection.
    pub connection: &'table C,
    /// The interest that the loop was told last. Without any, the socket may be new.
    pub before: Interest,
    /// The interest from now on.
    pub now: Interest,
}

// ANCHOR: state
/// All clients of a server, and the room.
pub struct Table<C = TcpStream> {
    service: Service,
    limits: Limits,
    slots: BTreeMap<ClientId, Slot<C>>,
    hub: Hub<ChangedMailbox>,
    /// The clients that the end of this turn has to look at.
    changed: Changed,
    /// The clients that the end of the last turn has looked at.
    settled: Vec<ClientId>,
    deadlines: Deadlines,
    /// The start of the hub's clock, and the time at which to ask the hub again.
    begun: Instant,
    advance_at: Option<Instant>,
    /// The buffer for every read: a silent client costs no buffer.
    buffer: Vec<u8>,
    /// The deadline for all clients, once the server stops.
    over_by: Option<Instant>,
}
// ANCHOR_END: state

impl Table<TcpStream> {
    // ANCHOR: receive
    /// Reads from a client, once, and lets its session answer.
    pub fn receive(&mut self, client: ClientId) {
        if let Some(slot) = self.slots.get_mut(&client) {
            let posts = slot.receive(&mut self.buffer);
            self.post(client, posts);
        }
    }
    // ANCHOR_END: receive
}

impl<C: Connection> Table<C> {
    /// A table without clients.
    pub fn new(service: Service, limits: Limits) -> Table<C> {
        Table {
            slots: BTreeMap::new(),
            hub: Hub::default(),
            changed: Changed::default(),
            settled: Vec::new(),
            deadlines: Deadlines::default(),
            begun: Instant::now(),
            advance_at: None,
            buffer: vec![0; service.read_size()],
            over_by: None,
            service,
            limits,
        }
    }

    // ANCHOR: interests
    /// The readiness to wait for on each client's socket. A client that waits for nothing has
    /// ended.
    pub fn interests(&self) -> impl Iterator<Item = (ClientId, BorrowedFd<'_>, Interest)> {
        self.slots.iter().map(|(&client, slot)| {
            (client, slot.connection().as_fd(), slot.interest(self.hub.hears(client)))
        })
    }
    // ANCHOR_END: interests

    // ANCHOR: changes
    /// The clients for which the interest has changed since the last call: for a loop that tells
    /// the kernel what changes, and not everything. Call it after each [`turn`](Self::turn).
    ///
    /// A client that is gone is left out: its descriptor is closed.
    pub fn changes(&mut self) -> impl Iterator<Item = Change<'_, C>> {
        let mut changes = Vec::new();
        for client in mem::take(&mut self.settled) {
            let Some(slot) = self.slots.get_mut(&client) else { continue };
            let now = slot.interest(self.hub.hears(client));
            let before = mem::replace(&mut slot.told, now);
            if before != now {
                changes.push((client, before, now));
            }
        }
        let slots = &self.slots;
        let change = |(client, before, now)| {
            let connection = slots[&client].connection();
            Change { client, connection, before, now }
        };
        changes.into_iter().map(change)
    }
    // ANCHOR_END: changes

    // ANCHOR: new_connection
    /// Gives a place to a client that has just connected, and greets it.
    pub fn new_connection(&mut self, Arrival { client, peer, stream: mut connection }: Arrival<C>) {
        let opened =
            connection.open().and_then(|()| catch_panic(|| Ok(self.service.session(client))));
        let session = match opened {
            Ok(session) => session,
            Err(error) => return log_end(client, &Err(error)),
        };
        let mut slot = Slot::new(connection, session, self.service.has_room());
        if slot.is_member() {
            let mailbox = self.changed.mailbox(client, slot.outbox.mailbox());
            self.hub.join(client, peer.to_string(), mailbox);
        }
        let posts = slot.greet();
        self.slots.insert(client, slot);
        self.post(client, posts);
    }
    // ANCHOR_END: new_connection

    /// Lets a client's session answer what the kernel has read for the loop. The loop has to order
    /// the next read, so [`changes`](Self::changes) names the client again if that is wanted.
    pub fn received(&mut self, client: ClientId, read: io::Result<&[u8]>) {
        if let Some(slot) = self.slots.get_mut(&client) {
            slot.told.read = false;
            let posts = slot.received(read);
            self.post(client, posts);
        }
    }

    /// Notes that the bytes which a client's connection took have left, all of them.
    pub fn sent(&mut self, client: ClientId) {
        if self.slots.get_mut(&client).is_some_and(Slot::sent) {
            self.changed.add(client);
        }
    }

    /// Notes that a client which had not taken all its output takes more now.
    pub fn unblock(&mut self, client: ClientId) {
        if let Some(slot) = self.slots.get_mut(&client) {
            slot.is_writable = true;
            self.changed.add(client);
        }
    }

    // ANCHOR: turn
    /// Ends a turn of the loop: does what is due, lets the room hear the posts, and sends the
    /// clients the output that waits, so that queued lines leave in one write.
    pub fn turn(&mut self) {
        self.keep_time();
        let wait = self.hub.advance(self.begun.elapsed());
        self.advance_at = wait.map(|wait| Instant::now() + wait);
        let changed = self.changed.take();
        changed.iter().for_each(|&client| self.settle(client));
        self.settled = changed;
    }
    // ANCHOR_END: turn

    /// Ends a client for which the loop cannot wait.
    pub fn lose(&mut self, client: ClientId, why: io::Error) {
        if let Some(slot) = self.slots.get_mut(&client) {
            slot.lose(why);
            self.settle(client);
        }
    }

    /// Says goodbye to all clients.
    pub fn stop(&mut self) {
        self.over_by = Some(Instant::now() + self.limits.grace);
        self.hub.stop();
    }

    /// The time at which something is due, if no client is ready before.
    pub fn deadline(&self) -> Option<Instant> {
        // Once the server stops, a client without input is finished at once, so the loop must not
        // wait.
        let hears_out =
            self.over_by.is_some() && self.slots.values().any(|slot| slot.wants_to_talk());
        let now = hears_out.then(Instant::now);
        let deadlines = [self.deadlines.first(), self.advance_at, self.over_by, now];
        deadlines.into_iter().flatten().min()
    }

    /// The number of clients.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there are no clients.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Gives a session's posts to the room.
    fn post(&mut self, client: ClientId, posts: Posts) {
        self.changed.add(client);
        self.hub.post(client, posts);
        if !self.slots[&client].is_talking() {
            self.hub.leave(client);
        }
    }

    /// Does what is due by now.
    fn keep_time(&mut self) {
        let now = Instant::now();
        while let Some(client) = self.deadlines.pass(now) {
            self.changed.add(client);
            let Some(slot) = self.slots.get_mut(&client) else { continue };
            // It may have got more time since it was given this deadline.
            if slot.deadline(&self.limits).is_some_and(|due| due <= now) {
                let posts = slot.expire(self.limits.idle_seconds());
                self.post(client, posts);
            }
        }
        let Some(over_by) = self.over_by else { return };
        for (&client, slot) in &mut self.slots {
            slot.finish_if_silent();
            if over_by <= now {
                slot.cut("the grace was over");
            }
            self.changed.add(client);
        }
    }

    // ANCHOR: settle
    /// Sends a client the output that waits for it, and notes when something is due for it. If it
    /// is gone, forgets it and tells the room.
    fn settle(&mut self, client: ClientId) {
        let Some(slot) = self.slots.get_mut(&client) else { return };
        slot.send();
        if let Some(ended) = slot.ended() {
            log_end(client, ended);
            self.slots.remove(&client);
            self.deadlines.forget(client);
            self.hub.leave(client);
            if self.service.has_room() {
                // The others are told in the next turn, and that must not wait for an event.
                self.advance_at = Some(Instant::now());
            }
        } else {
            self.deadlines.set(client, slot.deadline(&self.limits));
        }
    }
    // ANCHOR_END: settle
}
