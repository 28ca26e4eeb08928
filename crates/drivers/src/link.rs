//! A member of the room that has a process of its own. The child reads from the client and posts,
//! the parent runs the room, and a link carries the talk between them.
//!
//! A link is a pair of Unix sockets of the kind SEQPACKET: connected like a stream, but a packet
//! arrives whole or not at all, so the ends of packets need no marks.
//! Linux has this kind (unix(7)); on other systems, a length would have to precede each packet.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::ops::Range;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::thread;
use std::time::{Duration, Instant};

use nix::poll::PollFlags;
use protocol::{Outbox, OutboxState, Posts, Queue, Session};
use socket2::{Domain, SockRef, Socket, Type};
use sockets::{Limits, WRITE_SIZE, poll, until, write_queue};

use crate::blocking::{Buffer, Connection, Input};

/// How many bytes of posts may be on their way from a child: a few reads' worth. A client that
/// pastes a long text is thus slowed down by the parent before the others' queues fill.
const POSTS_ON_THEIR_WAY: usize = 32 * 1024;

/// The largest packet of posts: one read of a member, if each byte of it, and of the unfinished
/// line before it, becomes a replacement character of three bytes.
const POSTS_SIZE: usize = 16 * 1024;

/// The parent's end of a link, and the queue that is the member's mailbox.
///
/// The kernel's own buffer would be too small for a mailbox. It is full after 278 short packets, 8
/// KB of talk, so one client's paste would throw out others that do read.
#[derive(Debug)]
pub struct Link {
    socket: Socket,
    /// The lines that wait for the child.
    pub outbox: Outbox,
    /// The child has closed its sending side: it will post nothing more.
    has_ended: bool,
    /// The sending side of this end is shut: the child will be told nothing more.
    is_shut: bool,
}

/// The parent's end from a socket, as another process has passed it.
impl From<OwnedFd> for Link {
    fn from(end: OwnedFd) -> Link {
        Link { socket: end.into(), outbox: Outbox::default(), has_ended: false, is_shut: false }
    }
}

/// The socket of the parent's end, to be passed to the parent.
impl From<Link> for OwnedFd {
    fn from(link: Link) -> OwnedFd {
        link.socket.into()
    }
}

/// The result of receiving from a child.
#[derive(Debug)]
pub enum Heard {
    /// The child posts.
    Posts(Posts),
    /// The child has sent nothing yet.
    Nothing,
    /// The child will post nothing more.
    End,
}

/// The child's end of a link.
#[derive(Debug)]
pub struct ChildEnd(Socket);

// ANCHOR: link
/// Makes a link. Neither end blocks: poll(2) waits for both.
///
/// # Errors
///
/// There are no descriptors left.
pub fn link() -> io::Result<(Link, ChildEnd)> {
    let (socket, child_end) = Socket::pair(Domain::UNIX, Type::SEQPACKET, None)?;
    socket.set_nonblocking(true)?;
    child_end.set_nonblocking(true)?;
    child_end.set_send_buffer_size(POSTS_ON_THEIR_WAY)?;
    Ok((Link::from(OwnedFd::from(socket)), ChildEnd(child_end)))
}
// ANCHOR_END: link

impl Link {
    /// The readiness that the parent waits for, where `hears` says whether it hears posts now.
    /// `None` if it waits for nothing.
    pub fn interest(&self, hears: bool) -> Option<(BorrowedFd<'_>, PollFlags)> {
        let mut flags = PollFlags::empty();
        flags.set(PollFlags::POLLIN, hears && !self.has_ended);
        flags.set(PollFlags::POLLOUT, !self.outbox.queue().is_empty());
        (!flags.is_empty()).then_some((self.socket.as_fd(), flags))
    }

    /// Receives what the child has sent.
    pub fn receive(&mut self) -> Heard {
        if self.has_ended {
            return Heard::Nothing;
        }
        let mut packet = [0; POSTS_SIZE];
        match self.socket.read(&mut packet) {
            Ok(count) if count > 0 => Heard::Posts(Posts::from_bytes(&packet[..count])),
            // If a child dies before it has read all, the read fails once with ECONNRESET. The
            // packets that it sent before can still be read.
            Err(error) if may_try_again(&error) => Heard::Nothing,
            Ok(_) | Err(_) => {
                self.has_ended = true;
                Heard::End
            }
        }
    }

    // ANCHOR: send
    /// Sends the waiting lines, as far as the link takes them, and then the end, if the hub has
    /// ended the mailbox.
    pub fn send(&mut self) {
        if write_queue(&self.socket, &mut self.outbox.queue()).is_err() {
            // The child is gone, so no one can get these lines.
            *self.outbox.queue() = Queue::default();
        }
        let is_all = self.outbox.state() == OutboxState::Ended && self.outbox.queue().is_empty();
        if is_all && !self.is_shut {
            let _ = self.socket.shutdown(Shutdown::Write);
            self.is_shut = true;
        }
    }
    // ANCHOR_END: send

    /// Whether nothing more goes through the link, in either direction.
    pub fn is_over(&self) -> bool {
        self.has_ended && self.is_shut
    }
}

/// Does the child's work: posts what the client says, and sends the client what the parent says,
/// until the parent has no more to say.
///
/// # Errors
///
/// The connection to the client is broken, or the client takes nothing for too long.
pub fn converse(
    stream: &TcpStream,
    mut connection: Connection<'_>,
    session: &mut dyn Session,
    buffer: &mut Buffer,
    limits: &Limits,
    ChildEnd(link): ChildEnd,
) -> io::Result<()> {
    // If the parent kills this process because the client does not read, the kernel drops the
    // unsent output too. Otherwise it would keep megabytes of it until the client reads.
    SockRef::from(stream).set_linger(Some(Duration::ZERO))?;
    stream.set_nonblocking(true)?;
    let mut member = Member {
        stream,
        link,
        packets: vec![0; 2 * WRITE_SIZE],
        unsent: 0..0,
        parent_has_ended: false,
        stuck_since: None,
        patience: limits.write_timeout(),
    };
    let mut is_reading = true;
    while !member.parent_has_ended || !member.unsent.is_empty() {
        let idle_deadline = connection.idle_deadline().filter(|_| is_reading);
        let ready = member.wait(is_reading, false, idle_deadline)?;
        if ready.contains(&Ready::CutOff) {
            return Err(io::Error::other("it was too slow"));
        }
        member.forward()?;
        let is_late = idle_deadline.is_some_and(|deadline| until(deadline).is_zero());
        if is_reading && (ready.contains(&Ready::Client) || is_late) {
            let answer = match connection.read(buffer)? {
                Input::Bytes(bytes) => session.receive(bytes),
                Input::Idle(seconds) => session.idle(seconds),
                Input::Stop => continue,
            };
            if !answer.completes_nothing() {
                connection.restart_idle_clock();
                member.post(&answer.posts)?;
                // The room hears this post before the child reads more. Everything that the client
                // says meanwhile is then one read, and reaches all members at once.
                thread::yield_now();
            }
            if answer.finish {
                is_reading = false;
                member.link.shutdown(Shutdown::Write)?;
            }
        }
    }
    SockRef::from(stream).set_linger(None)?;
    connection.finish(session)
}

/// The child between its client and its parent. It never blocks in a write to one of them:
/// meanwhile it would not hear the other.
struct Member<'a> {
    stream: &'a TcpStream,
    link: Socket,
    /// Packets that wait for the client: they leave in one write.
    packets: Vec<u8>,
    /// The part of `packets` that the client has not taken yet.
    unsent: Range<usize>,
    /// The parent has no more to say.
    parent_has_ended: bool,
    /// Since when the client has taken nothing, and how long it may take nothing.
    stuck_since: Option<Instant>,
    patience: Duration,
}

/// A readiness: the client can be read from, something else can be done, or the parent has dropped
/// its end of the link, although this member has not left.
#[derive(PartialEq)]
enum Ready {
    Client,
    Other,
    CutOff,
}

impl Member<'_> {
    /// Waits until the parent has sent something or the client takes more output. If `reads`, also
    /// until the client can be read from; if `posts`, until the parent can be sent something.
    fn wait(
        &self,
        reads: bool,
        posts: bool,
        until_then: Option<Instant>,
    ) -> io::Result<Vec<Ready>> {
        let mut interests = Vec::new();
        if reads {
            interests.push((Ready::Client, self.stream.as_fd(), PollFlags::POLLIN));
        }
        if !self.unsent.is_empty() {
            interests.push((Ready::Other, self.stream.as_fd(), PollFlags::POLLOUT));
        }
        let mut link = PollFlags::empty();
        link.set(PollFlags::POLLIN, self.hears_parent());
        link.set(PollFlags::POLLOUT, posts);
        match link.is_empty() {
            false => interests.push((Ready::Other, self.link.as_fd(), link)),
            // Without a flag, poll(2) reports only that both directions have ended.
            true if reads => interests.push((Ready::CutOff, self.link.as_fd(), link)),
            true => {}
        }
        let stuck = self.stuck_since.map(|since| since + self.patience);
        if stuck.is_some_and(|deadline| until(deadline).is_zero()) {
            return Err(ErrorKind::TimedOut.into());
        }
        poll(interests, until_then.into_iter().chain(stuck).min())
    }

    /// Whether to receive from the parent: only once the client has taken all earlier packets.
    fn hears_parent(&self) -> bool {
        self.unsent.is_empty() && !self.parent_has_ended
    }

    /// Sends the client the packets of the parent, as far as it takes them.
    fn forward(&mut self) -> io::Result<()> {
        if self.hears_parent() {
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

    /// Receives the packets of the parent. An empty packet is the end.
    fn receive(&mut self) -> io::Result<()> {
        let mut size = 0;
        while !self.parent_has_ended && size <= WRITE_SIZE {
            match self.link.read(&mut self.packets[size..size + WRITE_SIZE]) {
                Ok(count) => {
                    size += count;
                    self.parent_has_ended = count == 0;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if may_try_again(&error) => {}
                Err(error) => return Err(error),
            }
        }
        self.unsent = 0..size;
        Ok(())
    }

    // ANCHOR: post
    /// Posts to the parent. While the link is full, the member still receives: otherwise the room
    /// would take it for a member that does not read.
    fn post(&mut self, posts: &Posts) -> io::Result<()> {
        while let Err(error) = self.link.write(posts.as_bytes()) {
            match error.kind() {
                ErrorKind::WouldBlock => {
                    self.wait(false, true, None)?;
                    self.forward()?;
                }
                // The room does not hear this member any more.
                ErrorKind::BrokenPipe => break,
                ErrorKind::Interrupted => {}
                _ => return Err(error),
            }
        }
        Ok(())
    }
    // ANCHOR_END: post
}

fn may_try_again(error: &io::Error) -> bool {
    use ErrorKind::{ConnectionReset, Interrupted, WouldBlock};
    matches!(error.kind(), ConnectionReset | Interrupted | WouldBlock)
}
