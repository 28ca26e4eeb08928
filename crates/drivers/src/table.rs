//! The table of an event loop: every client, its phase, and the room that the clients share.
//!
//! One thread holds all of it, so there is nothing to lock: the room is a value, and a post is a
//! call.
//! The loop around it asks the kernel which clients are ready, with select(2) or another call. The
//! table says which clients to ask for ([`interests`](Table::interests)) and until when to wait
//! ([`deadline`](Table::deadline)), and does the work that follows. It never blocks, and does a
//! limited amount of work per client and turn.

use std::collections::BTreeMap;
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

use protocol::{ClientId, Hub, OutboxMailbox, Posts, Service};
use sockets::{Arrival, Limits, log_end};

use crate::catch_panic;
pub use crate::slot::Interest;
use crate::slot::Slot;

// ANCHOR: state
/// All clients of a server, and the room.
pub struct Table {
    service: Service,
    limits: Limits,
    slots: BTreeMap<ClientId, Slot>,
    hub: Hub<OutboxMailbox>,
    /// The start of the hub's clock, and the time at which to ask the hub again.
    begun: Instant,
    advance_at: Option<Instant>,
    /// The buffer for every read: a silent client costs no buffer.
    buffer: Vec<u8>,
    /// The deadline for all clients, once the server stops.
    over_by: Option<Instant>,
}
// ANCHOR_END: state

impl Table {
    /// A table without clients.
    pub fn new(service: Service, limits: Limits) -> Table {
        Table {
            slots: BTreeMap::new(),
            hub: Hub::default(),
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
        self.slots
            .iter()
            .map(|(&client, slot)| (client, slot.as_fd(), slot.interest(self.hub.hears(client))))
    }
    // ANCHOR_END: interests

    // ANCHOR: new_connection
    /// Gives a place to a client that has just connected, and greets it.
    pub fn new_connection(&mut self, Arrival { client, peer, stream }: Arrival<TcpStream>) {
        let opened = stream
            .set_nonblocking(true)
            .and_then(|()| catch_panic(|| Ok(self.service.session(client))));
        let session = match opened {
            Ok(session) => session,
            Err(error) => return log_end(client, &Err(error)),
        };
        let mut slot = Slot::new(stream, session, self.service.has_room());
        if slot.is_member() {
            self.hub.join(client, peer.to_string(), slot.outbox.mailbox());
        }
        let posts = slot.greet();
        self.slots.insert(client, slot);
        self.post(client, posts);
    }
    // ANCHOR_END: new_connection

    // ANCHOR: receive
    /// Reads from a client, once, and lets its session answer.
    pub fn receive(&mut self, client: ClientId) {
        if let Some(slot) = self.slots.get_mut(&client) {
            let posts = slot.receive(&mut self.buffer);
            self.post(client, posts);
        }
    }
    // ANCHOR_END: receive

    /// Notes that a client which had not taken all its output takes more now.
    pub fn unblock(&mut self, client: ClientId) {
        if let Some(slot) = self.slots.get_mut(&client) {
            slot.is_writable = true;
        }
    }

    // ANCHOR: turn
    /// Ends a turn of the loop: does what is due, lets the room hear the posts, and sends every
    /// client the output that waits, so that queued lines leave in one write.
    pub fn turn(&mut self) {
        self.keep_time();
        let wait = self.hub.advance(self.begun.elapsed());
        self.advance_at = wait.map(|wait| Instant::now() + wait);
        self.slots.values_mut().for_each(Slot::send);
        if self.end_connections() && self.service.has_room() {
            // The others are told in the next turn, and that must not wait for an event.
            self.advance_at = Some(Instant::now());
        }
    }
    // ANCHOR_END: turn

    /// Says goodbye to all clients.
    pub fn stop(&mut self) {
        self.over_by = Some(Instant::now() + self.limits.grace);
        self.hub.stop();
    }

    /// The time at which something is due, if no client is ready before.
    pub fn deadline(&self) -> Option<Instant> {
        let slots = self.slots.values().filter_map(|slot| slot.deadline(&self.limits));
        // Once the server stops, a client without input is finished at once, so the loop must not
        // wait.
        let hears_out = self.over_by.is_some() && self.slots.values().any(Slot::wants_to_talk);
        let now = hears_out.then(Instant::now);
        slots.chain(self.advance_at).chain(self.over_by).chain(now).min()
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
        self.hub.post(client, posts);
        if !self.slots[&client].is_talking() {
            self.hub.leave(client);
        }
    }

    /// Does what is due by now.
    fn keep_time(&mut self) {
        let now = Instant::now();
        let is_due = |slot: &Slot| slot.deadline(&self.limits).is_some_and(|due| due <= now);
        let due = self.slots.iter().filter(|(_, slot)| is_due(slot));
        for client in due.map(|(&client, _)| client).collect::<Vec<_>>() {
            if let Some(slot) = self.slots.get_mut(&client) {
                let posts = slot.expire(self.limits.idle_seconds());
                self.post(client, posts);
            }
        }
        let Some(over_by) = self.over_by else { return };
        for slot in self.slots.values_mut() {
            slot.finish_if_silent();
            if over_by <= now {
                slot.cut("the grace was over");
            }
        }
    }

    /// Forgets the clients that are gone, and tells the room. Returns whether there were any.
    fn end_connections(&mut self) -> bool {
        let before = self.slots.len();
        self.slots.retain(|&client, slot| {
            let Some(ended) = slot.ended() else {
                return true;
            };
            self.hub.leave(client);
            log_end(client, ended);
            false
        });
        self.slots.len() < before
    }
}
