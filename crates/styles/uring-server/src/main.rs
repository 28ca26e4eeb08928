//! The uring server as a program of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    launch::main(&launch::Style::URING, uring_server::serve)
}
