//! What whoever waits at a terminal is told meanwhile.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// How often the line is written anew.
const EVERY: Duration = Duration::from_millis(200);

/// One line on standard error that changes, if that is a terminal.
#[derive(Debug)]
pub(crate) struct Progress {
    last: Option<Instant>,
    is_seen: bool,
}

impl Progress {
    pub(crate) fn new() -> Progress {
        Progress {
            last: None,
            is_seen: io::stderr().is_terminal(),
        }
    }

    /// Shows a text instead of the one before, unless that is too new to be read.
    pub(crate) fn show(&mut self, text: impl FnOnce() -> String) {
        if self.is_seen && self.last.is_none_or(|last| last.elapsed() >= EVERY) {
            self.last = Some(Instant::now());
            write(&text());
        }
    }

    /// Takes the line away again.
    pub(crate) fn clear(&self) {
        if self.last.is_some() {
            write("");
        }
    }
}

fn write(text: &str) {
    // To the beginning of the line, and erase it (ECMA-48, EL). That nobody reads it is no reason
    // to stop.
    let _ = write!(io::stderr(), "\r\x1b[K{text}");
}
