//! The progress of a run, for a person at a terminal.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// The time between two updates of the line.
const EVERY: Duration = Duration::from_millis(200);

/// One line on standard error that changes, if that is a terminal.
#[derive(Debug)]
pub struct Progress {
    last: Option<Instant>,
    is_seen: bool,
}

impl Progress {
    /// Creates the line, and shows nothing yet.
    pub fn on_standard_error() -> Progress {
        Progress { last: None, is_seen: io::stderr().is_terminal() }
    }

    /// Replaces the text, unless the current one is too new to be read.
    pub fn show(&mut self, text: impl FnOnce() -> String) {
        if self.is_seen && self.last.is_none_or(|last| last.elapsed() >= EVERY) {
            self.show_at_once(&text());
        }
    }

    /// Replaces the text, however new the current one is.
    pub fn show_at_once(&mut self, text: &str) {
        if self.is_seen {
            self.last = Some(Instant::now());
            write(text);
        }
    }

    /// Erases the line.
    pub fn clear(&mut self) {
        if self.last.take().is_some() {
            write("");
        }
    }
}

/// Erases the line, so that the next output, such as an error, has a line of its own.
impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

fn write(text: &str) {
    // Goes to the beginning of the line and erases it (ECMA-48, EL). If standard error is closed,
    // the run goes on.
    let _ = write!(io::stderr(), "\r\x1b[K{text}");
}
