//! Datagrams: what there is where nobody accepts.
//!
//! A datagram arrives whole, more than once, or not at all, and its sender is who it says it is.
//! Two services answer them, and show what a service has to refuse; multicast and broadcast send
//! one datagram to many.
//!
//! What decides is pure, and takes what it needs to know: [`Service`] and [`Guard`].

#![forbid(unsafe_code)]

mod broadcast;
mod command;
mod envelope;
mod guard;
mod interfaces;
mod many;
mod multicast;
mod serve;
mod service;
mod tally;

pub use command::{Command, run};
pub use guard::{A_SECOND, AT_ONCE, Guard, Refusal};
pub use service::Service;
