//! Where lines wait on their way to one member, and the rule for a member that is too slow.

use alloc::{collections::VecDeque, rc::Rc, sync::Arc};
use core::cell::{RefCell, RefMut};
use core::ops::Deref;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

// ANCHOR: limit
/// How many bytes may wait for one member: 256 KiB, counted with [`LINE_COST`] for each line.
///
/// A mailbox is bounded in bytes, not in messages, since a message is 5 bytes or 16 KiB.
/// redis gives a subscriber 32 MB, or 8 MB for a minute; InspIRCd gives an ordinary user 1 MB.
pub const MAILBOX_LIMIT: usize = 256 * 1024;
// ANCHOR_END: limit

/// What keeping a line costs beside its bytes: its place in the queue, and a share of what the
/// allocator needs. Without it, 256 KiB of three-byte lines would be 5 MB of memory.
pub const LINE_COST: usize = 64;

/// How much may wait for a member that keeps up: an eighth of its mailbox, 32 KiB. A member for
/// which more waits is behind.
pub const KEEPS_UP: usize = MAILBOX_LIMIT / 8;

/// The member is so far behind that its mailbox is full.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TooSlow;

// ANCHOR: mailbox
/// Where lines wait on their way to one member.
///
/// Dropping it is the end: what waits is sent, and then the member is finished.
pub trait Mailbox {
    /// Takes the line and tells how much [waits](Self::waiting) now, or refuses it at once because
    /// the member is too far behind, and has then seen to it that the member is cut off. Never
    /// waits.
    fn offer(&mut self, line: &Line) -> Result<usize, TooSlow>;

    /// How much waits for the member, in bytes, with [`LINE_COST`] for each line.
    fn waiting(&self) -> usize;

    /// The room has heard what the member had posted, so the member may be read from again. A
    /// driver that asks [`Hub::hears`](crate::Hub::hears) need not be told.
    fn heard(&mut self) {}
}
// ANCHOR_END: mailbox

/// One or more lines of text as they go over the wire, ends included.
///
/// It is shared, not copied, by all the mailboxes that it waits in.
#[derive(Clone, Debug, PartialEq)]
pub struct Line(Arc<[u8]>);

impl Line {
    /// How much of a mailbox it takes up.
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

/// Bytes on their way to one client, in lines, of which the first may be partly sent.
#[derive(Debug, Default)]
pub struct Queue {
    lines: VecDeque<Line>,
    /// How much of the first line is sent already.
    sent: usize,
    /// How much of [`MAILBOX_LIMIT`] the lines take up.
    waiting: usize,
}

impl Queue {
    /// Takes a line, unless that would make more than [`MAILBOX_LIMIT`] bytes wait. Tells how much
    /// [waits](Self::waiting) now.
    pub fn push(&mut self, line: Line) -> Result<usize, TooSlow> {
        if self.waiting + line.cost() > MAILBOX_LIMIT {
            return Err(TooSlow);
        }
        self.waiting += line.cost();
        self.lines.push_back(line);
        Ok(self.waiting)
    }

    /// Takes out the first lines, `size` bytes or as few more as the last of them has.
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

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// How much of [`MAILBOX_LIMIT`] the lines take up.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// The first line, or what is left of it.
    pub fn front(&self) -> Option<&[u8]> {
        self.lines.front().map(|line| &line[self.sent..])
    }

    /// What waits, in order, as one slice for each line: what a gathering write takes.
    pub fn slices(&self) -> impl Iterator<Item = &[u8]> {
        let rest = |(i, line)| {
            if i == 0 { &Line::deref(line)[self.sent..] } else { line }
        };
        self.lines.iter().enumerate().map(rest)
    }

    /// Forgets the first `count` bytes, which are sent now. There have to be so many.
    pub fn advance(&mut self, count: usize) {
        self.sent += count;
        while let Some(first) = self.lines.front().filter(|first| first.len() <= self.sent) {
            self.sent -= first.len();
            self.waiting -= first.cost();
            self.lines.pop_front();
        }
    }
}

/// How much more a mailbox takes, where it is a channel that the hub fills and the member's driver
/// empties at the same time: the same rule as a [`Queue`]'s.
#[derive(Debug, Default)]
pub struct Allowance {
    waiting: AtomicUsize,
}

impl Allowance {
    /// Allows a line into the channel, unless more than [`MAILBOX_LIMIT`] bytes would wait then.
    /// Tells how much [waits](Self::waiting) now.
    pub fn take(&self, line: &Line) -> Result<usize, TooSlow> {
        // The hub alone adds, so nothing can have been added since the look at it.
        if self.waiting() + line.cost() > MAILBOX_LIMIT {
            return Err(TooSlow);
        }
        Ok(self.waiting.fetch_add(line.cost(), Relaxed) + line.cost())
    }

    /// How much of [`MAILBOX_LIMIT`] the lines in the channel take up.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Relaxed)
    }

    /// The line has left the channel.
    pub fn give_back(&self, line: &Line) {
        self.waiting.fetch_sub(line.cost(), Relaxed);
    }
}

/// A client's queue where its driver and the hub live on one thread: the driver empties it, and
/// the hub fills it through the [`Mailbox`] that [`mailbox`](Self::mailbox) gives.
#[derive(Debug, Default)]
pub struct Outbox(Rc<RefCell<Shared>>);

#[derive(Debug, Default)]
struct Shared {
    queue: Queue,
    state: OutboxState,
}

/// What to do with a client once its queue is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum OutboxState {
    /// More may come.
    #[default]
    Open,
    /// The hub has dropped the mailbox: finish the client when all that waits is sent.
    Ended,
    /// A line was refused: cut the client off, whatever waits.
    TooSlow,
}

impl Outbox {
    /// The hub's half.
    pub fn mailbox(&self) -> OutboxMailbox {
        OutboxMailbox(Rc::clone(&self.0))
    }

    /// What waits to be sent.
    pub fn queue(&self) -> RefMut<'_, Queue> {
        RefMut::map(self.0.borrow_mut(), |shared| &mut shared.queue)
    }

    /// What to do with the client once its queue is empty.
    pub fn state(&self) -> OutboxState {
        self.0.borrow().state
    }
}

/// The hub's half of an [`Outbox`].
#[derive(Debug)]
pub struct OutboxMailbox(Rc<RefCell<Shared>>);

impl Mailbox for OutboxMailbox {
    fn offer(&mut self, line: &Line) -> Result<usize, TooSlow> {
        let mut shared = self.0.borrow_mut();
        let taken = shared.queue.push(line.clone());
        if taken.is_err() {
            shared.state = OutboxState::TooSlow;
        }
        taken
    }

    fn waiting(&self) -> usize {
        self.0.borrow().queue.waiting()
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
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn a_queue_forgets_what_is_sent() {
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
    fn what_is_taken_out_of_a_queue_waits_no_more() {
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
    fn dropping_the_mailbox_is_the_end() {
        let outbox = Outbox::default();
        drop(outbox.mailbox());
        assert_eq!(outbox.state(), OutboxState::Ended);
    }
}
