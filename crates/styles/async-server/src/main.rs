//! The async server as a program of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    launch::main(&launch::Style::ASYNC, async_server::serve)
}
