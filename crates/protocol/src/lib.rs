//! The words of a conversation, not their transport: each service is a state machine that takes
//! bytes and gives answers.
//!
//! State lives in two places, so there are two machines.
//! A [`Session`] lives where its connection lives: in a process, on a thread's stack, in a slot of
//! a table, in a task.
//! The [`Hub`] lives where all connections can reach it, and holds the room in which the sessions
//! of chat talk.
//! Only plain data passes between them ([`Posts`] one way, a [`Line`] the other), so it crosses a
//! function call, a channel or a process boundary unchanged.
//!
//! Nothing in this crate reads a socket, starts a thread, reads a clock or draws a random number;
//! `no_std` enforces that. The caller passes in random numbers, the time and the disk.
//! Messages for the server's operator go through `tracing`, for which the program around it
//! provides the log.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod chat;
pub mod echo;
pub mod fortune;
pub mod frames;
mod hub;
mod line;
pub mod lines;
mod mailbox;
mod pace;
mod posts;
mod room;
mod service;
mod session;
mod store;
mod telnet;
pub mod text;
mod turns;
pub mod upload;

pub use hub::{Event, Hub};
pub use line::LINE_LIMIT;
pub use mailbox::{
    Allowance, KEEPS_UP, LINE_COST, Line, MAILBOX_LIMIT, Mailbox, Outbox, OutboxMailbox,
    OutboxState, Queue, TooSlow,
};
pub use pace::{PATIENCE, STUCK};
pub use posts::{Post, Posts};
pub use room::{HISTORY, JOINED_LIMIT};
pub use service::{CATALOGUE, Entry, Service, Settings};
pub use session::{Answer, ClientId, LINES_READ, MEMBER_READ, PLAIN_READ, Session};
pub use store::{Draft, FileName, NAME_BYTES, NAME_LIMIT, NotStored, Store};
