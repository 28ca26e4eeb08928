//! Plays the chosen cases, one after the other, and says how each ended.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use crate::case::Case;
use crate::play::{Failure, Outcome, Rules, play};
use crate::server::{How, Running, Target};

/// The result of a case.
#[derive(Debug)]
pub(crate) struct Verdict<'a> {
    pub(crate) case: &'a Case,
    pub(crate) status: Status,
    pub(crate) took: Duration,
}

#[derive(Debug)]
pub(crate) enum Status {
    Passed,
    Failed(Failed),
    /// It could not be judged, for this reason.
    Error(String),
    /// It was not played, for this reason.
    Skipped(String),
    /// An earlier case has failed, or could not be judged.
    NotReached,
}

/// A failure, and the state of the server afterwards.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) failure: Failure,
    /// How the server has ended, if it has, and its last words.
    pub(crate) server: Option<String>,
}

/// How the cases are judged.
pub(crate) struct Judge {
    pub(crate) target: Target,
    pub(crate) how: How,
    pub(crate) timeout: Duration,
    pub(crate) seed: u64,
    /// Whether to go on after a failure.
    pub(crate) goes_on: bool,
    /// Whether the server serves one client at a time, and is not asked for more.
    pub(crate) one_at_a_time: bool,
}

impl Judge {
    /// Plays the cases in their order, and calls `tell` with each verdict.
    pub(crate) fn judge<'a>(&self, cases: &[&'a Case], mut tell: impl FnMut(&Verdict<'a>)) {
        let mut is_over = false;
        for case in cases {
            let begun = Instant::now();
            let status = match () {
                () if is_over => Status::NotReached,
                () if self.one_at_a_time && case.needs_many => {
                    Status::Skipped("the server serves one client at a time".to_owned())
                }
                () => self.one(case),
            };
            is_over |= match &status {
                Status::Failed(_) => !self.goes_on,
                // Without a server there is nothing to go on with.
                Status::Error(_) => true,
                _ => false,
            };
            tell(&Verdict { case, status, took: begun.elapsed() });
        }
    }
    fn one(&self, case: &Case) -> Status {
        let running = match &self.target {
            Target::Address(_) => None,
            Target::Command(command) => match Running::start(command, &case.service, &self.how) {
                Ok(running) => Some(running),
                Err(why) => return Status::Error(why),
            },
        };
        let server = match (&self.target, &running) {
            (Target::Address(address), _) => *address,
            (_, Some(running)) => running.address,
            (Target::Command(_), None) => unreachable!("it has been started"),
        };
        let is_fresh = running.is_some();
        let running = RefCell::new(running);
        let ended = || running.borrow_mut().as_mut().and_then(Running::ends_soon);
        let rules = Rules {
            server,
            timeout: self.timeout,
            seed: self.seed,
            is_fresh,
            has_ended: &|| ended().is_some(),
        };
        let failure = match play(case, &rules) {
            Outcome::Passed => return Status::Passed,
            Outcome::Error(why) => return Status::Error(why),
            Outcome::Failed(failure) => failure,
        };
        if failure.step == 0 && failure.is_refused && !is_fresh {
            return Status::Error(format!("{server}: {}", failure.then));
        }
        let ended = ended();
        let said = running.borrow().as_ref().map(Running::last_output).unwrap_or_default();
        let server = match ended {
            Some(ended) => Some(format!("it has ended: {ended}{said}")),
            None => (!said.is_empty()).then(|| format!("it runs, and has said last:{said}")),
        };
        Status::Failed(Failed { failure, server })
    }
}
