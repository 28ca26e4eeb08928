//! What whoever waits at a terminal is told meanwhile.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// How often the line is written anew.
const EVERY: Duration = Duration::from_millis(200);

/// One line on standard error that changes, if that is a terminal.
#[derive(Debug)]
pub struct Progress {
    last: Option<Instant>,
    is_seen: bool,
}

impl Progress {
    /// Nothing is shown before there is something to show.
    pub fn on_standard_error() -> Progress {
        Progress { last: None, is_seen: io::stderr().is_terminal() }
    }

    /// Shows a text instead of the one before, unless that is too new to be read.
    pub fn show(&mut self, text: impl FnOnce() -> String) {
        if self.is_seen && self.last.is_none_or(|last| last.elapsed() >= EVERY) {
            self.show_at_once(&text());
        }
    }

    /// Shows a text instead of the one before, however new that is.
    pub fn show_at_once(&mut self, text: &str) {
        if self.is_seen {
            self.last = Some(Instant::now());
            write(text);
        }
    }

    /// Takes the line away again.
    pub fn clear(&mut self) {
        if self.last.take().is_some() {
            write("");
        }
    }
}

/// Whatever is said next, an error above all, has a line of its own.
impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

fn write(text: &str) {
    // To the beginning of the line, and erase it (ECMA-48, EL). That nobody reads it is no reason
    // to stop.
    let _ = write!(io::stderr(), "\r\x1b[K{text}");
}
