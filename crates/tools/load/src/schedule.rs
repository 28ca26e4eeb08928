//! The times at which messages are due, in an open loop.

use std::time::Duration;

/// Messages at a fixed rate, whether they are answered or not: the `n`th is due at `n / rate`, and
/// the clients take turns.
///
/// The time of each message follows from its number alone, and not from answers. This makes the
/// loop open.
#[derive(Debug)]
pub(crate) struct Schedule {
    /// Messages a second.
    rate: f64,
    /// The time when the schedule ends.
    duration: Duration,
    clients: u64,
    /// The number of messages that have been due.
    number: u64,
}

impl Schedule {
    pub(crate) fn new(rate: f64, duration: Duration, clients: usize) -> Schedule {
        Schedule { rate, duration, clients: clients as u64, number: 0 }
    }

    /// The time when the next message is due, if there is one.
    pub(crate) fn next(&self) -> Option<Duration> {
        // With a very low rate, the second message may be later than any clock can tell.
        let due = Duration::try_from_secs_f64(self.number as f64 / self.rate).ok()?;
        (due < self.duration).then_some(due)
    }

    // ANCHOR: take
    /// The next message that is due by `now`: its client, and the time when it was due.
    pub(crate) fn take(&mut self, now: Duration) -> Option<(usize, Duration)> {
        let due = self.next().filter(|due| *due <= now)?;
        let client = (self.number % self.clients) as usize;
        self.number += 1;
        Some((client, due))
    }
    // ANCHOR_END: take
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn clients_take_turns_at_even_intervals() {
        let mut schedule = Schedule::new(1000.0, ms(4), 3);
        let mut all = Vec::new();
        for now in [0, 1, 2, 3, 4, 5] {
            while let Some((client, due)) = schedule.take(ms(now)) {
                assert!(due <= ms(now));
                all.push((client, due));
            }
        }
        let expected = [(0, 0), (1, 1), (2, 2), (0, 3)].map(|(client, due)| (client, ms(due)));
        assert_eq!(all, expected);
        assert_eq!(schedule.next(), None);
    }

    #[test]
    fn a_late_caller_gets_all_messages_that_were_due() {
        let mut schedule = Schedule::new(10.0, ms(1000), 1);
        assert_eq!(schedule.take(ms(0)), Some((0, ms(0))));
        assert_eq!(schedule.take(ms(99)), None);
        let mut due = Vec::new();
        while let Some((_, since)) = schedule.take(ms(450)) {
            due.push(since);
        }
        assert_eq!(due, [100, 200, 300, 400].map(ms));
        assert_eq!(schedule.next(), Some(ms(500)));
    }

    #[test]
    fn at_the_lowest_rate_one_message_is_due() {
        let mut schedule = Schedule::new(f64::MIN_POSITIVE, Duration::MAX, 1);
        assert_eq!(schedule.take(ms(0)), Some((0, ms(0))));
        assert_eq!((schedule.next(), schedule.take(Duration::MAX)), (None, None));
    }
}
