//! Mailboxes, in which lines wait on their way to a member, and the rule for members that are too
//! slow.

use alloc::{collections::VecDeque, rc::Rc, sync::Arc, vec::Vec};
use core::cell::{RefCell, RefMut};
use core::ops::Deref;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

// ANCHOR: limit
/// How many bytes may wait for one member: 256 KiB, counted with [`LINE_COST`] for each line.
///
/// The limit is in bytes, not in messages, since a message may have 5 bytes or 16 KiB.
/// redis gives a subscriber 32 MB, or 8 MB for a minute; InspIRCd gives an ordinary user 1 MB.
pub const MAILBOX_LIMIT: usize = 256 * 1024;
// ANCHOR_END: limit

/// The memory that a line costs besides its bytes: its place in the queue, and a share of the
/// allocator's own data. Without it, 256 KiB of three-byte lines would be 5 MB of memory.
pub const LINE_COST: usize = 64;

/// How many bytes may wait for a member that keeps up: an eighth of its mailbox, 32 KiB. If more
/// bytes wait, the member is behind.
pub const KEEPS_UP: usize = MAILBOX_LIMIT / 8;

/// The error if a member is so far behind that its mailbox is full.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TooSlow;

// ANCHOR: mailbox
/// A queue of lines on their way to one member.
///
/// Dropping it ends the talk: the waiting lines are still sent, and then the member is finished.
/// If the member's connection is lost, no line waits any more: the mailbox takes each and keeps
/// none.
pub trait Mailbox {
    /// Takes the line and returns how much [waits](Self::waiting) now. If the member is too far
    /// behind, refuses the line and has the member cut off. Never blocks.
    fn offer(&mut self, line: &Line) -> Result<usize, TooSlow>;

    /// The bytes that wait for the member, with [`LINE_COST`] for each line.
    fn waiting(&self) -> usize;

    /// Tells the driver that the room has heard the member's posts, so it may read from the member
    /// again. A driver that asks [`Hub::hears`](crate::Hub::hears) does not need this.
    fn heard(&mut self) {}
}
// ANCHOR_END: mailbox

/// One or more lines of text as they go over the wire, ends included.
///
/// All the mailboxes in which it waits share it: it is not copied.
#[derive(Clone, Debug, PartialEq)]
pub struct Line(Arc<[u8]>);

impl Line {
    /// The bytes of a mailbox that it takes up.
    pub fn cost(&self) -> usize {
        self.len() + LINE_COST
    }
}

impl From<&[u8]> for Line {
    fn from(bytes: &[u8]) -> Line {
        Line(bytes.into())
    }
}

impl Deref for Line {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// Lines on their way to one client. The first may be partly sent.
#[derive(Debug, Default)]
pub struct Queue {
    lines: VecDeque<Line>,
    /// The bytes of the first line that are sent already.
    sent: usize,
    /// The bytes of [`MAILBOX_LIMIT`] that the lines take up.
    waiting: usize,
}

impl Queue {
    /// Takes a line, unless more than [`MAILBOX_LIMIT`] bytes would wait then. Returns how much
    /// [waits](Self::waiting) now.
    pub fn push(&mut self, line: Line) -> Result<usize, TooSlow> {
        if self.waiting + line.cost() > MAILBOX_LIMIT {
            return Err(TooSlow);
        }
        self.waiting += line.cost();
        self.lines.push_back(line);
        Ok(self.waiting)
    }

    /// Takes out the first lines: whole lines, until they have `size` bytes or more.
    pub fn take(&mut self, size: usize) -> Queue {
        let mut taken = Queue::default();
        core::mem::swap(&mut taken.sent, &mut self.sent);
        let mut bytes = 0;
        while bytes < size
            && let Some(line) = self.lines.pop_front()
        {
            bytes += line.len();
            self.waiting -= line.cost();
            taken.waiting += line.cost();
            taken.lines.push_back(line);
        }
        taken
    }

    /// All its bytes as one line, for a driver that does not write several at once.
    pub fn joined(mut self) -> Line {
        match (self.lines.len(), self.sent) {
            (1, 0) => self.lines.remove(0).expect("there is one"),
            _ => Line::from(&self.slices().collect::<Vec<_>>().concat()[..]),
        }
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The bytes of [`MAILBOX_LIMIT`] that the lines take up.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// The first line, or the rest of it.
    pub fn front(&self) -> Option<&[u8]> {
        self.lines.front().map(|line| &line[self.sent..])
    }

    /// The waiting lines in order, one slice for each, for a gathering write.
    pub fn slices(&self) -> impl Iterator<Item = &[u8]> {
        let rest = |(i, line)| {
            if i == 0 { &Line::deref(line)[self.sent..] } else { line }
        };
        self.lines.iter().enumerate().map(rest)
    }

    /// Forgets the first `count` bytes, since they are sent. The queue must have that many.
    pub fn advance(&mut self, count: usize) {
        self.sent += count;
        while let Some(first) = self.lines.front().filter(|first| first.len() <= self.sent) {
            self.sent -= first.len();
            self.waiting -= first.cost();
            self.lines.pop_front();
        }
    }
}

/// The limit of a mailbox that is a channel, which the hub fills while the member's driver empties
/// it. The rule is the same as a [`Queue`]'s.
#[derive(Debug, Default)]
pub struct Allowance {
    waiting: AtomicUsize,
}

impl Allowance {
    /// Allows a line into the channel, unless more than [`MAILBOX_LIMIT`] bytes would wait then.
    /// Returns how much [waits](Self::waiting) now.
    pub fn take(&self, line: &Line) -> Result<usize, TooSlow> {
        // Only the hub adds, so nothing has been added since this check.
        if self.waiting() + line.cost() > MAILBOX_LIMIT {
            return Err(TooSlow);
        }
        Ok(self.waiting.fetch_add(line.cost(), Relaxed) + line.cost())
    }

    /// The bytes of [`MAILBOX_LIMIT`] that the lines in the channel take up.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Relaxed)
    }

    /// Notes that a line has left the channel.
    pub fn give_back(&self, line: &Line) {
        self.waiting.fetch_sub(line.cost(), Relaxed);
    }
}

/// A client's queue if its driver and the hub run on one thread: the driver empties it, and the hub
/// fills it through the [`Mailbox`] that [`mailbox`](Self::mailbox) returns.
#[derive(Debug, Default)]
pub struct Outbox(Rc<RefCell<Shared>>);

#[derive(Debug, Default)]
struct Shared {
    queue: Queue,
    state: OutboxState,
}

/// The next step with a client once its queue is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum OutboxState {
    /// More may come.
    #[default]
    Open,
    /// The hub has dropped the mailbox: finish the client when the waiting lines are sent.
    Ended,
    /// A line was refused: cut the client off, even if lines wait.
    TooSlow,
}

/// Throws away the lines in it. The hub may hold its half for much longer: until it has heard the lost
/// member's last posts.
impl Drop for Outbox {
    fn drop(&mut self) {
        *self.queue() = Queue::default();
    }
}

impl Outbox {
    /// The hub's half.
    pub fn mailbox(&self) -> OutboxMailbox {
        OutboxMailbox(Rc::clone(&self.0))
    }

    /// The lines that wait to be sent.
    pub fn queue(&self) -> RefMut<'_, Queue> {
        RefMut::map(self.0.borrow_mut(), |shared| &mut shared.queue)
    }

    /// The next step with the client once its queue is empty.
    pub fn state(&self) -> OutboxState {
        self.0.borrow().state
    }
}

/// The hub's half of an [`Outbox`].
#[derive(Debug)]
pub struct OutboxMailbox(Rc<RefCell<Shared>>);

impl Mailbox for OutboxMailbox {
    fn offer(&mut self, line: &Line) -> Result<usize, TooSlow> {
        if self.is_lost() {
            return Ok(0);
        }
        let mut shared = self.0.borrow_mut();
        let taken = shared.queue.push(line.clone());
        if taken.is_err() {
            shared.state = OutboxState::TooSlow;
        }
        taken
    }

    fn waiting(&self) -> usize {
        if self.is_lost() { 0 } else { self.0.borrow().queue.waiting() }
    }
}

impl OutboxMailbox {
    /// Whether the driver has dropped its half.
    fn is_lost(&self) -> bool {
        Rc::strong_count(&self.0) == 1
    }
}

impl Drop for OutboxMailbox {
    fn drop(&mut self) {
        let mut shared = self.0.borrow_mut();
        if shared.state == OutboxState::Open {
            shared.state = OutboxState::Ended;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_forgets_sent_bytes() {
        let mut queue = Queue::default();
        for line in ["one", "two", "three"] {
            queue.push(Line::from(line.as_bytes())).unwrap();
        }
        queue.advance(4);
        assert_eq!(queue.slices().collect::<Vec<_>>(), [&b"wo"[..], b"three"]);
        queue.advance(2);
        assert_eq!(queue.slices().collect::<Vec<_>>(), [&b"three"[..]]);
        queue.advance(5);
        assert!(queue.is_empty());
        assert_eq!(queue.slices().count(), 0);
    }

    #[test]
    fn lines_taken_out_of_a_queue_wait_no_more() {
        let mut queue = Queue::default();
        for line in ["one", "two", "three"] {
            queue.push(Line::from(line.as_bytes())).unwrap();
        }
        queue.advance(1);
        let taken = queue.take(4);
        assert_eq!(taken.slices().collect::<Vec<_>>(), [&b"ne"[..], b"two"]);
        assert_eq!(queue.slices().collect::<Vec<_>>(), [b"three"]);
        assert_eq!(queue.waiting, "three".len() + LINE_COST);
        assert!(!queue.take(1).is_empty());
        assert!(queue.is_empty() && queue.take(1).is_empty());
    }

    #[test]
    fn a_joined_queue_is_one_line_of_all_that_waits() {
        let queue = |lines: &[&str], sent| {
            let mut queue = Queue::default();
            for line in lines {
                queue.push(Line::from(line.as_bytes())).unwrap();
            }
            queue.advance(sent);
            queue.joined()
        };
        assert_eq!(&queue(&["one"], 0)[..], b"one");
        assert_eq!(&queue(&["one"], 1)[..], b"ne");
        assert_eq!(&queue(&["one", "two", "three"], 4)[..], b"wothree");
        assert_eq!(&queue(&[], 0)[..], b"");
    }

    #[test]
    fn a_queue_is_bounded_in_bytes() {
        let outbox = Outbox::default();
        let mut mailbox = outbox.mailbox();
        let half = Line::from(&[b'x'; MAILBOX_LIMIT / 2 - LINE_COST][..]);
        assert_eq!(mailbox.offer(&half), Ok(MAILBOX_LIMIT / 2));
        assert_eq!(mailbox.offer(&half), Ok(MAILBOX_LIMIT));
        assert_eq!(outbox.state(), OutboxState::Open);
        assert_eq!(mailbox.offer(&Line::from(&b"x"[..])), Err(TooSlow));
        drop(mailbox);
        assert_eq!(outbox.state(), OutboxState::TooSlow);
    }

    #[test]
    fn the_mailbox_of_a_lost_member_takes_all_and_keeps_nothing() {
        let outbox = Outbox::default();
        let mut mailbox = outbox.mailbox();
        let half = Line::from(&[b'x'; MAILBOX_LIMIT / 2][..]);
        mailbox.offer(&half).unwrap();
        drop(outbox);
        assert_eq!(mailbox.waiting(), 0);
        assert_eq!([(); 3].map(|()| mailbox.offer(&half)), [Ok(0); 3]);
        assert_eq!(Arc::strong_count(&half.0), 1, "the mailbox has no share of the line");
    }

    #[test]
    fn dropping_the_mailbox_is_the_end() {
        let outbox = Outbox::default();
        drop(outbox.mailbox());
        assert_eq!(outbox.state(), OutboxState::Ended);
    }
}
