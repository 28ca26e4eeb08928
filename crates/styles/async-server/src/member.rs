//! A member of the room: one task that reads and writes at the same time.
//!
//! Both halves run concurrently within the task: a member hears the others even while it posts.
//! Only one half writes, so lines do not mix.

use std::future::ready;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use protocol::{Allowance, ClientId, Event, Line, Posts, Queue, Service, Session, TooSlow};
use sockets::{LINGER, Limits, WRITE_SIZE, cut, gather};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::select;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::yield_now;
use tokio::time::timeout;

use crate::client::{IdleClock, in_time, read};

// ANCHOR: mailbox
/// The hub's half of a member's mailbox: a channel whose bound is in bytes.
pub(crate) struct Mailbox {
    lines: mpsc::UnboundedSender<Line>,
    allowance: Arc<Allowance>,
    is_heard: Arc<Notify>,
    too_slow: Option<oneshot::Sender<TooSlow>>,
}

impl protocol::Mailbox for Mailbox {
    fn offer(&mut self, line: &Line) -> Result<usize, TooSlow> {
        if self.lines.is_closed() {
            return Ok(0);
        }
        let taken = self.allowance.take(line);
        match taken {
            // If sending fails, the member was lost just now.
            Ok(_) => drop(self.lines.send(line.clone())),
            Err(TooSlow) => drop(self.too_slow.take().map(|task| task.send(TooSlow))),
        }
        taken
    }

    fn waiting(&self) -> usize {
        if self.lines.is_closed() { 0 } else { self.allowance.waiting() }
    }

    fn heard(&mut self) {
        self.is_heard.notify_one();
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        // No more posts are heard: the member does not wait for that any more.
        self.is_heard.notify_one();
    }
}
// ANCHOR_END: mailbox

/// A client's place in the room.
pub(crate) struct Membership {
    place: Place,
    inbox: Inbox,
    too_slow: oneshot::Receiver<TooSlow>,
}

/// The part of a membership that posts to the hub.
struct Place {
    client: ClientId,
    hub: mpsc::Sender<Event<Mailbox>>,
    is_heard: Arc<Notify>,
}

/// The task's half of the mailbox.
struct Inbox {
    lines: mpsc::UnboundedReceiver<Line>,
    allowance: Arc<Allowance>,
}

impl Membership {
    pub(crate) async fn join(
        hub: &mpsc::Sender<Event<Mailbox>>,
        client: ClientId,
        peer: SocketAddr,
    ) -> Membership {
        let (sender, lines) = mpsc::unbounded_channel();
        let (cut_off, too_slow) = oneshot::channel();
        let (allowance, is_heard) = (Arc::<Allowance>::default(), Arc::<Notify>::default());
        let inbox = Inbox { lines, allowance: Arc::clone(&allowance) };
        let place = Place { client, hub: hub.clone(), is_heard: Arc::clone(&is_heard) };
        let mailbox = Mailbox { lines: sender, allowance, is_heard, too_slow: Some(cut_off) };
        // The hub never waits for a member, so waiting for the hub is safe.
        let _ = hub.send(Event::Join(client, peer.to_string(), mailbox)).await;
        Membership { place, inbox, too_slow }
    }
}

impl Place {
    // ANCHOR: post
    /// Posts, and waits until the room has heard the posts. Everything that the client says
    /// meanwhile is then one read, and a member that floods delays only itself.
    async fn post(&self, posts: Posts) {
        let _ = self.hub.send(Event::Post(self.client, posts)).await;
        self.is_heard.notified().await;
    }
    // ANCHOR_END: post

    async fn leave(&self) {
        let _ = self.hub.send(Event::Leave(self.client)).await;
    }
}

// ANCHOR: converse
/// Reads and posts, and writes the room's lines for this member, until one side has no more to say.
pub(crate) async fn converse(
    mut stream: TcpStream,
    service: Service,
    limits: Limits,
    Membership { place, inbox, too_slow }: Membership,
) -> io::Result<()> {
    let session = service.session(place.client);
    let (reader, writer) = stream.split();
    let ended = {
        let mut reading = pin!(post(reader, session, service.read_size(), place, &limits));
        let mut writing = pin!(write(writer, inbox, &limits));
        select! {
            Ok(TooSlow) = too_slow => None,
            // The client has no more to say: it still gets the lines that wait for it.
            read = &mut reading => match read {
                Ok(()) => Some(writing.await),
                Err(error) => Some(Err(error)),
            },
            // The client has got all its lines: it has the linger time to close.
            written = &mut writing => {
                let _ = timeout(LINGER, reading).await;
                Some(written)
            }
        }
    };
    ended.unwrap_or_else(|| {
        cut(&stream);
        Err(io::Error::other("too slow"))
    })
}
// ANCHOR_END: converse

/// Reads and posts until the client has no more to say. Input after that is not heard.
async fn post(
    mut reader: ReadHalf<'_>,
    mut session: Box<dyn Session>,
    read_size: usize,
    place: Place,
    limits: &Limits,
) -> io::Result<()> {
    let mut idle = IdleClock::start(limits.idle_timeout);
    loop {
        let mut input = Vec::new();
        let answer = select! {
            biased;
            () = ready(()), if idle.is_over() => session.idle(limits.idle_seconds()),
            read = read(&mut reader, read_size) => {
                input = read?;
                session.receive(&input)
            }
            () = idle.expired() => session.idle(limits.idle_seconds()),
        };
        idle.hear(&answer);
        if !answer.posts.is_empty() {
            place.post(answer.posts).await;
        } else if input.len() == read_size {
            // A line without an end posts nothing, and must not keep the other tasks waiting.
            yield_now().await;
        }
        if answer.finish {
            place.leave().await;
            return Ok(());
        }
    }
}

/// Writes the lines from the mailbox until the hub drops it, then shuts the sending side.
async fn write(mut writer: WriteHalf<'_>, mut inbox: Inbox, limits: &Limits) -> io::Result<()> {
    while let Some(mut queue) = inbox.take().await {
        while !queue.is_empty() {
            let lines: Vec<IoSlice<'_>> = gather(&queue);
            let written =
                in_time(Some(limits.write_timeout()), writer.write_vectored(&lines)).await?;
            queue.advance(written);
        }
    }
    writer.shutdown().await
}

impl Inbox {
    /// Waits for a line, and takes it with the lines queued behind it, for one write.
    async fn take(&mut self) -> Option<Queue> {
        let mut queue = Queue::default();
        let mut line = self.lines.recv().await;
        let mut size = 0;
        while let Some(next) = line {
            self.allowance.give_back(&next);
            size += next.len();
            let _ = queue.push(next);
            line = if size < WRITE_SIZE { self.lines.try_recv().ok() } else { None };
        }
        (size > 0).then_some(queue)
    }
}
