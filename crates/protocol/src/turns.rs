//! The order in which posts are heard: the member that has said least lately comes first.
//!
//! First come, first served would let floods go first, since they always wait already.

use alloc::collections::BTreeMap;

use crate::{ClientId, Posts};

/// What is posted and not yet heard, and in which order it will be.
///
/// That is fair queueing: each post has a place, which is where its member's last one ended plus
/// its own size, and the lowest place is next. Where a member has been silent, its place counts
/// from that of the others, so that silence saves up nothing.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    unheard: BTreeMap<ClientId, Posts>,
    /// Where each member's last post ended.
    ends: BTreeMap<ClientId, u64>,
    /// The place of the post that was heard last.
    place: u64,
}

impl Turns {
    /// A member has posted. A second post before the first is heard goes behind it.
    pub(crate) fn push(&mut self, client: ClientId, posts: Posts) {
        self.unheard.entry(client).or_default().append(posts);
    }

    /// Puts back what is left of a post of which a part is heard.
    pub(crate) fn put_back(&mut self, client: ClientId, rest: Posts) {
        if !rest.is_empty() {
            self.unheard.insert(client, rest);
        }
    }

    /// Takes out the post whose turn it is, of those that may be heard.
    pub(crate) fn next(&mut self, hears: impl Fn(ClientId) -> bool) -> Option<(ClientId, Posts)> {
        let allowed = self.unheard.iter().filter(|(client, _)| hears(**client));
        let place = |(&client, posts): (&ClientId, &Posts)| {
            (self.begin(client) + posts.as_bytes().len() as u64, client)
        };
        let (_, client) = allowed.map(place).min()?;
        Some((client, self.take(client)?))
    }

    /// Takes out what a member has posted.
    pub(crate) fn take(&mut self, client: ClientId) -> Option<Posts> {
        self.unheard.remove(&client)
    }

    /// A part of what a member posted is heard, and made so many bytes for whoever they are.
    pub(crate) fn heard(&mut self, client: ClientId, bytes: usize) {
        self.place = self.begin(client);
        self.ends.insert(client, self.place + bytes as u64);
    }

    /// A member has left.
    pub(crate) fn forget(&mut self, client: ClientId) {
        self.unheard.remove(&client);
        self.ends.remove(&client);
    }

    /// Whether nothing of what a member has posted waits.
    pub(crate) fn is_heard(&self, client: ClientId) -> bool {
        !self.unheard.contains_key(&client)
    }

    /// Whose posts wait.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = ClientId> {
        self.unheard.keys().copied()
    }

    fn begin(&self, client: ClientId) -> u64 {
        self.ends.get(&client).map_or(self.place, |&end| end.max(self.place))
    }
}
