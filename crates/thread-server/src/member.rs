//! A member of the room: one thread that reads, and another that writes.
//!
//! Two threads, since a thread that waits for its client cannot wait for the room too.
//! One writer alone, since two would tear each other's lines.

use std::io::{self, ErrorKind};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::thread::{self, Builder};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use protocol::{Allowance, Client, Event, Line, Queue, Session, TooSlow};
use sockets::{Buffer, Connection, Input, LINGER, Limits, WRITE_SIZE, cut, write_queue};

use crate::STACK;

// ANCHOR: mailbox
/// The hub's half of a member's mailbox: a channel whose bound is in bytes.
pub(crate) struct Mailbox {
    lines: Sender<Line>,
    allowance: Arc<Allowance>,
    stream: Arc<TcpStream>,
}

impl protocol::Mailbox for Mailbox {
    fn offer(&mut self, line: &Line) -> Result<(), TooSlow> {
        let taken = self.allowance.take(line);
        match taken {
            // If the writer is gone the client is too, and its reader is about to say so.
            Ok(()) => drop(self.lines.send(line.clone())),
            // That wakes the reader and the writer, wherever they are.
            Err(TooSlow) => cut(&self.stream),
        }
        taken
    }

    fn behind_by(&self) -> usize {
        self.allowance.behind_by()
    }
}
// ANCHOR_END: mailbox

/// A client's place in the room. Dropping it is leaving, also when the client's thread could not
/// be started, or panics.
pub(crate) struct Membership {
    client: Client,
    hub: Sender<Event<Mailbox>>,
    inbox: Inbox,
    stream: Arc<TcpStream>,
}

/// The writer's half of the mailbox.
#[derive(Clone)]
struct Inbox {
    lines: Receiver<Line>,
    allowance: Arc<Allowance>,
}

impl Membership {
    pub(crate) fn join(
        hub: &Sender<Event<Mailbox>>,
        client: Client,
        name: String,
        stream: &Arc<TcpStream>,
    ) -> Membership {
        let (sender, lines) = unbounded();
        let allowance = Arc::<Allowance>::default();
        let inbox = Inbox {
            lines,
            allowance: Arc::clone(&allowance),
        };
        let mailbox = Mailbox {
            lines: sender,
            allowance,
            stream: Arc::clone(stream),
        };
        // The hub never waits, so waiting for it is safe; it is there as long as the main thread.
        let _ = hub.send(Event::Join(client, name, mailbox));
        Membership {
            client,
            hub: hub.clone(),
            inbox,
            stream: Arc::clone(stream),
        }
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        let _ = self.hub.send(Event::Leave(self.client));
    }
}

// ANCHOR: converse
/// Reads and posts, while another thread writes what the room has for this member.
pub(crate) fn converse(
    mut connection: Connection<'_>,
    mut session: Box<dyn Session>,
    mut buffer: Buffer,
    limits: &Limits,
    membership: Membership,
) -> io::Result<()> {
    membership
        .stream
        .set_write_timeout(Some(limits.write_timeout()))?;
    let (inbox, stream) = (membership.inbox.clone(), Arc::clone(&membership.stream));
    let (reading, read_to_the_end) = bounded::<()>(0);
    thread::scope(|scope| {
        // Both are dropped when the reader ends, be it by a panic: the first ends the membership,
        // so that the writer ends, and the second tells it that there is nobody to wait for.
        let (membership, _reading) = (membership, reading);
        let writer = Builder::new().name(format!("writer-{}", membership.client.0));
        let writer = writer.stack_size(STACK);
        writer.spawn_scoped(scope, move || write(&stream, &inbox, &read_to_the_end))?;
        loop {
            let answer = match connection.read(&mut buffer)? {
                // What a client sends after it has left is read to the end, and not heard.
                Input::Bytes(bytes) => session.receive(bytes),
                Input::Idle(seconds) => session.idle(seconds),
                Input::Stop => return Ok(()),
            };
            if !answer.is_empty() {
                connection.restart_idle_clock();
                let post = Event::Post(membership.client, answer.posts);
                let _ = membership.hub.send(post);
            }
            if answer.finish {
                return Ok(());
            }
        }
    })
}
// ANCHOR_END: converse

// ANCHOR: write
/// Writes what comes through the mailbox until the hub drops it, then finishes the client.
fn write(stream: &TcpStream, inbox: &Inbox, read_to_the_end: &Receiver<()>) -> io::Result<()> {
    while let Some(mut queue) = inbox.take() {
        write_queue(stream, &mut queue)?;
        if !queue.is_empty() {
            // The socket's timeout is over, and the client has not taken a byte.
            cut(stream);
            return Err(ErrorKind::TimedOut.into());
        }
    }
    stream.shutdown(Shutdown::Write)?;
    let _ = read_to_the_end.recv_timeout(LINGER);
    // That wakes the reader, if it still waits for a client that does not close.
    stream.shutdown(Shutdown::Both)
}
// ANCHOR_END: write

impl Inbox {
    /// Waits for a line and takes it, with those that have queued up behind it, for one write.
    fn take(&self) -> Option<Queue> {
        let mut queue = Queue::default();
        let mut line = self.lines.recv().ok();
        let mut size = 0;
        while let Some(next) = line {
            self.allowance.give_back(&next);
            size += next.len();
            let _ = queue.push(next);
            line = if size < WRITE_SIZE {
                self.lines.try_recv().ok()
            } else {
                None
            };
        }
        (size > 0).then_some(queue)
    }
}
