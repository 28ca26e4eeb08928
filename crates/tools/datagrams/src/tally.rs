use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tracing::info;

use crate::Refusal;

/// How often the log reports drops: a client that floods the server must not flood its log as well.
const SAY_EVERY: Duration = Duration::from_secs(1);

/// The numbers of datagrams, by what happened to them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// The number of answered datagrams.
    pub(crate) answered: u64,
    /// The number of refused datagrams, for each reason in the order of [`Refusal::ALL`].
    refused: [u64; Refusal::ALL.len()],
    /// The number of answers that the system did not send.
    pub(crate) unsent: u64,
}

impl Counts {
    /// Counts a datagram that gets no answer.
    pub(crate) fn refuse(&mut self, why: Refusal) {
        self.refused[why as usize] += 1;
    }

    /// The number of datagrams refused for this reason.
    pub(crate) fn refused(&self, why: Refusal) -> u64 {
        self.refused[why as usize]
    }

    fn dropped(&self) -> u64 {
        self.refused.iter().sum::<u64>() + self.unsent
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} answered, {} dropped", self.answered, self.dropped())?;
        let reasons = Refusal::ALL.map(|why| (self.refused(why), why.words()));
        let unsent = (self.unsent, "whose answer could not be sent");
        let reasons = reasons.into_iter().chain([unsent]);
        let mut before = ": ";
        for (count, words) in reasons.filter(|(count, _)| *count > 0) {
            write!(f, "{before}{count} {words}")?;
            before = ", ";
        }
        Ok(())
    }
}

/// Counts datagrams, and logs drops, at most once a second.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) counts: Counts,
    /// The number of dropped datagrams that are already in the log.
    told: u64,
    last_dropped: Option<SocketAddr>,
    last_said: Option<Instant>,
}

impl Tally {
    pub(crate) fn refuse(&mut self, source: SocketAddr, why: Refusal) {
        self.counts.refuse(why);
        self.last_dropped = Some(source);
    }

    pub(crate) fn unsent(&mut self, source: SocketAddr) {
        self.counts.unsent += 1;
        self.last_dropped = Some(source);
    }

    /// The time of the next [`say`](Self::say), if there is anything to report.
    pub(crate) fn due(&self, now: Instant) -> Option<Instant> {
        let is_untold = self.counts.dropped() > self.told;
        is_untold.then(|| self.last_said.map_or(now, |said| said + SAY_EVERY))
    }

    /// Logs the drops, if it is time.
    pub(crate) fn say(&mut self, now: Instant) {
        if self.due(now).is_some_and(|due| due <= now)
            && let Some(source) = self.last_dropped
        {
            info!("{}; the last from {source}", self.counts);
            self.told = self.counts.dropped();
            self.last_said = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_counts_above_zero_are_reported() {
        let mut counts = Counts::default();
        assert_eq!(counts.to_string(), "0 answered, 0 dropped");
        counts.answered = 3;
        counts.refuse(Refusal::Rate);
        counts.refuse(Refusal::Size);
        counts.refuse(Refusal::Size);
        counts.unsent = 1;
        assert_eq!(
            counts.to_string(),
            "3 answered, 4 dropped: 2 of a wrong size, 1 over the rate of their address, \
             1 whose answer could not be sent"
        );
    }

    #[test]
    fn every_reason_has_a_place_of_its_own() {
        for why in Refusal::ALL {
            let mut counts = Counts::default();
            counts.refuse(why);
            let all = Refusal::ALL.map(|why| counts.refused(why));
            assert_eq!(all.iter().sum::<u64>(), 1);
            assert_eq!(counts.refused(why), 1);
        }
    }

    #[test]
    fn a_flood_is_logged_once_a_second() {
        let (mut tally, start) = (Tally::default(), Instant::now());
        assert_eq!(tally.due(start), None);
        let source = "192.0.2.1:54321".parse().unwrap();
        tally.refuse(source, Refusal::Size);
        assert_eq!(tally.due(start), Some(start));
        tally.say(start);
        assert_eq!(tally.due(start), None);
        tally.refuse(source, Refusal::Size);
        assert_eq!(tally.due(start), Some(start + SAY_EVERY));
        tally.say(start);
        assert_eq!(tally.told, 1, "it is too early");
        tally.say(start + SAY_EVERY);
        assert_eq!(tally.told, 2);
    }
}
