//! The executor server as a program of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    launch::main(&launch::Style::EXECUTOR, executor_server::serve)
}
