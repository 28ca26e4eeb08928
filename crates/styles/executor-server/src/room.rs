//! The room, and the task that keeps its time.

use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::time::{Duration, Instant};

use protocol::{ClientId, Hub, Posts};

use crate::executor::{first, yield_now};
use crate::member::Mailbox;
use crate::notify::Notify;
use crate::reactor::Reactor;

/// The room of all members. Every task may call it, since no other one runs meanwhile.
#[derive(Default)]
pub(crate) struct Room {
    hub: RefCell<Hub<Mailbox>>,
    /// There is something for the room's task to do.
    has_news: Notify,
}

impl Room {
    pub(crate) fn join(&self, client: ClientId, peer: SocketAddr, mailbox: Mailbox) {
        self.hub.borrow_mut().join(client, peer.to_string(), mailbox);
    }

    pub(crate) fn post(&self, client: ClientId, posts: Posts) {
        self.hub.borrow_mut().post(client, posts);
        self.has_news.notify();
    }

    /// Whether to read from a member: the room has heard all its posts.
    pub(crate) fn hears(&self, client: ClientId) -> bool {
        self.hub.borrow().hears(client)
    }

    pub(crate) fn leave(&self, client: ClientId) {
        self.hub.borrow_mut().leave(client);
        self.has_news.notify();
    }

    pub(crate) fn stop(&self) {
        self.hub.borrow_mut().stop();
    }
}

// ANCHOR: run
/// The task of the room: lets it hear the posts, at the pace of the members. It never ends by itself.
pub(crate) async fn run(room: Rc<Room>, reactor: Rc<Reactor>) -> io::Result<()> {
    let begun = Instant::now();
    loop {
        let wait = room.hub.borrow_mut().advance(begun.elapsed());
        match wait {
            // The members with new lines run before their mailboxes get more.
            Some(Duration::ZERO) => yield_now().await,
            Some(wait) => {
                let until_then = reactor.sleep_until(Instant::now() + wait);
                first([pin!(room.has_news.notified()), pin!(until_then)]).await;
            }
            None => room.has_news.notified().await,
        }
    }
}
// ANCHOR_END: run
