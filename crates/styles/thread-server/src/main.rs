//! The thread server as a program of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    launch::main(&launch::Style::THREAD, thread_server::serve)
}
