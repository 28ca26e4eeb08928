//! The room, and the links that carry its talk: the parent's end of a link to each member's child.
//!
//! A member leaves the room when its link ends, and not when its process ends (see `lib`): the link
//! may still hold posts that the child sent before.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::os::fd::BorrowedFd;
use std::time::Instant;

use nix::poll::PollFlags;
use protocol::{ClientId, Hub, OutboxMailbox, OutboxState};

use crate::link::{Heard, Link};

// ANCHOR: relay
/// The room, and a link to each member.
#[derive(Debug)]
pub struct Relay {
    hub: Hub<OutboxMailbox>,
    links: BTreeMap<ClientId, Link>,
    /// The start of the hub's clock, and the time at which to ask the hub again.
    begun: Instant,
    advance_at: Option<Instant>,
}
// ANCHOR_END: relay

impl Default for Relay {
    /// An empty room.
    fn default() -> Relay {
        Relay {
            hub: Hub::default(),
            links: BTreeMap::new(),
            begun: Instant::now(),
            advance_at: None,
        }
    }
}

impl Relay {
    /// Lets a client join the room. The room's lines for it go through `link`.
    pub fn join(&mut self, client: ClientId, peer: SocketAddr, link: Link) {
        self.hub.join(client, peer.to_string(), link.outbox.mailbox());
        self.links.insert(client, link);
    }

    /// Lets a client leave again, since no process could be started for it.
    pub fn leave(&mut self, client: ClientId) {
        self.hub.leave(client);
        self.links.remove(&client);
    }

    /// Whether a client's link is still there: until the room has heard all that came through it.
    pub fn has(&self, client: ClientId) -> bool {
        self.links.contains_key(&client)
    }

    /// The readiness to wait for on each link: writable if lines wait for the child, and readable
    /// if the room has heard its earlier posts.
    pub fn interests(&self) -> impl Iterator<Item = (ClientId, BorrowedFd<'_>, PollFlags)> {
        self.links.iter().filter_map(|(&client, link)| {
            let (socket, flags) = link.interest(self.hub.hears(client))?;
            Some((client, socket, flags))
        })
    }

    // ANCHOR: receive
    /// Receives what a member's child has sent.
    pub fn receive(&mut self, client: ClientId) {
        let Some(link) = self.links.get_mut(&client).filter(|_| self.hub.hears(client)) else {
            return;
        };
        match link.receive() {
            Heard::Posts(posts) => self.hub.post(client, posts),
            Heard::Nothing => {}
            Heard::End => self.hub.leave(client),
        }
    }
    // ANCHOR_END: receive

    // ANCHOR: turn
    /// Ends a turn of the loop: lets the room hear the posts, sends every child its lines, and
    /// forgets the links that have ended. Returns the clients that are too slow, and their links: a
    /// child whose link is dropped cuts its client off.
    pub fn turn(&mut self) -> Vec<(ClientId, Link)> {
        let wait = self.hub.advance(self.begun.elapsed());
        self.advance_at = wait.map(|wait| Instant::now() + wait);
        let slow =
            self.links.iter().filter(|(_, link)| link.outbox.state() == OutboxState::TooSlow);
        let slow: Vec<_> = slow.map(|(&client, _)| client).collect();
        let too_slow = slow.into_iter().filter_map(|client| self.links.remove_entry(&client));
        let too_slow = too_slow.collect();
        self.links.retain(|_, link| {
            link.send();
            !link.is_over()
        });
        too_slow
    }
    // ANCHOR_END: turn

    /// Says goodbye to all members.
    pub fn stop(&mut self) {
        self.hub.stop();
    }

    /// The time at which the hub wants to be asked again, if no descriptor is ready before.
    pub fn deadline(&self) -> Option<Instant> {
        self.advance_at
    }

    /// Whether all links have ended.
    pub fn is_over(&self) -> bool {
        self.links.is_empty()
    }
}
