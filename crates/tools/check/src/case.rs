//! A case: a conversation of numbered steps that a person could type.

use std::fmt;

use crate::cause::Cause;
use crate::text::{Text, quoted};

/// A conversation with a server, and the question that it asks.
#[derive(Clone, Debug)]
pub struct Case {
    /// The service that it is about.
    pub service: String,
    /// Its number within the service, from 1: from simple to hard.
    pub number: usize,
    /// What happens.
    pub title: String,
    /// What the case asks, and why.
    pub why: String,
    /// How many points it is worth.
    pub points: u32,
    /// Whether the server has to serve one client while another is connected.
    pub needs_many: bool,
    pub(crate) steps: Vec<Step>,
}

impl Case {
    /// The name: `chat/3`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.service, self.number)
    }

    /// What happens in each step, as it is written in reports.
    pub fn steps(&self) -> impl Iterator<Item = String> {
        self.steps.iter().map(|step| match step.act {
            Act::Join { .. } => {
                let who = &step.who;
                format!(
                    "{step}: connects, sends \"/nick {who}\\n\", waits for \"* {{{who}}} is now {who}\\r\\n\""
                )
            }
            _ => step.to_string(),
        })
    }
}

/// What one client does or expects.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) who: String,
    pub(crate) act: Act,
    /// The numbers that `{n}` stands for, if the step is repeated.
    pub(crate) turns: Option<(usize, usize)>,
    /// What is likely wrong with a server at which this step fails.
    pub(crate) guesses: Vec<Guess>,
    /// The act as it is written.
    pub(crate) written: String,
}

/// A client's act. Whatever it waits for has to come in time.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// It connects. With a buffer, it takes in no more than about this many bytes unread.
    Connect {
        buffer: Option<usize>,
    },
    /// It connects to a room, takes its own word as its name, and skips what it hears meanwhile. If it
    /// is slow, it reads a little at a time while others wait, and all when it expects something.
    Join {
        is_slow: bool,
    },
    /// It sends this, in pieces of this many bytes.
    Send {
        text: Text,
        pieces: Option<usize>,
    },
    /// It sends this again and again, and reads nothing, until the server takes no more.
    SendUntilStuck(Text),
    /// It sends this many bytes, no eight of which come twice, and reads them back meanwhile.
    Exchange(usize),
    /// It reads back all that it has sent until it was stuck.
    ReadBack,
    /// The next bytes are these.
    Expect(Text),
    /// A line like this comes, perhaps after others.
    WaitFor(Text),
    /// The server ends the connection, and nothing comes before.
    ExpectEnd,
    /// A fortune comes: lines of UTF-8 that end with CR LF, 512 bytes at most, and then the end.
    ExpectFortune,
    /// It ends its side, and still reads.
    HalfClose,
    Close,
    /// It does nothing for a tenth of a second.
    Pause,
    /// It ends the connection in the hardest way: the server gets ECONNRESET.
    Reset,
    /// It connects and closes at once, this many times.
    ComeAndGo(usize),
    /// It connects, sends this and resets, this many times.
    ComeAndReset(Text, usize),
}

/// A cause, and the failure that it explains.
#[derive(Clone, Debug)]
pub(crate) struct Guess {
    pub(crate) symptom: Symptom,
    pub(crate) cause: Cause,
}

/// How a step fails.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Symptom {
    /// Nothing, or not all of it, came in time.
    Silence,
    /// The server ended the connection.
    End,
    /// The connection was reset.
    Reset,
    /// The server has ended, or nothing listens any more.
    Died,
    /// This came instead, at least.
    Got(Text),
    Anything,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:4} {}", self.who, self.written)
    }
}

/// The bytes of a short text, as numbers and as characters.
pub(crate) fn both(bytes: &[u8]) -> String {
    let numbers: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    match bytes.len() {
        1..=8 => format!("{}  {}", numbers.join(" "), quoted(bytes)),
        _ => quoted(bytes),
    }
}
