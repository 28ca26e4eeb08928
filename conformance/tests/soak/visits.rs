//! Counts a server's visits, polite and hostile, and balances them.

use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use test_kit::Chance;

use crate::watched::Watched;
use crate::{hostile, polite};

/// The largest number of hostile clients for each polite one.
///
/// Hostile clients need not wait until they are served, since they leave before. If one client is
/// served at a time, they would fill the backlog, and a polite client would wait for a thousand of
/// them.
const HOSTILE_FOR_ONE: usize = 20;

/// How long a hostile client waits for its turn before it checks whether the time is over.
const MOMENT: Duration = Duration::from_millis(100);

/// The visits of a server.
#[derive(Default)]
pub(crate) struct Visits {
    counts: Mutex<Counts>,
    polite_came: Condvar,
}

/// The number of finished visits, all of them successful.
#[derive(Clone, Copy, Default)]
struct Counts {
    polite: usize,
    hostile: usize,
    /// The longest duration of a polite visit.
    longest: Duration,
}

impl Visits {
    pub(crate) fn come_politely(&self, server: &Watched, chance: &mut Chance) {
        let begun = Instant::now();
        polite::visit(server, chance);
        let mut counts = self.counts();
        counts.polite += 1;
        counts.longest = counts.longest.max(begun.elapsed());
        drop(counts);
        self.polite_came.notify_all();
    }

    pub(crate) fn come_as_a_nuisance(&self, server: &Watched, chance: &mut Chance) {
        let is_enough =
            |counts: &mut Counts| counts.hostile >= HOSTILE_FOR_ONE * (1 + counts.polite);
        let waited = self.polite_came.wait_timeout_while(self.counts(), MOMENT, is_enough);
        let (mut counts, waited) = waited.expect("no panic");
        if !waited.timed_out() {
            counts.hostile += 1;
            drop(counts);
            hostile::visit(server, chance);
        }
    }

    /// Expects some visits of either kind.
    pub(crate) fn expect_both(&self) {
        let Counts { polite, hostile, .. } = *self.counts();
        assert!(polite > 0 && hostile > 0, "{self}");
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().expect("no panic")
    }
}

impl fmt::Display for Visits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts { polite, hostile, longest } = *self.counts();
        write!(f, "{polite} polite clients (in {longest:.1?} at most), {hostile} hostile ones")
    }
}
