//! The client: keyboard to socket and back, by one select loop.
//!
//! A client has two things to wait for, and it cannot know which comes first: the person may type,
//! or the server may speak.
//! So it waits for both at once, as the select server does for all its clients; [`converse`] is
//! that loop, and the smallest one that is right.
//!
//! Frames and files go through the same loop, since a server may speak while it is sent to:
//! whoever sends a whole file before it reads the refusal sends it for nothing, or for ever.
//!
//! By datagram it asks and waits for the answer, since nobody speaks there who has not been asked.
//!
//! Deliberately absent: telnet's negotiation, TLS, names of services for ports, calling again when
//! the server has gone, and asking again when a datagram is lost.

#![forbid(unsafe_code)]

mod address;
mod ask;
mod command;
mod connect;
mod converse;
mod error;
mod frames;
mod screen;
mod stream;
mod trace;
mod upload;

pub use address::Address;
pub use command::{Command, run};
pub use connect::connect;
pub use converse::{Failure, converse};
pub use error::{Attempt, Error};
pub use screen::{Cleaner, Screen};
pub use stream::Stream;
pub use trace::Trace;
