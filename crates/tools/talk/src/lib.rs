//! The client: copies from the keyboard to the socket and back, in one select loop.
//!
//! A client has two things to wait for, and it cannot know which comes first: the user may type, or
//! the server may send. So it waits for both at once, as the select server does for all its
//! clients. [`converse`] is that loop, and the smallest one that is correct.
//!
//! Frames and files go through the same loop, since a server may answer while the client still
//! sends: a client that sends a whole file before it reads the refusal wastes the time, or waits
//! forever.
//!
//! It calls a server, or waits for one caller: then two people talk without a server between them,
//! and the loop is the same.
//!
//! On a terminal, a text may arrive while a line is typed: `edit.rs` decides what the keys do, and
//! `prompt.rs` draws the line again below the text. The loop knows nothing of it.
//!
//! With datagrams it asks and waits for the answer, since a datagram server sends nothing unasked.
//!
//! Deliberately absent: telnet's negotiation, TLS, service names for ports, reconnecting when the
//! server has gone, and repeating a question when a datagram is lost.

#![forbid(unsafe_code)]

mod address;
mod ask;
mod command;
mod connect;
mod converse;
mod edit;
mod error;
mod frames;
mod listen;
mod prompt;
mod screen;
mod stream;
mod trace;
mod upload;

pub use command::{Command, run};
pub use connect::connect;
pub use converse::{Failure, converse};
pub use error::{Attempt, Error};
pub use listen::{Listener, listen};
pub use lookup::Address;
pub use screen::{Cleaner, Screen};
pub use stream::Stream;
pub use trace::Trace;
