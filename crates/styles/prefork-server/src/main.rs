//! The prefork server as a program of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    launch::main(&launch::Style::PREFORK, prefork_server::serve)
}
