use alloc::collections::{BTreeMap, VecDeque};
use alloc::{string::String, vec::Vec};
use core::mem;
use core::time::Duration;

use tracing::warn;

use crate::pace::Pace;
use crate::room::{Audience, Effect, Room};
use crate::turns::Turns;
use crate::{ClientId, KEEPS_UP, Line, Mailbox, Posts};

/// How much of each mailbox is filled before the mailboxes are looked at again: 8 KiB.
///
/// One read may ask for much more: 4 KiB of `/who`, in a room of a hundred, are 1.4 MB of answers.
const A_TURN: usize = KEEPS_UP / 4;

/// How much of what was posted is still heard when the server stops. It leaves room in the mailbox
/// of whoever keeps up.
const LAST_WORDS: usize = 2 * KEEPS_UP;

// ANCHOR: hub
/// The room and its members' mailboxes: what one member says is put where the others will find it.
///
/// The hub never waits for anyone, so waiting for the hub is always safe.
/// A member whose mailbox is full is dropped, and the others are told: waiting for it would punish
/// them, keeping its lines would exhaust the server, and leaving some out would falsify the talk.
///
/// The hub is told the time. A driver posts, [advances](Self::advance), and waits; how long the
/// room is patient with whom is decided here, the same in every style, and tested without a clock.
#[derive(Debug)]
pub struct Hub<M> {
    room: Room,
    mailboxes: BTreeMap<ClientId, M>,
    /// What the others are not told yet of those who have left. Told together, a thousand who leave
    /// at once cost a member few lines, and not a thousand.
    departures: Vec<Effect>,
    /// What is posted and not heard yet.
    turns: Turns,
    /// Who is behind.
    pace: Pace,
}
// ANCHOR_END: hub

/// What can happen to a hub, as a message: for the styles that reach theirs through a channel.
#[derive(Debug)]
pub enum Event<M> {
    /// See [`Hub::join`].
    Join(ClientId, String, M),
    /// See [`Hub::post`].
    Post(ClientId, Posts),
    /// See [`Hub::leave`].
    Leave(ClientId),
    /// See [`Hub::stop`].
    Stop,
}

impl<M> Default for Hub<M> {
    fn default() -> Self {
        Hub {
            room: Room::default(),
            mailboxes: BTreeMap::new(),
            departures: Vec::new(),
            turns: Turns::default(),
            pace: Pace::default(),
        }
    }
}

impl<M: Mailbox> Hub<M> {
    /// A client joins the room under `name`, its address, at once.
    ///
    /// Whoever accepts also joins, in the order of accepting and before anything is started for
    /// the client: else the order of joining were a race.
    pub fn join(&mut self, client: ClientId, name: String, mailbox: M) {
        self.tell_departures();
        self.mailboxes.insert(client, mailbox);
        self.change(|room, effects| room.join(client, name, effects));
    }

    /// A client's session tells the room something, which is heard when its turn comes
    /// ([`advance`](Self::advance)). Nothing from a client that has left is heard.
    pub fn post(&mut self, client: ClientId, posts: Posts) {
        if !posts.is_empty() && self.mailboxes.contains_key(&client) {
            self.turns.push(client, posts);
        }
    }

    /// Whether a client should be read from: all that it has posted is heard.
    pub fn hears(&self, client: ClientId) -> bool {
        self.turns.is_heard(client)
    }

    // ANCHOR: advance
    /// Hears what was posted, a bounded part of it, as the members keep up.
    ///
    /// `now` is the time since any moment that stays the same. Returns how long to wait at most
    /// until this is to be called again, with the mailboxes emptied as far as their members take
    /// it meanwhile; `None` if all is heard.
    pub fn advance(&mut self, now: Duration) -> Option<Duration> {
        self.tell_departures();
        self.pace.look(now, |client| self.mailboxes.get(&client).map_or(0, Mailbox::waiting));
        let mut told = 0;
        while told < A_TURN {
            if let Some(wait) = self.pace.wait(now) {
                return self.turns.waiting().next().map(|_| wait);
            }
            let next = self.turns.next(|client| self.pace.hears(client, now));
            let Some((client, posts)) = next else {
                return self.pace.look_again(self.turns.waiting(), now);
            };
            let heard = self.hear(client, posts);
            self.pace.told(heard.to_others, now);
            told += heard.to_all;
        }
        self.turns.waiting().next().map(|_| Duration::ZERO)
    }
    // ANCHOR_END: advance

    /// A client is gone, at once, if it had not left before. The room first hears its last posts;
    /// the others are told when it [advances](Self::advance).
    pub fn leave(&mut self, client: ClientId) {
        while let Some(posts) = self.turns.take(client) {
            self.tell_departures();
            self.hear(client, posts);
        }
        self.forget(client);
        self.room.leave(client, "", &mut self.departures);
    }

    /// The server stops: every member is told, and its mailbox is dropped.
    pub fn stop(&mut self) {
        self.tell_departures();
        let mut told = 0;
        while told < LAST_WORDS
            && let Some((client, posts)) = self.turns.next(|_| true)
        {
            told += self.hear(client, posts).to_all;
        }
        self.change(|room, effects| room.stop(effects));
    }

    /// Does what the event says.
    pub fn handle(&mut self, event: Event<M>) {
        match event {
            Event::Join(client, name, mailbox) => self.join(client, name, mailbox),
            Event::Post(client, posts) => self.post(client, posts),
            Event::Leave(client) => self.leave(client),
            Event::Stop => self.stop(),
        }
    }

    fn tell_departures(&mut self) {
        if !self.departures.is_empty() {
            let departures = mem::take(&mut self.departures);
            self.change(|_, effects| effects.extend(departures));
        }
    }

    /// Hears a part of what was posted, and puts the rest back.
    fn hear(&mut self, client: ClientId, posts: Posts) -> Told {
        let mut rest = Posts::default();
        let told = self.change(|room, effects| rest = room.post(client, &posts, A_TURN, effects));
        if let Some(mailbox) = self.mailboxes.get_mut(&client) {
            self.turns.heard(client, told.to_all.max(posts.as_bytes().len()));
            if rest.is_empty() {
                mailbox.heard();
            }
            self.turns.put_back(client, rest);
        }
        told
    }

    // ANCHOR: change
    /// Changes the room and does what follows from it, which may be that a member proves too slow,
    /// that the others hear of it, and that this is too much for the next one.
    fn change(&mut self, change: impl FnOnce(&mut Room, &mut Vec<Effect>)) -> Told {
        let mut told = Told::default();
        let mut effects = Vec::new();
        change(&mut self.room, &mut effects);
        let mut effects = VecDeque::from(effects);
        while let Some(effect) = effects.pop_front() {
            match effect {
                Effect::Tell(audience, lines) => {
                    let line = Line::from(&lines[..]);
                    told.add(audience, line.cost());
                    for client in self.deliver(audience, &line) {
                        warn!("{client} is too slow: its mailbox is full");
                        let mut more = Vec::new();
                        self.room.leave(client, ": too slow", &mut more);
                        effects.extend(more);
                    }
                }
                Effect::Part(client) => self.forget(client),
            }
        }
        told
    }
    // ANCHOR_END: change

    /// Offers a line to an audience. Whoever refuses it has no mailbox any more, and is returned.
    fn deliver(&mut self, audience: Audience, line: &Line) -> Vec<ClientId> {
        let mut too_slow = Vec::new();
        let mut offer = |client: ClientId, mailbox: &mut M| match mailbox.offer(line) {
            Ok(waiting) => self.pace.offered(client, line.cost(), waiting),
            Err(_) => too_slow.push(client),
        };
        match audience {
            Audience::Only(client) => {
                if let Some(mailbox) = self.mailboxes.get_mut(&client) {
                    offer(client, mailbox);
                }
            }
            Audience::Others(client) => {
                let others = self.mailboxes.iter_mut().filter(|(other, _)| **other != client);
                others.for_each(|(&other, mailbox)| offer(other, mailbox));
            }
            Audience::Everybody => {
                self.mailboxes.iter_mut().for_each(|(&client, mailbox)| offer(client, mailbox));
            }
        }
        too_slow.iter().for_each(|&client| self.forget(client));
        too_slow
    }

    /// Drops a mailbox, and what its member has posted since it left.
    fn forget(&mut self, client: ClientId) {
        self.mailboxes.remove(&client);
        self.turns.forget(client);
        self.pace.forget(client);
    }
}

/// How much a change of the room takes up of a mailbox, be it of one or of all.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    /// What anybody is told.
    to_all: usize,
    /// What others are told than the one that asked.
    to_others: usize,
}

impl Told {
    fn add(&mut self, audience: Audience, cost: usize) {
        self.to_all += cost;
        if !matches!(audience, Audience::Only(_)) {
            self.to_others += cost;
        }
    }
}
