//! The epoll server as a program of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    launch::main(&launch::Style::EPOLL, epoll_server::serve)
}
