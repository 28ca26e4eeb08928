//! Plays a case: each client does its steps, and the first step that fails ends it.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use crate::case::{Case, Guess, Symptom};
use crate::cause::{Cause, by_bytes, cause};
use crate::client::Client;
use crate::compare::{Match, compare};
use crate::player::{Player, Trouble};

/// How a case ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    Passed,
    Failed(Failure),
    /// It could not be judged.
    Error(String),
}

/// What failed, and why that may be.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The number of the step, from 0.
    pub(crate) step: usize,
    /// The bytes that were expected, if it was about bytes. A gap is `{...}`.
    pub(crate) expected: Option<Vec<u8>>,
    /// The bytes that came.
    pub(crate) got: Vec<u8>,
    /// Where the bytes differ.
    pub(crate) at: Option<usize>,
    /// What came after those bytes, or what went wrong.
    pub(crate) then: String,
    pub(crate) symptom: Symptom,
    /// Whether no connection was possible.
    pub(crate) is_refused: bool,
    pub(crate) cause: Option<Cause>,
}

/// How a case is played.
pub(crate) struct Rules<'a> {
    pub(crate) server: SocketAddr,
    /// How long a client waits for anything.
    pub(crate) timeout: Duration,
    /// What varies from run to run: the words and the bytes of the tape.
    pub(crate) seed: u64,
    /// Whether the server has just been started for this case.
    pub(crate) is_fresh: bool,
    /// Tells whether the server has ended, if that can be known.
    pub(crate) has_ended: &'a dyn Fn() -> bool,
}

/// Between two things that the server shall see apart, such as the pieces of a text.
pub(crate) const PAUSE: Duration = Duration::from_millis(10);

/// Plays the case against the server.
pub(crate) fn play(case: &Case, rules: &Rules) -> Outcome {
    if case.service == "chat" && !rules.is_fresh {
        wait_until_the_room_is_empty(rules);
    }
    let mut player = Player::new(rules);
    for (number, step) in case.steps.iter().enumerate() {
        let (from, to) = step.turns.unwrap_or((0, 0));
        for turn in from..=to {
            player.names.insert("n".to_owned(), turn.to_string());
            match player.act(step) {
                Ok(()) => {}
                Err(Trouble::Broken(why)) => return Outcome::Error(why),
                Err(Trouble::Failed(failure)) => {
                    let mut failure = Failure { step: number, ..*failure };
                    let has_ended = failure.is_refused || (rules.has_ended)();
                    if failure.cause.is_none() {
                        failure.cause = likely(case, &failure, &player, has_ended);
                    }
                    player.hide_addresses(&mut failure);
                    return Outcome::Failed(failure);
                }
            }
        }
    }
    Outcome::Passed
}

/// The likely cause of a failure: the first guess that fits, or what the bytes alone say.
fn likely(case: &Case, failure: &Failure, player: &Player, has_ended: bool) -> Option<Cause> {
    let step = &case.steps[failure.step];
    if has_ended {
        // A client that cannot connect would have expected something later.
        let later = case.steps[failure.step..].iter().flat_map(|step| &step.guesses);
        let mut died = later.filter(|guess| guess.symptom == Symptom::Died);
        let cause_of = |guess: &Guess| guess.cause.clone();
        return died.next().map(cause_of).or_else(|| cause("dies-of-a-client"));
    }
    let fits = |symptom: &Symptom| match symptom {
        Symptom::Anything => false,
        Symptom::Got(text) => text
            .parts(&player.names)
            .is_ok_and(|parts| matches!(compare(&failure.got, &parts, true), Match::Whole(_))),
        other => *other == failure.symptom,
    };
    let guess = step.guesses.iter().find(|guess| fits(&guess.symptom));
    let bytes = || by_bytes(failure.expected.as_deref()?, &failure.got);
    let anything = || step.guesses.iter().find(|guess| guess.symptom == Symptom::Anything);
    guess
        .map(|guess| guess.cause.clone())
        .or_else(bytes)
        .or_else(|| anything().map(|guess| guess.cause.clone()))
}

/// A server that serves several cases may still hold members of the last one. Whoever is alone in the
/// room is told so.
fn wait_until_the_room_is_empty(rules: &Rules) {
    let deadline = Instant::now() + rules.timeout;
    while Instant::now() < deadline {
        let Ok(mut client) = Client::connect(rules.server, None, rules.timeout) else {
            return;
        };
        while !client.input().contains(&b'\n') && client.ending.is_none() {
            if !client.wait(false, deadline) {
                return;
            }
            client.read_some();
        }
        let is_alone = client.input().windows(8).any(|part| part.starts_with(b"; 1 here"));
        drop(client);
        if is_alone {
            // The probe itself has to be gone, too.
            return thread::sleep(PAUSE);
        }
        thread::sleep(PAUSE);
    }
}
