//! A number that one thread owns.

// ANCHOR: counter
use std::sync::mpsc::{Sender, channel};
use std::thread;

/// A count that can be cloned into every thread.
#[derive(Clone, Debug)]
pub struct Counter(Sender<Message>);

#[derive(Debug)]
enum Message {
    Add(u64),
    Tell(Sender<u64>),
}

impl Counter {
    /// Starts the thread that owns the number. It ends with the last clone.
    pub fn start() -> Counter {
        let (sender, messages) = channel();
        thread::spawn(move || {
            let mut count = 0;
            for message in messages {
                match message {
                    Message::Add(more) => count += more,
                    // A receiver that no longer waits for the answer does not need it.
                    Message::Tell(asks) => drop(asks.send(count)),
                }
            }
        });
        Counter(sender)
    }

    /// Adds to the count.
    pub fn add(&self, more: u64) {
        // The owner does not panic, so it lives as long as this counter.
        let _ = self.0.send(Message::Add(more));
    }

    /// The count, including everything that this thread has added before.
    pub fn get(&self) -> u64 {
        let (asks, answer) = channel();
        let _ = self.0.send(Message::Tell(asks));
        answer.recv().unwrap_or_default()
    }
}
// ANCHOR_END: counter

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_among_many_threads() {
        let counter = Counter::start();
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..1000).for_each(|_| counter.add(2)));
            }
        });
        assert_eq!(counter.get(), 16_000);
    }

    #[test]
    fn each_sees_what_it_has_added_itself() {
        let counter = Counter::start();
        for expected in 1..=100 {
            counter.add(1);
            assert_eq!(counter.get(), expected);
        }
    }

    #[test]
    fn a_thread_that_panics_does_not_break_it_for_others() {
        let counter = Counter::start();
        let clone = counter.clone();
        let panicked = thread::spawn(move || {
            clone.add(1);
            panic!("while it holds a counter");
        });
        assert!(panicked.join().is_err());
        counter.add(1);
        assert_eq!(counter.get(), 2);
    }
}
