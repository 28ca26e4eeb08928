//! The table of an event loop: every client, where it is in its life, and the room they share.
//!
//! One thread holds all of it, so there is nothing to lock: the room is a value, a post a call.
//! The loop around it asks the system who is ready, by whatever call; the table says for whom to
//! ask ([`interests`](Table::interests)), until when ([`deadline`](Table::deadline)), and what
//! follows. Nothing in it blocks, and every client gets a bounded piece of work a turn.

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
    /// The moment from which the hub's clock counts, and the one at which to ask the hub again.
    begun: Instant,
    advance_at: Option<Instant>,
    /// Where every read goes: a client that says nothing costs no buffer.
    buffer: Vec<u8>,
    /// By when all has to be over, once the server stops.
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
    /// For what each client is waited for now. A client that wants nothing is at its end.
    pub fn interests(&self) -> impl Iterator<Item = (ClientId, BorrowedFd<'_>, Interest)> {
        self.slots
            .iter()
            .map(|(&client, slot)| (client, slot.as_fd(), slot.interest(self.hub.hears(client))))
    }
    // ANCHOR_END: interests

    // ANCHOR: new_connection
    /// Gives a client that has just connected its place, and greets it.
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

    /// A client that did not take all that it was given takes more now.
    pub fn unblock(&mut self, client: ClientId) {
        if let Some(slot) = self.slots.get_mut(&client) {
            slot.is_writable = true;
        }
    }

    // ANCHOR: turn
    /// Ends a turn of the loop: does what is due, lets the room hear, and sends to everybody all that
    /// waits, so that lines that have queued up leave in one write.
    pub fn turn(&mut self) {
        self.keep_time();
        let wait = self.hub.advance(self.begun.elapsed());
        self.advance_at = wait.map(|wait| Instant::now() + wait);
        self.slots.values_mut().for_each(Slot::send);
        if self.end_connections() && self.service.has_room() {
            // The others are told in the next turn, which shall not wait for anybody.
            self.advance_at = Some(Instant::now());
        }
    }
    // ANCHOR_END: turn

    /// Says goodbye to everybody.
    pub fn stop(&mut self) {
        self.over_by = Some(Instant::now() + self.limits.grace);
        self.hub.stop();
    }

    /// When something is due if nobody is ready before.
    pub fn deadline(&self) -> Option<Instant> {
        let slots = self.slots.values().filter_map(|slot| slot.deadline(&self.limits));
        // Once the server stops, silence is an answer, and nobody waits for it.
        let hears_out = self.over_by.is_some() && self.slots.values().any(Slot::wants_to_talk);
        let now = hears_out.then(Instant::now);
        slots.chain(self.advance_at).chain(self.over_by).chain(now).min()
    }

    /// How many clients are here.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether nobody is here.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Tells the room what a session has to say.
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

    /// Forgets the clients that are gone, which the room hears of. Returns whether there were any.
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
