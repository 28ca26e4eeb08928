//! A member of the room: one thread that reads, and another that writes.
//!
//! There are two threads, since a thread that waits for its client cannot wait for the room too.
//! There is only one writer, since the lines of two writers would mix.

use std::io::{self, ErrorKind};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Weak};
#[cfg(not(test))]
use std::sync::{Condvar, Mutex, MutexGuard};
use std::thread::{self, Builder};

use crossbeam_channel::{Receiver, Sender, bounded};
use protocol::{ClientId, Event, Line, Posts, Queue, Session, TooSlow};
// The same types, but a test decides which thread runs next.
#[cfg(test)]
use shuttle::sync::{Condvar, Mutex, MutexGuard};
use sockets::{LINGER, Limits, WRITE_SIZE, cut, write_queue};

use super::STACK;
use crate::blocking::{Buffer, Connection, Input};

#[cfg(test)]
#[path = "../../tests/threads/races.rs"]
mod races;

// ANCHOR: mailbox
/// The lines that wait for a member's writer, and the flag that its reader waits for. The hub and
/// both threads take turns to hold its lock, and a condition variable wakes each of the two
/// threads.
#[derive(Default)]
struct Inbox {
    waiting: Mutex<Waiting>,
    /// Notified when there are lines, or when no more will come.
    has_lines: Condvar,
    /// Notified when the room has heard the member's posts, or when no more lines will come.
    is_heard: Condvar,
}

#[derive(Default)]
struct Waiting {
    queue: Queue,
    /// The room has not yet heard the member's posts.
    is_unheard: bool,
    /// No more lines will come.
    is_over: bool,
    /// No more lines can be written.
    is_lost: bool,
}

/// The hub's half of the inbox.
pub struct Mailbox {
    inbox: Arc<Inbox>,
    /// The connection, unless it has ended.
    stream: Weak<TcpStream>,
}

impl protocol::Mailbox for Mailbox {
    fn offer(&mut self, line: &Line) -> Result<usize, TooSlow> {
        let taken = self.inbox.lock().push(line);
        match taken {
            Ok(_) => self.inbox.has_lines.notify_one(),
            // This wakes the reader and the writer, whatever they wait for.
            Err(TooSlow) => drop(self.stream.upgrade().map(|stream| cut(&stream))),
        }
        taken
    }

    fn waiting(&self) -> usize {
        self.inbox.lock().bytes()
    }

    fn heard(&mut self) {
        self.inbox.lock().is_unheard = false;
        self.inbox.is_heard.notify_one();
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.inbox.end();
    }
}
// ANCHOR_END: mailbox

/// A client's place in the room. Dropping it makes the client leave, even if the client's thread
/// could not be started or panics.
pub struct Membership {
    client: ClientId,
    hub: Sender<Event<Mailbox>>,
    inbox: Arc<Inbox>,
    stream: Arc<TcpStream>,
}

impl Membership {
    /// Lets a client join the room, which then sends its lines to the client's inbox.
    pub fn join(
        hub: &Sender<Event<Mailbox>>,
        client: ClientId,
        peer: SocketAddr,
        stream: &Arc<TcpStream>,
    ) -> Membership {
        let inbox = Arc::<Inbox>::default();
        let mailbox = Mailbox { inbox: Arc::clone(&inbox), stream: Arc::downgrade(stream) };
        // The hub never waits for a member, so waiting for it is safe. It lives as long as the main
        // thread.
        let _ = hub.send(Event::Join(client, peer.to_string(), mailbox));
        Membership { client, hub: hub.clone(), inbox, stream: Arc::clone(stream) }
    }

    // ANCHOR: post
    /// Posts, and waits until the room has heard the posts. Everything that the client says
    /// meanwhile is then one read, and a member that floods delays only itself.
    ///
    /// Fails if the connection is lost meanwhile: there may still be much to read from it, but the
    /// room shall not have to keep that.
    fn post(&self, posts: Posts) -> io::Result<()> {
        self.inbox.lock().is_unheard = true;
        let _ = self.hub.send(Event::Post(self.client, posts));
        // Let other threads post first: the hub then hears all posts together, and each member
        // needs one write.
        thread::yield_now();
        match self.inbox.wait_until_heard().is_lost {
            true => Err(ErrorKind::BrokenPipe.into()),
            false => Ok(()),
        }
    }
    // ANCHOR_END: post
}

impl Drop for Membership {
    fn drop(&mut self) {
        let _ = self.hub.send(Event::Leave(self.client));
    }
}

// ANCHOR: converse
/// Reads and posts, while another thread writes the room's lines for this member.
pub fn converse(
    mut connection: Connection<'_>,
    session: &mut dyn Session,
    buffer: &mut Buffer,
    limits: &Limits,
    membership: Membership,
) -> io::Result<()> {
    membership.stream.set_write_timeout(Some(limits.write_timeout()))?;
    let (inbox, stream) = (&membership.inbox, &membership.stream);
    let (inbox, stream) = (Arc::clone(inbox), Arc::clone(stream));
    let (reading, read_to_the_end) = bounded::<()>(0);
    let is_finished = AtomicBool::new(false);
    thread::scope(|scope| {
        // Both are dropped when the reader ends, even by a panic. The first ends the membership, so
        // that the writer ends. The second tells the writer that it need not wait for the reader.
        let (membership, _reading) = (membership, reading);
        let writer = Builder::new().name(format!("writer-{}", membership.client.0));
        let writer = writer.stack_size(STACK);
        let is_finished = &is_finished;
        let write = move || write(&stream, &inbox, &read_to_the_end, is_finished);
        writer.spawn_scoped(scope, write)?;
        loop {
            let answer = match connection.read(buffer)? {
                Input::Bytes(_) if is_finished.load(SeqCst) => return Ok(()),
                // Input after the client has left is read to the end, but not heard.
                Input::Bytes(bytes) => session.receive(bytes),
                Input::Idle(seconds) => session.idle(seconds),
                Input::Stop => return Ok(()),
            };
            if !answer.completes_nothing() {
                connection.restart_idle_clock();
            }
            if !answer.posts.is_empty() {
                membership.post(answer.posts)?;
            }
            if answer.finish {
                return Ok(());
            }
        }
    })
}
// ANCHOR_END: converse

// ANCHOR: write
/// Writes the lines from the mailbox until the hub drops it, then finishes the client.
fn write(
    stream: &TcpStream,
    inbox: &Inbox,
    read_to_the_end: &Receiver<()>,
    is_finished: &AtomicBool,
) -> io::Result<()> {
    while let Some(mut queue) = inbox.take() {
        let written = write_queue(stream, &mut queue);
        if written.is_err() || !queue.is_empty() {
            // The connection is broken, or the client has not taken a byte within the socket's
            // timeout. The reader must not wait for the room any more.
            inbox.lose();
            cut(stream);
            return written.and(Err(ErrorKind::TimedOut.into()));
        }
    }
    stream.shutdown(Shutdown::Write)?;
    let _ = read_to_the_end.recv_timeout(LINGER);
    // The reader stops, so that further input stays unread: closing then resets the connection,
    // which tells a client that still sends.
    is_finished.store(true, SeqCst);
    // This wakes the reader, if it still waits for a client that does not close.
    stream.shutdown(Shutdown::Both)
}
// ANCHOR_END: write

/// For a lost member no line waits: its writer has ended.
impl Waiting {
    fn push(&mut self, line: &Line) -> Result<usize, TooSlow> {
        if self.is_lost { Ok(0) } else { self.queue.push(line.clone()) }
    }

    fn bytes(&self) -> usize {
        if self.is_lost { 0 } else { self.queue.waiting() }
    }
}

impl Inbox {
    /// Waits for lines and takes them, as many as have queued up, for one write.
    fn take(&self) -> Option<Queue> {
        let is_quiet = |waiting: &mut Waiting| waiting.queue.is_empty() && !waiting.is_over;
        let woken = self.has_lines.wait_while(self.lock(), is_quiet);
        let lines = woken.expect(UNHARMED).queue.take(WRITE_SIZE);
        (!lines.is_empty()).then_some(lines)
    }

    fn wait_until_heard(&self) -> MutexGuard<'_, Waiting> {
        let is_unheard = |waiting: &mut Waiting| waiting.is_unheard && !waiting.is_over;
        self.is_heard.wait_while(self.lock(), is_unheard).expect(UNHARMED)
    }

    /// Ends the inbox: no more lines will come, and no more posts will be heard.
    fn end(&self) {
        self.lock().is_over = true;
        self.wake_both();
    }

    /// Ends the inbox of a lost member, and throws away the lines in it. The hub may hold its half for
    /// much longer: until it has heard the member's last posts.
    fn lose(&self) {
        *self.lock() = Waiting { is_over: true, is_lost: true, ..Waiting::default() };
        self.wake_both();
    }

    fn wake_both(&self) {
        self.has_lines.notify_one();
        self.is_heard.notify_one();
    }

    /// No thread holds the lock while it writes to a socket, or for longer than a line takes.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().expect(UNHARMED)
    }
}

const UNHARMED: &str = "no thread panics while it holds the lock";
