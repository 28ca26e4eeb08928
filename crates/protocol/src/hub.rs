use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::{string::String, vec::Vec};
use core::mem;
use core::time::Duration;

use tracing::warn;

use crate::pace::Pace;
use crate::room::{Audience, Effect, Room};
use crate::turns::Turns;
use crate::{ClientId, KEEPS_UP, Line, Mailbox, Posts};

/// How many bytes to put into each mailbox before checking the mailboxes again: 8 KiB.
///
/// One read may ask for much more: 4 KiB of `/who`, in a room of a hundred, are 1.4 MB of answers.
const A_TURN: usize = KEEPS_UP / 4;

/// How many bytes of waiting posts are still heard when the server stops. They fit into the mailbox
/// of a member that keeps up.
const LAST_WORDS: usize = 2 * KEEPS_UP;

/// How many members may be leaving, while the room has not yet heard their last posts.
///
/// Their drivers may serve others already, so without a limit these posts could take up all memory.
const MOST_LEAVING: usize = 1024;

// ANCHOR: hub
/// The room and its members' mailboxes: the hub puts one member's words into the others' mailboxes.
///
/// The hub never waits for anyone, so waiting for the hub is always safe.
/// A member whose mailbox is full is dropped, and the others are told: waiting for it would delay
/// them, keeping its lines would exhaust the server's memory, and leaving some out would falsify
/// the talk.
///
/// The hub has no clock: its driver tells it the time. The driver posts, [advances](Self::advance),
/// and waits. How long the room waits for which member is decided here, the same in every style,
/// and tested without a clock.
#[derive(Debug)]
pub struct Hub<M> {
    room: Room,
    mailboxes: BTreeMap<ClientId, M>,
    /// Members that leave as soon as the room has heard their last posts.
    leaving: BTreeSet<ClientId>,
    /// Departures that the other members have not heard of yet. They are told together: if a
    /// thousand members leave at once, each other member gets few lines, and not a thousand.
    departures: Vec<Effect>,
    /// Posts that are not heard yet.
    turns: Turns,
    /// Which members are behind.
    pace: Pace,
    /// The server stops.
    is_over: bool,
}
// ANCHOR_END: hub

/// A call of the hub as a message, for the styles that reach it through a channel.
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
            leaving: BTreeSet::new(),
            departures: Vec::new(),
            turns: Turns::default(),
            pace: Pace::default(),
            is_over: false,
        }
    }
}

impl<M: Mailbox> Hub<M> {
    /// Lets a client join the room at once, under `name`, its address. Once the server stops, drops
    /// its mailbox instead.
    ///
    /// The code that accepts also calls this, in the order of accepting and before it starts
    /// anything for the client: otherwise the order of joining would be a race. (Workers that take
    /// clients at the same time race anyway.)
    pub fn join(&mut self, client: ClientId, name: String, mailbox: M) {
        if self.is_over {
            return;
        }
        self.tell_departures();
        self.mailboxes.insert(client, mailbox);
        self.change(|room, effects| room.join(client, name, effects));
    }

    /// Takes posts of a client's session. The room hears them when their turn comes
    /// ([`advance`](Self::advance)). Posts of a client that has left are ignored.
    pub fn post(&mut self, client: ClientId, posts: Posts) {
        let is_here = self.mailboxes.contains_key(&client) && !self.leaving.contains(&client);
        if !posts.is_empty() && is_here {
            self.turns.push(client, posts);
        }
    }

    /// Whether to read from a client: the room has heard all its posts.
    pub fn hears(&self, client: ClientId) -> bool {
        self.turns.is_heard(client)
    }

    // ANCHOR: advance
    /// Lets the room hear a limited part of the waiting posts, at the pace of the members.
    ///
    /// `now` is the time since any fixed moment. Returns how long to wait, at most, before the next
    /// call; meanwhile the driver sends the lines in the mailboxes. `None` if all posts are heard.
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

    // ANCHOR: leave
    /// Removes a client, if it has not left before, as soon as the room has heard its last posts.
    /// The others are told in [`advance`](Self::advance).
    ///
    /// These posts are heard at the pace of the members too, and one turn of them: otherwise
    /// strangers that flood, reset their connections and come back would fill the mailboxes of
    /// members that read, or keep the room busy after they have left.
    pub fn leave(&mut self, client: ClientId) {
        if !self.turns.is_heard(client) {
            if self.leaving.len() < MOST_LEAVING || self.leaving.contains(&client) {
                self.leaving.insert(client);
                return;
            }
            warn!("{client}: its last posts are not heard: too many others have left before");
        }
        self.forget(client);
        self.room.leave(client, "", &mut self.departures);
    }
    // ANCHOR_END: leave

    /// Tells every member that the server stops, and drops its mailbox.
    pub fn stop(&mut self) {
        self.tell_departures();
        let mut told = 0;
        while told < LAST_WORDS
            && let Some((client, posts)) = self.turns.next(|_| true)
        {
            told += self.hear(client, posts).to_all;
        }
        self.change(|room, effects| room.stop(effects));
        self.is_over = true;
    }

    /// Makes the call that the event stands for.
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

    /// Lets the room hear a part of the posts, and puts the rest back, unless the client is leaving.
    fn hear(&mut self, client: ClientId, posts: Posts) -> Told {
        let mut rest = Posts::default();
        let mut told =
            self.change(|room, effects| rest = room.post(client, &posts, A_TURN, effects));
        let is_leaving = self.leaving.contains(&client);
        if let Some(mailbox) = self.mailboxes.get_mut(&client) {
            self.turns.heard(client, told.to_all.max(posts.as_bytes().len()));
            if rest.is_empty() {
                mailbox.heard();
            }
            self.turns.put_back(client, rest);
        }
        if is_leaving {
            self.forget(client);
            let left = self.change(|room, effects| room.leave(client, "", effects));
            told.to_all += left.to_all;
            told.to_others += left.to_others;
        }
        told
    }

    // ANCHOR: change
    /// Changes the room and carries out the effects. They can cause more: a member may prove too
    /// slow, the others are told, and that may be too much for the next one.
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

    /// Offers a line to an audience. Drops the mailboxes that refuse it, and returns their members.
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

    /// Drops a mailbox, and the posts of its member that still wait.
    fn forget(&mut self, client: ClientId) {
        self.mailboxes.remove(&client);
        self.leaving.remove(&client);
        self.turns.forget(client);
        self.pace.forget(client);
    }
}

/// How many bytes a change of the room puts into mailboxes.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    /// The bytes for any member.
    to_all: usize,
    /// The bytes for other members than the one that asked.
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
