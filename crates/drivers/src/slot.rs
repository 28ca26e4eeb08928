//! A client's place in the table: its connection, its session, and its phase.

use std::io::{self, ErrorKind, Read};
use std::mem;
use std::net::TcpStream;
use std::time::Instant;

use protocol::{Answer, Line, Outbox, OutboxState, Posts, Session};
use sockets::{LINGER, Limits, cut};

use crate::catch_panic;
use crate::connection::Connection;

/// The readiness that the loop waits for on a client's socket.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Interest {
    /// Wait until it can be read from.
    pub read: bool,
    /// Wait until it can be written to.
    pub write: bool,
}

impl Interest {
    /// Whether the loop waits for the socket in any way.
    pub fn is_any(self) -> bool {
        self.read || self.write
    }
}

/// One client.
pub(crate) struct Slot<C> {
    connection: C,
    session: Box<dyn Session>,
    pub(crate) outbox: Outbox,
    phase: Phase,
    /// The client is a member of the room. A member is heard even if it does not read: its mailbox
    /// is the limit.
    is_member: bool,
    /// The connection took all output so far. If not, the kernel says when it takes more.
    pub(crate) is_writable: bool,
    /// The server read from it in this turn.
    has_been_heard: bool,
    /// When the client last completed something.
    active: Instant,
    /// The interest that the loop was told of ([`Table::changes`](crate::table::Table::changes)).
    pub(crate) told: Interest,
}

// ANCHOR: phase
/// The phase of a client's life.
#[derive(Debug)]
enum Phase {
    /// It is heard and answered.
    Talking,
    /// It gets the output that waits for it, and nothing more.
    Finishing,
    /// It has got everything, and has until this time to close.
    Lingering(Instant),
    /// It is gone, with this result.
    Over(io::Result<()>),
}
// ANCHOR_END: phase

impl Slot<TcpStream> {
    // ANCHOR: receive
    /// Reads once, lets the session answer, and writes.
    pub(crate) fn receive(&mut self, buffer: &mut [u8]) -> Posts {
        let read = self.connection.read(buffer);
        self.received(read.map(|count| &buffer[..count]))
    }
    // ANCHOR_END: receive
}

impl<C: Connection> Slot<C> {
    pub(crate) fn new(connection: C, session: Box<dyn Session>, is_member: bool) -> Slot<C> {
        Slot {
            connection,
            session,
            outbox: Outbox::default(),
            phase: Phase::Talking,
            is_member,
            is_writable: true,
            has_been_heard: false,
            active: Instant::now(),
            told: Interest::default(),
        }
    }

    /// Greets the client. Like the methods below, it returns posts for the room.
    pub(crate) fn greet(&mut self) -> Posts {
        let greeted = catch_panic(|| Ok(self.session.greet()));
        let posts = greeted.and_then(|answer| self.answer(answer));
        self.unless_over(posts)
    }

    // ANCHOR: received
    /// Lets the session answer what was read, and sends the answer. No bytes mean that the client
    /// will send no more. After the end of the conversation, input is discarded: a loop may have
    /// ordered it before.
    pub(crate) fn received(&mut self, read: io::Result<&[u8]>) -> Posts {
        let posts = match (read, &self.phase) {
            (Err(error), _) if is_nothing_yet(&error) => Ok(Posts::default()),
            (Ok(input), Phase::Talking) => {
                self.has_been_heard = true;
                catch_panic(|| Ok(self.session.receive(input)))
                    .and_then(|answer| self.answer(answer))
            }
            (Ok([]) | Err(_), Phase::Lingering(_)) => {
                self.end();
                Ok(Posts::default())
            }
            (Ok(input), _) => catch_panic(|| {
                self.session.discarded(input.len());
                Ok(Posts::default())
            }),
            (Err(error), _) => Err(error),
        };
        self.unless_over(posts)
    }
    // ANCHOR_END: received

    /// Does what is due at [`deadline`](Self::deadline).
    pub(crate) fn expire(&mut self, idle_seconds: u64) -> Posts {
        let posts = match self.phase {
            Phase::Talking if self.is_heard() => {
                catch_panic(|| Ok(self.session.idle(idle_seconds)))
                    .and_then(|answer| self.answer(answer))
            }
            Phase::Talking | Phase::Finishing => Err(ErrorKind::TimedOut.into()),
            Phase::Lingering(_) => {
                self.end();
                Ok(Posts::default())
            }
            Phase::Over(_) => Ok(Posts::default()),
        };
        self.unless_over(posts)
    }

    // ANCHOR: try_to_send
    // ANCHOR: send
    /// Sends the output that waits for the client, as far as its connection takes it, and goes on to
    /// the next phase once no output waits and no more will come.
    pub(crate) fn send(&mut self) {
        if self.outbox.state() == OutboxState::TooSlow {
            return self.cut("too slow");
        }
        let sent = self.try_to_send();
        self.unless_over(sent);
    }
    // ANCHOR_END: send

    fn try_to_send(&mut self) -> io::Result<()> {
        if self.is_writable && !self.outbox.queue().is_empty() {
            self.connection.send_queue(&mut self.outbox.queue())?;
            self.is_writable = self.outbox.queue().is_empty();
        }
        if self.is_talking() && self.outbox.state() == OutboxState::Ended {
            self.finish();
        }
        let waits = !self.outbox.queue().is_empty();
        if matches!(self.phase, Phase::Finishing) && !waits && self.connection.has_sent() {
            self.connection.finish()?;
            self.phase = Phase::Lingering(Instant::now() + LINGER);
        }
        Ok(())
    }
    // ANCHOR_END: try_to_send

    /// Notes that the connection has sent what it took. Returns whether there is something to do.
    pub(crate) fn sent(&mut self) -> bool {
        self.is_writable = true;
        !self.is_talking() || !self.outbox.queue().is_empty()
    }

    /// Ends the connection, which has been finished.
    fn end(&mut self) {
        let told = catch_panic(|| {
            self.session.finished();
            Ok(())
        });
        self.phase = Phase::Over(told);
    }

    /// Ends the talk: the waiting output is still sent, and no more will come.
    pub(crate) fn finish(&mut self) {
        self.phase = Phase::Finishing;
        self.active = Instant::now();
    }

    /// Finishes a client that has sent nothing in this turn, since the server stops. Input that had
    /// arrived is answered first.
    pub(crate) fn finish_if_silent(&mut self) {
        let has_been_heard = mem::take(&mut self.has_been_heard);
        if self.wants_to_talk() && !has_been_heard {
            self.finish();
        }
    }

    /// Ends the connection at once, even if output waits.
    pub(crate) fn cut(&mut self, why: &str) {
        cut(&self.connection);
        self.lose(io::Error::other(why));
    }

    /// Ends the connection at once with this error.
    pub(crate) fn lose(&mut self, why: io::Error) {
        self.phase = Phase::Over(Err(why));
    }

    /// The time at which something is due, if nothing happens before.
    pub(crate) fn deadline(&self, limits: &Limits) -> Option<Instant> {
        match self.phase {
            Phase::Talking => limits.idle_timeout.map(|timeout| self.active + timeout),
            Phase::Finishing => Some(self.active + limits.write_timeout()),
            Phase::Lingering(until) => Some(until),
            Phase::Over(_) => None,
        }
    }

    // ANCHOR: interest
    /// The readiness that the loop waits for: it depends on the phase, and a client that waits for
    /// neither reading nor writing is over. `is_heard`: the room hears its posts now.
    pub(crate) fn interest(&self, is_heard: bool) -> Interest {
        let is_read = self.wants_to_talk() && is_heard || matches!(self.phase, Phase::Lingering(_));
        Interest { read: is_read, write: !self.outbox.queue().is_empty() }
    }
    // ANCHOR_END: interest

    pub(crate) fn connection(&self) -> &C {
        &self.connection
    }

    pub(crate) fn is_talking(&self) -> bool {
        matches!(self.phase, Phase::Talking)
    }

    /// Whether the session would answer if the client said something now.
    pub(crate) fn wants_to_talk(&self) -> bool {
        self.is_talking() && self.is_heard()
    }

    pub(crate) fn is_member(&self) -> bool {
        self.is_member
    }

    /// How the connection ended, if it did.
    pub(crate) fn ended(&self) -> Option<&io::Result<()>> {
        match &self.phase {
            Phase::Over(ended) => Some(ended),
            _ => None,
        }
    }

    // ANCHOR: heard
    /// A client that does not read its own answers is not heard.
    fn is_heard(&self) -> bool {
        self.is_member || self.outbox.queue().is_empty()
    }
    // ANCHOR_END: heard

    fn answer(&mut self, answer: Answer<'_>) -> io::Result<Posts> {
        if !answer.completes_nothing() {
            self.active = Instant::now();
        }
        // Usually a socket takes everything at once, and nothing is copied.
        let mut sent = 0;
        if !answer.send.is_empty() {
            sent = self.connection.send(&answer.send)?;
        }
        if sent < answer.send.len() {
            self.is_writable = false;
            let rest = Line::from(&answer.send[sent..]);
            self.outbox.queue().push(rest).map_err(|_| io::Error::other("too much at once"))?;
        }
        if answer.finish {
            self.finish();
        }
        Ok(answer.posts)
    }

    fn unless_over<T: Default>(&mut self, result: io::Result<T>) -> T {
        result.unwrap_or_else(|error| {
            self.phase = Phase::Over(Err(error));
            T::default()
        })
    }
}

/// Whether a read has failed only because there was nothing to read yet.
fn is_nothing_yet(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
