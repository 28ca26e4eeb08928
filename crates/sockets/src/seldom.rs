use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often to give the same warning: once a second.
const EVERY: Duration = Duration::from_secs(1);

/// Limits a warning that would otherwise fill the log: says when it is due again.
#[derive(Debug)]
pub(crate) struct Seldom(Mutex<Option<Instant>>);

impl Seldom {
    pub(crate) const fn new() -> Seldom {
        Seldom(Mutex::new(None))
    }

    /// Whether the warning is due now. If so, it is not due for the next second.
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
