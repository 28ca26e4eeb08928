//! The listeners of the endless stream, each with a queue of its own.
//!
//! The queue works like the chat's mailbox: the writer never waits, and a listener that does not
//! read is dropped when its queue is full. Here all queues share the same bytes, which are in
//! memory only once.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;

/// How far a listener may fall behind, in bytes: 16 MiB. That is more than a second of 100 Mbit/s,
/// and 27 seconds of 5 Mbit/s. All queues share their bytes, so together they need no more than
/// that.
pub const QUEUE_LIMIT: usize = 16 << 20;

/// The unique number of a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListenerId(u64);

/// The next thing for a listener.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken {
    /// More of the stream.
    Bytes(Bytes),
    /// Nothing at this moment.
    Nothing,
    /// The stream has ended.
    End,
    /// The listener has fallen too far behind, and gets no more.
    Dropped,
}

/// All listeners.
#[derive(Debug, Default)]
pub(crate) struct Listeners {
    queues: BTreeMap<ListenerId, Queue>,
    joined: u64,
    dropped: u64,
    has_ended: bool,
}

/// The pieces that wait for a listener.
#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Bytes>,
    bytes: usize,
    /// Whether a segment has begun since the listener joined: before that, it could not play
    /// anything.
    has_begun: bool,
    is_dropped: bool,
}

impl Listeners {
    pub(crate) fn join(&mut self) -> ListenerId {
        self.joined += 1;
        let id = ListenerId(self.joined);
        self.queues.insert(id, Queue::default());
        id
    }

    pub(crate) fn leave(&mut self, id: ListenerId) {
        self.queues.remove(&id);
    }

    // ANCHOR: tell
    /// Puts a piece of the stream into every queue. If a queue has no room, its listener is
    /// dropped.
    pub(crate) fn tell(&mut self, bytes: &Bytes, begins: bool) {
        for queue in self.queues.values_mut().filter(|queue| !queue.is_dropped) {
            queue.has_begun |= begins;
            if queue.has_begun {
                queue.bytes += bytes.len();
                queue.waiting.push_back(bytes.clone());
            }
            if queue.bytes > QUEUE_LIMIT {
                *queue = Queue { is_dropped: true, ..Queue::default() };
                self.dropped += 1;
            }
        }
    }
    // ANCHOR_END: tell

    pub(crate) fn end(&mut self) {
        self.has_ended = true;
    }

    /// Takes the next piece out of a queue.
    pub(crate) fn take(&mut self, id: ListenerId) -> Taken {
        let Some(queue) = self.queues.get_mut(&id).filter(|queue| !queue.is_dropped) else {
            return Taken::Dropped;
        };
        match queue.waiting.pop_front() {
            Some(bytes) => {
                queue.bytes -= bytes.len();
                Taken::Bytes(bytes)
            }
            None if self.has_ended => Taken::End,
            None => Taken::Nothing,
        }
    }

    /// The number of listeners that have not been dropped.
    pub(crate) fn count(&self) -> usize {
        self.queues.values().filter(|queue| !queue.is_dropped).count()
    }

    /// The number of listeners that have been dropped since the start.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIECE: Bytes = Bytes::from_static(&[0; 1 << 20]);

    #[test]
    fn a_listener_begins_where_a_segment_begins() {
        let mut listeners = Listeners::default();
        let id = listeners.join();
        listeners.tell(&Bytes::from_static(b"rest"), false);
        assert_eq!(listeners.take(id), Taken::Nothing);
        listeners.tell(&Bytes::from_static(b"begin"), true);
        listeners.tell(&Bytes::from_static(b"more"), false);
        assert_eq!(listeners.take(id), Taken::Bytes(Bytes::from_static(b"begin")));
        assert_eq!(listeners.take(id), Taken::Bytes(Bytes::from_static(b"more")));
        assert_eq!(listeners.take(id), Taken::Nothing);
        listeners.end();
        assert_eq!(listeners.take(id), Taken::End);
    }

    #[test]
    fn a_listener_that_does_not_read_is_dropped_and_costs_the_others_nothing() {
        let mut listeners = Listeners::default();
        let [slow, good] = [listeners.join(), listeners.join()];
        for _ in 0..=QUEUE_LIMIT / PIECE.len() {
            listeners.tell(&PIECE, true);
            assert_eq!(listeners.take(good), Taken::Bytes(PIECE));
        }
        assert_eq!(listeners.take(slow), Taken::Dropped);
        assert_eq!((listeners.count(), listeners.dropped()), (1, 1));
        listeners.leave(slow);
        assert_eq!((listeners.count(), listeners.dropped()), (1, 1));
    }

    #[test]
    fn a_queue_holds_no_bytes_of_its_own() {
        let mut listeners = Listeners::default();
        let ids = [(); 100].map(|()| listeners.join());
        listeners.tell(&PIECE, true);
        for id in ids {
            let Taken::Bytes(bytes) = listeners.take(id) else { panic!("it was told") };
            assert_eq!(bytes.as_ptr(), PIECE.as_ptr());
        }
    }
}
