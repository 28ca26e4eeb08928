use alloc::collections::{BTreeMap, VecDeque};
use alloc::{string::String, vec::Vec};

use tracing::warn;

use crate::room::{Audience, Effect, Room};
use crate::{Client, Line, Mailbox, Posts};

/// The room and its members' mailboxes: what one member says is put where the others will find it.
///
/// The hub never waits for anyone, so waiting for the hub is always safe.
/// A member whose mailbox is full is dropped, and the others are told: waiting for it would punish
/// them, keeping its lines would exhaust the server, and leaving some out would falsify the talk.
#[derive(Debug)]
pub struct Hub<M> {
    room: Room,
    mailboxes: BTreeMap<Client, M>,
    /// What is too much to be heard at once, in the order in which it came.
    unheard: VecDeque<(Client, Posts)>,
}

/// What can happen to a hub, as a message: for the styles that reach theirs through a channel.
#[derive(Debug)]
pub enum Event<M> {
    /// See [`Hub::join`].
    Join(Client, String, M),
    /// See [`Hub::post`].
    Post(Client, Posts),
    /// See [`Hub::leave`].
    Leave(Client),
    /// See [`Hub::stop`].
    Stop,
}

impl<M> Default for Hub<M> {
    fn default() -> Self {
        Hub { room: Room::default(), mailboxes: BTreeMap::new(), unheard: VecDeque::new() }
    }
}

impl<M: Mailbox> Hub<M> {
    /// A client joins the room under `name`, its address.
    ///
    /// Whoever accepts also joins, in the order of accepting and before anything is started for
    /// the client: else the order of joining were a race.
    pub fn join(&mut self, client: Client, name: String, mailbox: M) {
        self.mailboxes.insert(client, mailbox);
        self.change(|room, effects| room.join(client, name, effects));
    }

    /// A client's session tells the room something. Nothing from a client that has left is heard.
    ///
    /// What asks for more than a mailbox may hold at once is heard in pieces: the first one now,
    /// unless others wait already, the rest by [`go_on`](Self::go_on).
    pub fn post(&mut self, client: Client, posts: Posts) {
        self.unheard.push_back((client, posts));
        if self.unheard.len() == 1 {
            self.go_on();
        }
    }

    /// Hears the next piece of what was posted. `false`: all is heard.
    ///
    /// Between two pieces the mailboxes should be given time to empty themselves.
    pub fn go_on(&mut self) -> bool {
        let Some((client, posts)) = self.unheard.pop_front() else {
            return false;
        };
        let rest = self.hear(client, &posts);
        if !rest.is_empty() {
            self.unheard.push_front((client, rest));
        }
        true
    }

    /// A client is gone, if it had not left before. What it had posted is heard first.
    pub fn leave(&mut self, client: Client) {
        let is_its_own = |(other, _): &(Client, Posts)| *other == client;
        while let Some(index) = self.unheard.iter().position(is_its_own) {
            let posts = self.unheard.remove(index).map(|(_, posts)| posts);
            let mut rest = posts.unwrap_or_default();
            while !rest.is_empty() {
                rest = self.hear(client, &rest);
            }
        }
        self.change(|room, effects| room.leave(client, "", effects));
    }

    /// The server stops: every member is told, and its mailbox is dropped.
    pub fn stop(&mut self) {
        while self.go_on() {}
        self.change(|room, effects| room.stop(effects));
    }

    /// The members that have fallen behind, and [by how much](Mailbox::behind_by): the next post
    /// should wait a moment for them (`Pace` in `sockets`). The hub itself does not wait, and takes
    /// whatever comes.
    pub fn behind(&self) -> impl Iterator<Item = (Client, usize)> {
        let mailboxes = self.mailboxes.iter();
        let behind = mailboxes.map(|(&client, mailbox)| (client, mailbox.behind_by()));
        behind.filter(|(_, by)| *by > 0)
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

    /// Hears a piece of what was posted, and returns the rest.
    fn hear(&mut self, client: Client, posts: &Posts) -> Posts {
        let mut rest = Posts::default();
        self.change(|room, effects| rest = room.post(client, posts, effects));
        rest
    }

    // ANCHOR: change
    /// Changes the room and does what follows from it, which may be that a member proves too slow,
    /// that the others hear of it, and that this is too much for the next one.
    fn change(&mut self, change: impl FnOnce(&mut Room, &mut Vec<Effect>)) {
        let mut effects = Vec::new();
        change(&mut self.room, &mut effects);
        let mut effects = VecDeque::from(effects);
        while let Some(effect) = effects.pop_front() {
            match effect {
                Effect::Tell(audience, lines) => {
                    for client in self.deliver(audience, &Line::from(&lines[..])) {
                        warn!("{client} is too slow: its mailbox is full");
                        let mut more = Vec::new();
                        self.room.leave(client, ": too slow", &mut more);
                        effects.extend(more);
                    }
                }
                Effect::Part(client) => drop(self.mailboxes.remove(&client)),
            }
        }
    }
    // ANCHOR_END: change

    /// Offers a line to an audience. Whoever refuses it has no mailbox any more, and is returned.
    fn deliver(&mut self, audience: Audience, line: &Line) -> Vec<Client> {
        let mut too_slow = Vec::new();
        let mut offer = |client: Client, mailbox: &mut M| {
            if mailbox.offer(line).is_err() {
                too_slow.push(client);
            }
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
        for client in &too_slow {
            self.mailboxes.remove(client);
        }
        too_slow
    }
}
