//! A member of the room: its child reads and posts, the parent carries the talk, and a link
//! between them carries both.
//!
//! A link is a pair of Unix sockets of the kind SEQPACKET: connected like a stream, but a packet
//! arrives whole or not at all, so nobody has to mark where one ends.
//! That is Linux's (unix(7)); elsewhere one would send lengths.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::ops::Range;
use std::os::fd::{AsFd, BorrowedFd};
use std::thread;
use std::time::{Duration, Instant};

use nix::poll::PollFlags;
use protocol::{Outbox, OutboxState, Posts, Queue, Session};
use socket2::{Domain, SockRef, Socket, Type};
use sockets::{Buffer, Connection, Input, Limits, WRITE_SIZE, poll, until, write_queue};

/// How many bytes of posts may be on their way from a child: a few reads' worth, so that whoever
/// pastes is held up by the parent's pace before the others' queues feel it.
const POSTS_ON_THEIR_WAY: usize = 32 * 1024;

/// The largest packet of posts: what one read of a member can become, if each byte of it, and of
/// the unfinished line before it, becomes a replacement character of three bytes.
const POSTS_SIZE: usize = 16 * 1024;

/// The parent's end of a link, and the queue that is the member's mailbox.
///
/// The kernel's own buffer would not do for a mailbox: it is full after 278 short packets, 8 KB of
/// talk, so that one person's paste would throw out people who are reading.
pub(crate) struct Link {
    socket: Socket,
    pub(crate) outbox: Outbox,
    /// The child has said all it will ever say.
    pub(crate) is_heard_out: bool,
    /// The child will be told nothing more.
    is_told_all: bool,
}

/// What came of listening to a child.
pub(crate) enum Heard {
    Posts(Posts),
    Nothing,
    End,
}

/// The child's end of a link.
pub(crate) struct ChildsLink(Socket);

// ANCHOR: link
/// Makes a link, both ends of which are waited for by poll(2) and do not block.
pub(crate) fn link() -> io::Result<(Link, ChildsLink)> {
    let (socket, childs) = Socket::pair(Domain::UNIX, Type::SEQPACKET, None)?;
    socket.set_nonblocking(true)?;
    childs.set_nonblocking(true)?;
    childs.set_send_buffer_size(POSTS_ON_THEIR_WAY)?;
    let outbox = Outbox::default();
    Ok((Link { socket, outbox, is_heard_out: false, is_told_all: false }, ChildsLink(childs)))
}
// ANCHOR_END: link

impl Link {
    /// What the parent waits for, if it hears posts now. Nothing at all, if the child has only to
    /// be reaped.
    pub(crate) fn interest(&self, hears: bool) -> Option<(BorrowedFd<'_>, PollFlags)> {
        let mut flags = PollFlags::empty();
        flags.set(PollFlags::POLLIN, hears && !self.is_heard_out);
        flags.set(PollFlags::POLLOUT, !self.outbox.queue().is_empty());
        (!flags.is_empty()).then_some((self.socket.as_fd(), flags))
    }

    /// Hears what the child has to say.
    pub(crate) fn receive(&mut self) -> Heard {
        if self.is_heard_out {
            return Heard::Nothing;
        }
        let mut packet = [0; POSTS_SIZE];
        match self.socket.read(&mut packet) {
            Ok(count) if count > 0 => Heard::Posts(Posts::from_bytes(&packet[..count])),
            // A child that died without having read all gives ECONNRESET once. What it had said
            // before can still be read.
            Err(error) if may_try_again(&error) => Heard::Nothing,
            Ok(_) | Err(_) => {
                self.is_heard_out = true;
                Heard::End
            }
        }
    }

    // ANCHOR: send
    /// Sends what waits, as far as the link takes it, and then the end, if the hub has said so.
    pub(crate) fn send(&mut self) {
        if write_queue(&self.socket, &mut self.outbox.queue()).is_err() {
            // The child is gone, and with it everybody who could be told.
            *self.outbox.queue() = Queue::default();
        }
        let is_all = self.outbox.state() == OutboxState::Ended && self.outbox.queue().is_empty();
        if is_all && !self.is_told_all {
            let _ = self.socket.shutdown(Shutdown::Write);
            self.is_told_all = true;
        }
    }
    // ANCHOR_END: send
}

/// The child's work: posts what the client says, and sends the client what the parent says, until
/// the parent has no more to say.
pub(crate) fn converse(
    stream: &TcpStream,
    mut connection: Connection<'_>,
    mut session: Box<dyn Session>,
    mut buffer: Buffer,
    limits: &Limits,
    ChildsLink(link): ChildsLink,
) -> io::Result<()> {
    // Should the parent kill this process because the client does not read, then what the client
    // was not sent goes with it: else the kernel would keep it, megabytes, until the client reads.
    SockRef::from(stream).set_linger(Some(Duration::ZERO))?;
    stream.set_nonblocking(true)?;
    let mut member = Member {
        stream,
        link,
        packets: vec![0; 2 * WRITE_SIZE],
        unsent: 0..0,
        is_told_all: false,
        stuck_since: None,
        patience: limits.write_timeout(),
    };
    let mut is_reading = true;
    while !member.is_told_all || !member.unsent.is_empty() {
        let idle_deadline = connection.idle_deadline().filter(|_| is_reading);
        let client = is_reading.then_some(PollFlags::POLLIN);
        let ready = member.wait(client, None, idle_deadline)?;
        member.forward()?;
        let is_late = idle_deadline.is_some_and(|deadline| until(deadline).is_zero());
        if is_reading && (ready.contains(&Ready::Client) || is_late) {
            let answer = match connection.read(&mut buffer)? {
                Input::Bytes(bytes) => session.receive(bytes),
                Input::Idle(seconds) => session.idle(seconds),
                Input::Stop => continue,
            };
            if !answer.is_empty() {
                connection.restart_idle_clock();
                member.post(&answer.posts)?;
                // Let it be heard before more is read: what the client says meanwhile is then read
                // at once, and reaches everybody at once.
                thread::yield_now();
            }
            if answer.finish {
                is_reading = false;
                member.link.shutdown(Shutdown::Write)?;
            }
        }
    }
    SockRef::from(stream).set_linger(None)?;
    connection.finish()
}

/// The child between its client and its parent. It never blocks in a write to either: it would be
/// deaf to the other meanwhile.
struct Member<'a> {
    stream: &'a TcpStream,
    link: Socket,
    /// Packets that have queued up: they leave in one write.
    packets: Vec<u8>,
    /// Where in `packets` stands what the client has not taken yet.
    unsent: Range<usize>,
    /// The parent has no more to say.
    is_told_all: bool,
    /// Since when the client takes nothing, and how long it may.
    stuck_since: Option<Instant>,
    patience: Duration,
}

/// Who is ready: the client to be read from, or somebody for something else.
#[derive(PartialEq)]
enum Ready {
    Client,
    Other,
}

impl Member<'_> {
    /// Waits until the client or the parent can be heard or told something.
    fn wait(
        &self,
        client: Option<PollFlags>,
        parent: Option<PollFlags>,
        deadline: Option<Instant>,
    ) -> io::Result<Vec<Ready>> {
        let hears_parent = self.unsent.is_empty() && !self.is_told_all;
        let parent = parent.or(hears_parent.then_some(PollFlags::POLLIN));
        let unsent = (!self.unsent.is_empty()).then_some(PollFlags::POLLOUT);
        let interests = [
            client.map(|flags| (Ready::Client, self.stream.as_fd(), flags)),
            unsent.map(|flags| (Ready::Other, self.stream.as_fd(), flags)),
            parent.map(|flags| (Ready::Other, self.link.as_fd(), flags)),
        ];
        let stuck = self.stuck_since.map(|since| since + self.patience);
        if stuck.is_some_and(|deadline| until(deadline).is_zero()) {
            return Err(ErrorKind::TimedOut.into());
        }
        poll(interests.into_iter().flatten(), deadline.into_iter().chain(stuck).min())
    }

    /// Sends the client what has come from the parent, as far as it takes it.
    fn forward(&mut self) -> io::Result<()> {
        if self.unsent.is_empty() && !self.is_told_all {
            self.receive()?;
        }
        while !self.unsent.is_empty() {
            match self.stream.write(&self.packets[self.unsent.clone()]) {
                Ok(count) => {
                    self.unsent.start += count;
                    self.stuck_since = None;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.stuck_since.get_or_insert_with(Instant::now);
                    break;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Receives the packets that have come from the parent. An empty one is the end.
    fn receive(&mut self) -> io::Result<()> {
        let mut size = 0;
        while !self.is_told_all && size <= WRITE_SIZE {
            match self.link.read(&mut self.packets[size..size + WRITE_SIZE]) {
                Ok(count) => {
                    size += count;
                    self.is_told_all = count == 0;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if may_try_again(&error) => {}
                Err(error) => return Err(error),
            }
        }
        self.unsent = 0..size;
        Ok(())
    }

    /// Posts to the parent. While the link is full the member goes on hearing: a member that is
    /// deaf while it posts would be taken for one that does not read.
    fn post(&mut self, posts: &Posts) -> io::Result<()> {
        while let Err(error) = self.link.write(posts.as_bytes()) {
            match error.kind() {
                ErrorKind::WouldBlock => {
                    let hears = self.unsent.is_empty() && !self.is_told_all;
                    let mut link = PollFlags::POLLOUT;
                    link.set(PollFlags::POLLIN, hears);
                    self.wait(None, Some(link), None)?;
                    self.forward()?;
                }
                // The room hears this member no more.
                ErrorKind::BrokenPipe => break,
                ErrorKind::Interrupted => {}
                _ => return Err(error),
            }
        }
        Ok(())
    }
}

fn may_try_again(error: &io::Error) -> bool {
    use ErrorKind::{ConnectionReset, Interrupted, WouldBlock};
    matches!(error.kind(), ConnectionReset | Interrupted | WouldBlock)
}
