//! The tools of every conformance test: a real server, clients with deadlines, and a view of /proc.
//!
//! A test is one function that takes a [`Style`], and [`each_style!`] makes it a test for each
//! style:
//!
//! ```no_run
//! use test_kit::{Server, Style, each_style};
//!
//! each_style!(a_line_comes_back);
//!
//! fn a_line_comes_back(style: Style) {
//!     let server = Server::start(style, "echo");
//!     let mut client = server.connect();
//!     client.send("hello\r\n");
//!     client.expect_line("hello");
//! }
//! # fn main() {}
//! ```
//!
//! No test sleeps, unless time itself is its subject. Each waits for an event, for at most
//! [`deadline()`]. If a test fails, the server's log is printed.

#![forbid(unsafe_code)]

mod binaries;
mod chance;
pub mod chat;
mod client;
mod crowd;
mod directory;
mod flood;
pub mod full_blast;
mod lost;
mod mux;
mod namespaces;
mod process;
pub mod records;
mod server;
mod shell;
mod signals;
pub mod strangers;
mod style;
mod tools;
pub mod upload;
mod usage;
mod wait;
mod wire;
pub mod workers;

#[doc(hidden)]
pub use all_styles;
pub use binaries::{build, example_tests, examples, program};
pub use chance::Chance;
pub use client::Client;
pub use crowd::{Crowd, can_open};
pub use directory::{Directory, names, repository};
pub use launch::{MaxClients, Own, Style};
pub use mux::Mux;
pub use namespaces::Namespaces;
pub use nix::sys::signal::Signal;
pub use process::{Footprint, Process};
pub use records::does_not_apply;
pub use server::{Ended, Running, Server, run, run_under};
pub use signals::hear_interrupts;
pub use tools::{can_run, node, require_tool, skip};
pub use wait::{BROWSER_PAUSE, again, deadline, wait_until};
pub use wire::{Host, Wire};
