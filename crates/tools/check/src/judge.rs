//! Plays the chosen cases, one after the other, and says how each ended.

use std::time::{Duration, Instant};

use crate::case::Case;
use crate::cause::cause;
use crate::play::{Failure, Outcome, Rules, play};
use crate::server::{Running, Target};

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
}

/// A failure, and the state of the server afterwards.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) failure: Failure,
    /// How the server has ended, and its last words, if it has.
    pub(crate) ended: Option<String>,
}

/// How the cases are judged.
pub(crate) struct Judge {
    pub(crate) target: Target,
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
        let mut is_over: Option<String> = None;
        for case in cases {
            let begun = Instant::now();
            let status = match &is_over {
                Some(why) => Status::Skipped(why.clone()),
                None if self.one_at_a_time && case.needs_many => {
                    Status::Skipped("the server serves one client at a time".to_owned())
                }
                None => self.one(case),
            };
            match &status {
                Status::Failed(_) if !self.goes_on => {
                    is_over = Some(format!("{} failed; --all goes on", case.name()));
                }
                // Without a server there is nothing to go on with.
                Status::Error(_) => is_over = Some("the server could not be checked".to_owned()),
                _ => {}
            }
            tell(&Verdict { case, status, took: begun.elapsed() });
        }
    }
    fn one(&self, case: &Case) -> Status {
        let mut running = match &self.target {
            Target::Address(_) => None,
            Target::Command(command) => match Running::start(command, &case.service) {
                Ok(running) => Some(running),
                Err(why) => return Status::Error(why),
            },
        };
        let server = match (&self.target, &running) {
            (Target::Address(address), _) => *address,
            (_, Some(running)) => running.address,
            (Target::Command(_), None) => unreachable!("it has been started"),
        };
        let (timeout, seed, is_fresh) = (self.timeout, self.seed, running.is_some());
        let mut failure = match play(case, &Rules { server, timeout, seed, is_fresh }) {
            Outcome::Passed => return Status::Passed,
            Outcome::Error(why) => return Status::Error(why),
            Outcome::Failed(failure) => failure,
        };
        if failure.step == 0 && failure.is_refused && running.is_none() {
            return Status::Error(format!("{server}: {}", failure.then));
        }
        let ended = running.as_mut().and_then(|server| {
            let ended = server.ends_soon()?;
            Some(ended + &server.last_output())
        });
        if ended.is_some() {
            failure.cause = failure.cause.or_else(|| cause("dies-of-a-client"));
        }
        Status::Failed(Failed { failure, ended })
    }
}
