//! The load generator: thousands of clients in one loop, which check all that they receive.
//!
//! It measures any server of these services, ours or not. The messages are separate from their
//! transport, as in the servers: a `Dialogue` knows what to send and what to expect, and a `Run`
//! transports it with one epoll(7), so that a thousand clients cost only as much as they send.
//!
//! Deliberately absent: several threads (instead, the report says how much of its core the
//! generator used, so that its limit is not mistaken for the server's), TLS, and services that
//! store files.

#![forbid(unsafe_code)]

mod chat;
mod command;
mod connect;
mod costs;
mod dialogue;
mod echo;
mod faults;
mod fortune;
mod nats;
mod plan;
mod poller;
mod progress;
mod report;
mod run;
mod schedule;
mod stream;
mod tally;
mod tape;

pub use command::{Command, seconds};
pub use costs::Costs;
pub use faults::Faults;
pub use plan::run;
pub use progress::Progress;
pub use report::{NEARLY_ALL, Report, amount, count, time};
pub use tally::{Bar, Fairness, Percentiles};
