//! Datagrams: services without connections.
//!
//! A datagram arrives whole, more than once, or not at all, and its source address may be forged.
//! Two services answer datagrams, and show what a service has to refuse; multicast and broadcast
//! send one datagram to many hosts.
//!
//! The decisions are pure, and take their data as arguments: [`Service`] and [`Guard`].

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
