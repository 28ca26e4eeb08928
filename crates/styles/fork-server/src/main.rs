//! The fork server as a program of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    launch::main(&launch::Style::FORK, fork_server::serve)
}
