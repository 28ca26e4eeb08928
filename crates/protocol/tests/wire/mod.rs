//! A server without a network: sessions, the hub and the mailboxes between them, joined by plain
//! calls in the order in which every real server makes them.
//!
//! A style uses sockets, threads or processes where this server uses function calls, so the results
//! of its tests hold for all styles.

#![allow(dead_code, reason = "each test binary uses the part it needs")]

mod disk;
pub(crate) mod hostile;
pub(crate) mod script;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use protocol::{
    Answer, CATALOGUE, ClientId, Hub, Line, Mailbox, Outbox, OutboxState, Service, Session,
    Settings, TooSlow,
};

pub(crate) use disk::Disk;

/// How many bytes a client takes at once, like a kernel whose buffer is nearly full: an odd number,
/// so that lines and characters are cut in all places.
const BITE: usize = 777;

/// A server and all the clients that it ever had.
pub(crate) struct Wire {
    service: Service,
    hub: Hub<Slot>,
    /// The time on its clock.
    now: Duration,
    connections: BTreeMap<ClientId, Connection>,
}

struct Connection {
    session: Box<dyn Session>,
    outbox: Outbox,
    reads: bool,
    heard: Vec<u8>,
    /// How often the client has completed something.
    completed: usize,
    end: Option<End>,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum End {
    /// The server sent all waiting lines, and then shut its sending side.
    Finished,
    /// The server gave up on a client that did not read.
    CutOff,
    /// The client vanished.
    Reset,
}

/// The hub's half of an outbox.
struct Slot {
    mailbox: Box<dyn Mailbox>,
    has_refused: bool,
}

impl Mailbox for Slot {
    fn offer(&mut self, line: &Line) -> Result<usize, TooSlow> {
        assert!(!self.has_refused, "a later line would hide the gap");
        let taken = self.mailbox.offer(line);
        self.has_refused = taken.is_err();
        taken
    }

    fn waiting(&self) -> usize {
        self.mailbox.waiting()
    }
}

impl Wire {
    /// A server of the service `name` with the default settings, on a disk of its own.
    pub(crate) fn new(name: &str) -> Wire {
        Wire::with(
            name,
            Settings { store: Some(Arc::new(Disk::default())), ..Settings::built_in(1) },
        )
    }

    /// A server of the service `name` with these settings.
    pub(crate) fn with(name: &str, settings: Settings) -> Wire {
        let entry = CATALOGUE.iter().find(|entry| entry.name == name);
        Wire {
            service: (entry.expect("a service").open)(settings),
            hub: Hub::default(),
            now: Duration::ZERO,
            connections: BTreeMap::new(),
        }
    }

    /// Connects a client from `address`, which gets the greeting and then reads.
    pub(crate) fn connect(&mut self, address: &str) -> ClientId {
        let client = ClientId(self.connections.len() as u64 + 1);
        let outbox = Outbox::default();
        if self.service.has_room() {
            let mailbox = Slot { mailbox: Box::new(outbox.mailbox()), has_refused: false };
            self.hub.join(client, address.to_owned(), mailbox);
        }
        let mut session = self.service.session(client);
        let answer = session.greet();
        let connection =
            Connection { session, outbox, reads: true, heard: Vec::new(), completed: 0, end: None };
        self.connections.insert(client, connection);
        self.carry_out(client, answer);
        client
    }

    /// Gives the session these bytes from the client in one read.
    ///
    /// This works even after the client's end: a driver may have read before it learned of the end.
    pub(crate) fn receive(&mut self, client: ClientId, read: &[u8]) {
        let answer = self.connection(client).session.receive(read);
        self.carry_out(client, answer);
    }

    /// Ends the client's input.
    pub(crate) fn half_close(&mut self, client: ClientId) {
        self.receive(client, b"");
    }

    /// Tells the session that the client has completed nothing for `seconds`, the idle timeout.
    pub(crate) fn idle(&mut self, client: ClientId, seconds: u64) {
        let answer = self.connection(client).session.idle(seconds);
        self.carry_out(client, answer);
    }

    /// Makes the client vanish: it hears no more.
    pub(crate) fn reset(&mut self, client: ClientId) {
        self.connection(client).end.get_or_insert(End::Reset);
        self.hub.leave(client);
        self.advance();
        self.deliver();
    }

    /// Stops the server.
    pub(crate) fn stop(&mut self) {
        self.hub.stop();
        self.deliver();
    }

    /// Sets whether the client reads: if not, its lines stay in its mailbox.
    pub(crate) fn set_reads(&mut self, client: ClientId, reads: bool) {
        self.connection(client).reads = reads;
        self.deliver();
    }

    /// Everything that the client has heard since the last call.
    pub(crate) fn take_heard(&mut self, client: ClientId) -> Vec<u8> {
        std::mem::take(&mut self.connection(client).heard)
    }

    /// How many bytes wait in the client's mailbox.
    pub(crate) fn waiting(&self, client: ClientId) -> usize {
        let queue = self.connections[&client].outbox.queue();
        queue.slices().map(<[u8]>::len).sum()
    }

    /// How often the client's idle clock was restarted.
    pub(crate) fn completed(&self, client: ClientId) -> usize {
        self.connections[&client].completed
    }

    /// How the connection ended, if it did.
    pub(crate) fn end(&self, client: ClientId) -> Option<End> {
        self.connections[&client].end
    }

    fn connection(&mut self, client: ClientId) -> &mut Connection {
        self.connections.get_mut(&client).expect("a client of ours")
    }

    /// Does the things that a session asks of its server.
    fn carry_out(&mut self, client: ClientId, answer: Answer<'_>) {
        let together = self.service.has_room();
        if !answer.completes_nothing() {
            self.connection(client).completed += 1;
        }
        if together {
            assert!(answer.send.is_empty(), "one writer a connection");
            self.hub.post(client, answer.posts);
            self.advance();
        } else {
            assert!(answer.posts.is_empty(), "there is no room to post to");
            self.connection(client).heard.extend(&*answer.send);
        }
        if answer.finish && together {
            self.hub.leave(client);
            self.advance();
        } else if answer.finish {
            self.connection(client).end.get_or_insert(End::Finished);
        }
        self.deliver();
    }

    /// Lets time pass until all posts are heard.
    fn advance(&mut self) {
        while let Some(wait) = self.hub.advance(self.now) {
            self.now += wait;
            self.deliver();
        }
    }

    /// Brings the waiting lines to all clients that read: a driver drains the mailboxes between two
    /// posts.
    fn deliver(&mut self) {
        for connection in self.connections.values_mut() {
            connection.deliver();
        }
    }
}

impl Connection {
    fn deliver(&mut self) {
        if self.end.is_some() {
            return;
        }
        let state = self.outbox.state();
        if state == OutboxState::TooSlow {
            self.end = Some(End::CutOff);
            return;
        }
        let mut queue = self.outbox.queue();
        while self.reads && !queue.is_empty() {
            let first = queue.slices().next().unwrap_or_default();
            let bite = first.len().min(BITE);
            self.heard.extend(&first[..bite]);
            queue.advance(bite);
        }
        if state == OutboxState::Ended && queue.is_empty() {
            self.end = Some(End::Finished);
        }
    }
}
