//! What several styles stand on, and no style is about: how a session is driven once its style has
//! decided who waits for whom.
//!
//! - [`blocking`]: one connection whose reads and writes block (iterative, fork, thread).
//! - [`table`]: all the clients of an event loop (select). The style itself asks the system who is ready.
//! - [`reap`]: the ends of child processes (fork).
//! - [`link`]: a member's child and its parent, and what goes between them (fork).

#![deny(unsafe_code)]

pub mod blocking;
mod children;
pub mod link;
mod panics;
mod slot;
pub mod table;

pub use children::{describe, reap};
pub use panics::{catch_panic, panicked};
