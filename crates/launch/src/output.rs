//! Standard output: how all programs print, and what they do if that fails.
//!
//! A reader such as `head` has read enough and closes the pipe: this is no failure, and the exit
//! status does not tell of it. Every other error, such as a full disk, is a [`Problem`]: a line on
//! standard error, and status 1.
//!
//! The line `listening on ADDRESS` and the launcher's table are different: servers serve clients,
//! whether anything reads their output or not.

use std::io::{self, ErrorKind, Write};

use crate::Problem;

/// Prints a text on standard output, and flushes it. Its colours are left out if the output is no
/// terminal, with TERM=dumb, or if NO_COLOR is set.
///
/// # Errors
///
/// The output is full, for example. A closed pipe is no error.
pub fn print(text: &str) -> Result<(), Problem> {
    let mut output = anstream::stdout().lock();
    printed(output.write_all(text.as_bytes()).and_then(|()| output.flush()))
}

/// Turns the result of writing to standard output into the result for the program.
///
/// # Errors
///
/// As those of [`print()`].
pub fn printed(result: io::Result<()>) -> Result<(), Problem> {
    match result {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Problem::world(format!("cannot write standard output: {error}")))
        }
        _ => Ok(()),
    }
}
