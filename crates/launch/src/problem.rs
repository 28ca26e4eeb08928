//! The problems that end a program.

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

/// The reason, in one line, why a program cannot do its task, and the exit status.
#[derive(Debug)]
pub struct Problem {
    text: String,
    status: u8,
}

impl Problem {
    /// A wrong command line: status 2.
    pub fn usage(text: impl Into<String>) -> Problem {
        Problem { text: text.into(), status: 2 }
    }

    /// The system is not as the command line assumes: status 1. The text loses its error numbers,
    /// as by [`without_numbers`].
    pub fn world(text: impl fmt::Display) -> Problem {
        Problem { text: without_numbers(&text), status: 1 }
    }

    /// Prints the problem on standard error, and returns the exit status.
    pub fn report(self) -> ExitCode {
        complain(&self.text);
        ExitCode::from(self.status)
    }
}

/// As by [`Problem::world`].
impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Problem {
        Problem::world(error)
    }
}

/// Prints an error on standard error. It does not panic if nothing reads that.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "error: {text}");
}

/// A text that is or contains an error's text, without the "(os error 98)" that the standard
/// library puts after it.
pub fn without_numbers(text: &impl fmt::Display) -> String {
    let text = text.to_string();
    let mut pieces = text.split(" (os error ");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| text + piece.split_once(')').map_or("", |(_, rest)| rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_errors_are_left_out_wherever_they_stand() {
        let error = io::Error::from_raw_os_error(98);
        let reset = io::Error::from_raw_os_error(104);
        assert_eq!(without_numbers(&error), "Address already in use");
        assert_eq!(
            without_numbers(&format!("here: {error} (a hint), there: {reset}")),
            "here: Address already in use (a hint), there: Connection reset by peer"
        );
        assert_eq!(without_numbers(&"port 98 (taken)"), "port 98 (taken)");
    }
}
