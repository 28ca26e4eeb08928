//! What is due when, in an open loop.

use std::time::Duration;

/// Messages at a fixed rate, whatever becomes of them: the `n`th is due at `n / rate`, and the
/// clients take turns.
///
/// That the time of each follows from its number alone, and from no answer, is what makes the loop
/// open.
#[derive(Debug)]
pub(crate) struct Schedule {
    /// How many a second.
    rate: f64,
    /// When it is over.
    duration: Duration,
    clients: u64,
    /// How many have been due.
    number: u64,
}

impl Schedule {
    pub(crate) fn new(rate: f64, duration: Duration, clients: usize) -> Schedule {
        Schedule { rate, duration, clients: clients as u64, number: 0 }
    }

    /// When the next message is due, if there is one.
    pub(crate) fn next(&self) -> Option<Duration> {
        // A rate may be so low that no clock would live to see the second message.
        let due = Duration::try_from_secs_f64(self.number as f64 / self.rate).ok()?;
        (due < self.duration).then_some(due)
    }

    // ANCHOR: take
    /// The next message that is due by `now`: whose it is, and since when.
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
    fn whoever_comes_late_finds_all_that_was_due() {
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
