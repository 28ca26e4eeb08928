//! Code that several styles share, and that is not the subject of any of them: it drives a session
//! once the style has decided how to wait for its client.
//!
//! - [`blocking`]: one connection whose reads and writes block (iterative, fork, thread).
//! - [`table`]: all the clients of an event loop (select, poll, epoll). The style itself asks the
//!   kernel which clients are ready.
//! - [`deaths`] and [`reap`]: the ends of child processes (fork, and the launcher of all servers).
//! - [`link`]: a member's child and its parent, and the packets between them (fork).

#![deny(unsafe_code)]

pub mod blocking;
mod changed;
mod children;
mod deadlines;
pub mod link;
mod panics;
mod slot;
pub mod table;

pub use children::{deaths, describe, reap};
pub use panics::{catch_panic, panicked};
