//! A member of the room: one task that reads and writes at the same time.
//!
//! Both halves run concurrently within the task: a member hears the others even while it posts.
//! Only one half writes, so lines do not mix.

use std::io::{self, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::pin::pin;
use std::rc::Rc;

use protocol::{ClientId, Line, Outbox, OutboxMailbox, OutboxState, Posts, Session, TooSlow};
use sockets::{LINGER, Limits, cut, gather};

use crate::buffers::Buffers;
use crate::client::{Conditions, Event, IdleClock, in_time, read};
use crate::executor::{first, yield_now};
use crate::notify::Notify;
use crate::reactor::{Reactor, Source};
use crate::room::Room;

// ANCHOR: mailbox
/// The hub's half of a member's mailbox. It leaves notices for the two halves of the member's task.
pub(crate) struct Mailbox {
    outbox: OutboxMailbox,
    notices: Rc<Notices>,
}

#[derive(Default)]
struct Notices {
    /// There are lines to write, or no more will come.
    has_lines: Notify,
    /// The room has heard the member's posts, or will hear no more.
    is_heard: Notify,
}

impl protocol::Mailbox for Mailbox {
    fn offer(&mut self, line: &Line) -> Result<usize, TooSlow> {
        // If a line waits already, the member was told of that one.
        if self.outbox.waiting() == 0 {
            self.notices.has_lines.notify();
        }
        self.outbox.offer(line)
    }

    fn waiting(&self) -> usize {
        self.outbox.waiting()
    }

    fn heard(&mut self) {
        self.notices.is_heard.notify();
    }
}

/// The hub drops the mailbox of a member that leaves or is too slow.
impl Drop for Mailbox {
    fn drop(&mut self) {
        self.notices.has_lines.notify();
        self.notices.is_heard.notify();
    }
}
// ANCHOR_END: mailbox

/// A client's place in the room.
pub(crate) struct Membership {
    client: ClientId,
    room: Rc<Room>,
    outbox: Outbox,
    notices: Rc<Notices>,
}

impl Membership {
    pub(crate) fn join(room: &Rc<Room>, client: ClientId, peer: SocketAddr) -> Membership {
        let (outbox, notices) = (Outbox::default(), Rc::<Notices>::default());
        let mailbox = Mailbox { outbox: outbox.mailbox(), notices: Rc::clone(&notices) };
        room.join(client, peer, mailbox);
        Membership { client, room: Rc::clone(room), outbox, notices }
    }

    // ANCHOR: post
    /// Posts, and waits until the room has heard the posts. Everything that the client says
    /// meanwhile is then one read, and a member that floods delays only itself.
    async fn post(&self, posts: Posts) {
        self.room.post(self.client, posts);
        while !self.room.hears(self.client) {
            self.notices.is_heard.notified().await;
        }
    }
    // ANCHOR_END: post
}

/// How one half of a member's task has ended.
enum Half {
    Read(io::Result<()>),
    Written(io::Result<()>),
}

// ANCHOR: converse
/// Reads and posts, and writes the room's lines for this member, until one side has no more to say.
pub(crate) async fn converse(
    stream: Source<TcpStream>,
    conditions: Rc<Conditions>,
    membership: Membership,
) -> io::Result<()> {
    let Conditions { service, limits, reactor, buffers, .. } = &*conditions;
    let session = service.session(membership.client);
    let mut reading = pin!(post(&stream, session, &membership, buffers, limits, reactor));
    let mut writing = pin!(write(&stream, &membership, limits, reactor));
    let half = first([
        pin!(async { Half::Read(reading.as_mut().await) }),
        pin!(async { Half::Written(writing.as_mut().await) }),
    ])
    .await;
    match half {
        // The client has no more to say: it still gets the lines that wait for it.
        Half::Read(Ok(())) => writing.await,
        Half::Read(Err(error)) => Err(error),
        // The client has got all its lines: it has the linger time to close.
        Half::Written(Ok(())) => {
            let _ = in_time(reactor, Some(LINGER), reading).await;
            Ok(())
        }
        Half::Written(Err(error)) => Err(error),
    }
}
// ANCHOR_END: converse

/// Reads and posts until the client has no more to say. Input after that is not heard.
async fn post(
    stream: &Source<TcpStream>,
    mut session: Box<dyn Session>,
    membership: &Membership,
    buffers: &Rc<Buffers>,
    limits: &Limits,
    reactor: &Rc<Reactor>,
) -> io::Result<()> {
    let mut idle = IdleClock::start(reactor, limits.idle_timeout);
    loop {
        let event = match idle.is_over() {
            true => Event::Idle,
            false => {
                first([
                    pin!(async { Event::Read(read(stream, buffers).await) }),
                    pin!(idle.expired()),
                ])
                .await
            }
        };
        let input;
        let answer = match event {
            Event::Read(read) => {
                input = read?;
                session.receive(&input)
            }
            _ => session.idle(limits.idle_seconds()),
        };
        idle.hear(&answer);
        if !answer.posts.is_empty() {
            membership.post(answer.posts).await;
        } else if !stream.is_drained() {
            // A line without an end posts nothing, and must not keep the other tasks waiting.
            yield_now().await;
        }
        if answer.finish {
            membership.room.leave(membership.client);
            return Ok(());
        }
    }
}

// ANCHOR: write
/// Writes the lines from the mailbox until the hub drops it, then shuts the sending side.
async fn write(
    stream: &Source<TcpStream>,
    Membership { outbox, notices, .. }: &Membership,
    limits: &Limits,
    reactor: &Rc<Reactor>,
) -> io::Result<()> {
    loop {
        if outbox.state() == OutboxState::TooSlow {
            cut(stream.socket());
            return Err(io::Error::other("too slow"));
        }
        let is_empty = outbox.queue().is_empty();
        if is_empty && outbox.state() == OutboxState::Ended {
            return stream.socket().shutdown(Shutdown::Write);
        }
        if is_empty {
            notices.has_lines.notified().await;
        } else if !send(stream, outbox)? {
            // The socket takes no more. The mailbox may prove too full meanwhile.
            let has_news = async {
                notices.has_lines.notified().await;
                Ok(())
            };
            let goes_on = async { first([pin!(stream.writable()), pin!(has_news)]).await };
            in_time(reactor, Some(limits.write_timeout()), goes_on).await?;
        }
    }
}
// ANCHOR_END: write

/// Sends the first lines in one write. Returns whether the socket took any.
fn send(stream: &Source<TcpStream>, outbox: &Outbox) -> io::Result<bool> {
    let mut queue = outbox.queue();
    let lines = gather(&queue);
    let written = stream.try_to_write(|mut stream| stream.write_vectored(&lines))?;
    drop(lines);
    queue.advance(written.unwrap_or(0));
    Ok(written.is_some())
}
