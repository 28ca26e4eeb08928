//! The latencies of answers, and the number of answers for each client.

use std::ops::Range;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// The longest time that a histogram distinguishes from longer ones: an hour.
const LONGEST: Duration = Duration::from_secs(3600);

/// The most bars in steps of 1, 2 and 5: with more of them, the steps are powers of ten.
const MOST_BARS: usize = 12;

/// Times and how often each occurred, with three digits (an HdrHistogram).
#[derive(Debug)]
pub(crate) struct Times(Histogram<u64>);

/// Latencies in nanoseconds: this percentage of the answers took at most that long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Percentiles {
    /// The fastest.
    pub min: u64,
    /// The mean of all.
    pub mean: f64,
    /// Half of them: the median.
    pub p50: u64,
    /// Nine in ten.
    pub p90: u64,
    /// All but one in a hundred.
    pub p99: u64,
    /// All but one in a thousand.
    #[serde(rename = "p99.9")]
    pub p99_9: u64,
    /// The slowest.
    pub max: u64,
}

impl Times {
    pub(crate) fn new() -> Times {
        let histogram = Histogram::new_with_bounds(1, nanoseconds(LONGEST), 3);
        Times(histogram.expect("these bounds make sense"))
    }

    pub(crate) fn record(&mut self, time: Duration) {
        // Longer times count as the longest one.
        self.0.saturating_record(nanoseconds(time));
    }

    /// `None` if there are no times.
    pub(crate) fn percentiles(&self) -> Option<Percentiles> {
        let at = |percentile| self.0.value_at_percentile(percentile);
        (!self.0.is_empty()).then(|| Percentiles {
            min: self.0.min(),
            mean: self.0.mean(),
            p50: at(50.0),
            p90: at(90.0),
            p99: at(99.0),
            p99_9: at(99.9),
            max: self.0.max(),
        })
    }

    /// The times as bars, from the one of the fastest to that of the slowest. Each goes up to a round
    /// time: 1, 2, 5, 10 and so on, or the powers of ten if those were too many.
    pub(crate) fn bars(&self) -> Vec<Bar> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let bars = self.bars_up_to(&[1, 2, 5]);
        if bars.len() <= MOST_BARS { bars } else { self.bars_up_to(&[1]) }
    }

    fn bars_up_to(&self, steps: &[u64]) -> Vec<Bar> {
        // The histogram keeps three digits of a time: this is the smallest time with those.
        let rounded = |time| self.0.lowest_equivalent(time);
        let (min, max) = (self.0.min(), rounded(self.0.max()));
        let round =
            (0..14).flat_map(|power| steps.iter().map(move |step| step * 10_u64.pow(power)));
        let below_max = round.clone().filter(|up_to| *up_to < max).count();
        let round = round.take(below_max + 1).filter(|up_to| *up_to >= min);
        let mut bars: Vec<Bar> = round.map(|up_to| Bar { up_to, count: 0 }).collect();
        for part in self.0.iter_recorded() {
            let time = rounded(part.value_iterated_to());
            let bar = bars.iter_mut().find(|bar| time <= bar.up_to);
            bar.expect("the last one is above all").count += part.count_since_last_iteration();
        }
        bars
    }
}

/// A part of the latencies: how many answers took longer than the part before, and at most this.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bar {
    /// The longest time of this part, in nanoseconds.
    pub up_to: u64,
    /// The number of answers.
    pub count: u64,
}

/// All answers of a run.
#[derive(Debug)]
pub(crate) struct Tally {
    latency: Times,
    clients: Vec<Answers>,
}

/// The answers of one client.
#[derive(Clone, Copy, Debug, Default)]
struct Answers {
    count: u64,
    /// The sum of their latencies.
    time: Duration,
}

/// The differences between the clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Fairness {
    /// The number of answers of the client with the fewest.
    pub fewest_answers: u64,
    /// The number of answers of the client in the middle.
    pub median_answers: u64,
    /// The number of answers of the client with the most.
    pub most_answers: u64,
    /// The mean latency of the fastest client.
    pub fastest_mean_ns: u64,
    /// The mean latency of the slowest client that got answers.
    pub slowest_mean_ns: u64,
}

impl Tally {
    /// A tally for this number of clients.
    pub(crate) fn new(clients: usize) -> Tally {
        Tally { latency: Times::new(), clients: vec![Answers::default(); clients] }
    }

    // ANCHOR: answer
    /// Records an answer: a client received it at `now`, and its message was due at `due`, both
    /// counted from the beginning of the run.
    pub(crate) fn answer(&mut self, client: usize, due: Duration, now: Duration) {
        let latency = now.saturating_sub(due);
        self.latency.record(latency);
        self.clients[client].count += 1;
        self.clients[client].time += latency;
    }
    // ANCHOR_END: answer

    pub(crate) fn latency(&self) -> Option<Percentiles> {
        self.latency.percentiles()
    }

    pub(crate) fn bars(&self) -> Vec<Bar> {
        self.latency.bars()
    }

    /// The number of answers.
    pub(crate) fn count(&self) -> u64 {
        self.clients.iter().map(|client| client.count).sum()
    }

    /// The differences between these clients, which are those that get answers.
    pub(crate) fn fairness(&self, clients: Range<usize>) -> Fairness {
        let clients = &self.clients[clients];
        let mut counts: Vec<u64> = clients.iter().map(|client| client.count).collect();
        counts.sort_unstable();
        let served = clients.iter().filter(|client| client.count > 0);
        let means = served.map(|client| nanoseconds(client.time) / client.count);
        Fairness {
            fewest_answers: counts[0],
            median_answers: counts[counts.len() / 2],
            most_answers: counts[counts.len() - 1],
            fastest_mean_ns: means.clone().min().unwrap_or(0),
            slowest_mean_ns: means.max().unwrap_or(0),
        }
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn percentiles_are_right_to_three_digits() {
        let mut times = Times::new();
        (1..=1000).for_each(|time| times.record(ms(time)));
        let told = times.percentiles().unwrap();
        for (told, expected) in [
            (told.min, 1),
            (told.p50, 500),
            (told.p90, 900),
            (told.p99, 990),
            (told.p99_9, 999),
            (told.max, 1000),
        ] {
            let expected = nanoseconds(ms(expected));
            assert!(told.abs_diff(expected) <= expected / 500, "{told}");
        }
    }

    #[test]
    fn each_answer_is_in_one_bar() {
        let mut times = Times::new();
        assert_eq!(times.bars(), []);
        for (time, count) in [(3, 7), (10, 2), (11, 1), (90, 4)] {
            (0..count).for_each(|_| times.record(ms(time)));
        }
        let bars = |times: &Times| {
            let bars = times.bars().into_iter().map(|bar| (bar.up_to / 1_000_000, bar.count));
            bars.collect::<Vec<_>>()
        };
        assert_eq!(bars(&times), [(5, 7), (10, 2), (20, 1), (50, 0), (100, 4)]);
        // From 3 ms to an hour there are 19 round times, and only seven powers of ten.
        times.record(LONGEST);
        let counts = bars(&times);
        assert_eq!((counts.len(), counts[0], counts[6]), (7, (10, 9), (10_000_000, 1)));
        times.record(Duration::from_nanos(1));
        assert!(bars(&times).len() <= 14);
        assert_eq!(bars(&times).iter().map(|(_, count)| count).sum::<u64>(), 16);
    }

    #[test]
    fn no_time_has_no_percentile_and_a_day_counts_as_the_longest() {
        let mut times = Times::new();
        assert_eq!(times.percentiles(), None);
        times.record(Duration::from_secs(86400));
        let max = times.percentiles().unwrap().max;
        assert!(max.abs_diff(nanoseconds(LONGEST)) < nanoseconds(LONGEST) / 1000);
    }

    #[test]
    fn latency_counts_from_the_time_when_a_message_was_due() {
        let mut tally = Tally::new(3);
        for (client, due, now) in [(0, 10, 20), (0, 20, 30), (0, 30, 40), (1, 10, 110)] {
            tally.answer(client, ms(due), ms(now));
        }
        assert_eq!(tally.count(), 4);
        let max = tally.latency().unwrap().max;
        assert!(max.abs_diff(nanoseconds(ms(100))) < 100_000);
        let expected = Fairness {
            fewest_answers: 0,
            median_answers: 1,
            most_answers: 3,
            fastest_mean_ns: nanoseconds(ms(10)),
            slowest_mean_ns: nanoseconds(ms(100)),
        };
        assert_eq!(tally.fairness(0..3), expected);
    }
}
