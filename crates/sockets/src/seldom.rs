use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often the same warning is given: once a second.
const EVERY: Duration = Duration::from_secs(1);

/// Says when a warning is due again that would otherwise fill the log.
#[derive(Debug)]
pub(crate) struct Seldom(Mutex<Option<Instant>>);

impl Seldom {
    pub(crate) const fn new() -> Seldom {
        Seldom(Mutex::new(None))
    }

    /// Whether it is due now, and then not for a second.
    pub(crate) fn is_due(&self) -> bool {
        let now = Instant::now();
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = last.is_none_or(|last| now >= last + EVERY);
        if is_due {
            *last = Some(now);
        }
        is_due
    }
}
