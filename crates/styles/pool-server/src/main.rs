//! The pool server as a program of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    launch::main(&launch::Style::POOL, pool_server::serve)
}
