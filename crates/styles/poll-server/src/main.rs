//! The poll server as a program of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    launch::main(&launch::Style::POLL, poll_server::serve)
}
