//! Code that several styles share, and that is not the subject of any of them: it drives a session
//! once the style has decided how to wait for its client.
//!
//! - [`blocking`]: one connection whose reads and writes block (iterative, fork, thread,
//!   prefork, pool).
//! - [`table`]: all the clients of an event loop (select, poll, epoll, uring). The style itself
//!   waits for them.
//! - [`threads`]: the thread that owns the room, and the two threads of a member (thread, pool).
//! - [`children`]: child processes, from the fork to the end (fork, prefork; the launcher of all
//!   servers waits for ends too).
//! - [`link`] and [`relay`]: a member's child and its parent, and the packets between them (fork,
//!   prefork).

#![deny(unsafe_code)]

pub mod blocking;
mod changed;
pub mod children;
mod connection;
mod deadlines;
pub mod link;
mod panics;
pub mod relay;
mod slot;
pub mod table;
pub mod threads;

pub use panics::{catch_panic, panicked};
