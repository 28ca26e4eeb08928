//! The order in which posts are heard: the member that has lately said the least comes first.
//!
//! If posts were heard in the order of arrival, floods would go first, since they always wait
//! already.

use alloc::collections::BTreeMap;

use crate::{ClientId, Posts};

/// The posts that are not heard yet, and their order.
///
/// This is fair queueing. Each post has a place: the end of its member's last post plus its own
/// size. The lowest place is next. If a member has been silent, its place counts from the others'
/// place, so a silent member saves up nothing.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    unheard: BTreeMap<ClientId, Posts>,
    /// The end of each member's last post.
    ends: BTreeMap<ClientId, u64>,
    /// The place of the post that was heard last.
    place: u64,
}

impl Turns {
    /// Takes a member's posts. They go behind earlier ones that are not heard yet.
    pub(crate) fn push(&mut self, client: ClientId, posts: Posts) {
        self.unheard.entry(client).or_default().append(posts);
    }

    /// Puts back the rest of posts that are partly heard.
    pub(crate) fn put_back(&mut self, client: ClientId, rest: Posts) {
        if !rest.is_empty() {
            self.unheard.insert(client, rest);
        }
    }

    /// Takes out the posts whose turn it is, among those that may be heard.
    pub(crate) fn next(&mut self, hears: impl Fn(ClientId) -> bool) -> Option<(ClientId, Posts)> {
        let allowed = self.unheard.iter().filter(|(client, _)| hears(**client));
        let place = |(&client, posts): (&ClientId, &Posts)| {
            (self.begin(client) + posts.as_bytes().len() as u64, client)
        };
        let (_, client) = allowed.map(place).min()?;
        Some((client, self.take(client)?))
    }

    /// Takes out a member's posts.
    pub(crate) fn take(&mut self, client: ClientId) -> Option<Posts> {
        self.unheard.remove(&client)
    }

    /// Notes that a part of a member's posts is heard, and that it took up `bytes`.
    pub(crate) fn heard(&mut self, client: ClientId, bytes: usize) {
        self.place = self.begin(client);
        self.ends.insert(client, self.place + bytes as u64);
    }

    /// Forgets a member that has left.
    pub(crate) fn forget(&mut self, client: ClientId) {
        self.unheard.remove(&client);
        self.ends.remove(&client);
    }

    /// Whether no post of a member waits.
    pub(crate) fn is_heard(&self, client: ClientId) -> bool {
        !self.unheard.contains_key(&client)
    }

    /// The members whose posts wait.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = ClientId> {
        self.unheard.keys().copied()
    }

    fn begin(&self, client: ClientId) -> u64 {
        self.ends.get(&client).map_or(self.place, |&end| end.max(self.place))
    }
}
