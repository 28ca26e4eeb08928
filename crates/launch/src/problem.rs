//! What keeps a program from doing what it was asked to do.

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

/// What keeps a program from doing what it was asked to do, in one line, and the status to exit
/// with.
#[derive(Debug)]
pub struct Problem {
    text: String,
    status: u8,
}

impl Problem {
    /// The command line asks for what cannot be: status 2.
    pub fn usage(text: impl Into<String>) -> Problem {
        Problem { text: text.into(), status: 2 }
    }

    /// The world is not as the command line assumes: status 1. The numbers of errors in the text
    /// are left out, as by [`without_numbers`].
    pub fn world(text: impl fmt::Display) -> Problem {
        Problem { text: without_numbers(&text), status: 1 }
    }

    /// Says so on standard error.
    pub fn report(self) -> ExitCode {
        complain(&self.text);
        ExitCode::from(self.status)
    }
}

/// Says on standard error what is wrong. That nobody may be reading is no reason to panic.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "error: {text}");
}

/// The text of an error, or one that holds such a text, without the "(os error 98)" that the
/// standard library puts behind it.
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
