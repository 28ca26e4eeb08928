//! Checks a server of these services, in any language: is it right, and if not, why?
//!
//! A case is a conversation, written as data (`cases/`): steps that a person could type. The cases of
//! a service go from simple to hard, and the first misunderstanding ends the check, with the byte at
//! which it became visible, the likely cause, and the command to see it again.
//!
//! The project's own conformance tests play the same cases.
//!
//! Deliberately absent: anything that a client cannot see from outside, such as memory or
//! descriptors, and load: `after-accept load` is for that.

#![forbid(unsafe_code)]

mod case;
mod cause;
mod client;
mod command;
mod compare;
mod judge;
mod parse;
mod play;
mod player;
mod points;
mod report;
mod server;
mod style;
mod text;

pub use case::Case;
pub use cause::{CAUSES, Cause};
pub use command::{Command, run};
pub use parse::cases;

use std::net::SocketAddr;
use std::time::Duration;

use judge::Failed;
use play::{Outcome, Rules, play};
use report::{Reveal, story};

/// The services that have cases, each with its file.
const FILES: [(&str, &str); 6] = [
    ("echo", include_str!("../cases/echo.txt")),
    ("fortune", include_str!("../cases/fortune.txt")),
    ("lines", include_str!("../cases/lines.txt")),
    ("frames", include_str!("../cases/frames.txt")),
    ("upload", include_str!("../cases/upload.txt")),
    ("chat", include_str!("../cases/chat.txt")),
];

/// All cases, service by service, from simple to hard.
pub fn all_cases() -> Vec<Case> {
    let read = |(name, text): (&str, &str)| match cases(text) {
        Ok(cases) => cases,
        Err(error) => panic!("cases/{name}.txt, {error}"),
    };
    FILES.into_iter().flat_map(read).collect()
}

/// Plays a case at a server that has just been started and has no other client. A client waits for
/// `timeout` at most for each answer.
///
/// # Errors
///
/// The story of the failure, as a report for people shows it.
pub fn play_fresh(case: &Case, server: SocketAddr, timeout: Duration) -> Result<(), String> {
    let rules = Rules { server, timeout, seed: 7, is_fresh: true, has_ended: &|| false };
    match play(case, &rules) {
        Outcome::Passed => Ok(()),
        Outcome::Error(why) => Err(format!("{}: {why}", case.name())),
        Outcome::Failed(failure) => {
            let failed = Failed { failure, server: None };
            let story = story(case, &failed, Reveal::Full);
            Err(format!("{} {}\n{story}", case.name(), case.title))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn cases_are_numbered_in_their_order_and_say_why() {
        let cases = all_cases();
        for (service, _) in FILES {
            let of_service = cases.iter().filter(|case| case.service == service);
            for (place, case) in of_service.enumerate() {
                assert_eq!(case.number, place + 1, "{}", case.name());
                assert!(!case.why.is_empty(), "{} does not say why", case.name());
            }
        }
    }

    /// A cause that no case names cannot be found.
    #[test]
    fn every_cause_is_named_by_a_case() {
        let cases = all_cases();
        let steps = cases.iter().flat_map(|case| &case.steps);
        let named = steps.flat_map(|step| &step.guesses).map(|guess| guess.cause.id.clone());
        // These are found by the bytes alone.
        let by_bytes = ["bare-line-feed", "line-end-kept", "too-long", "not-utf8"];
        let named: BTreeSet<String> = named.chain(by_bytes.map(str::to_owned)).collect();
        let known: BTreeSet<String> = CAUSES.iter().map(|cause| cause.id.clone()).collect();
        assert_eq!(named, known);
    }
}
