//! The iterative server as a program of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    launch::main(&launch::Style::ITERATIVE, iterative_server::serve)
}
