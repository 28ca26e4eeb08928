//! The load generator: thousands of clients in one loop, who check all that they are told.
//!
//! It measures any server of these services, ours or not. What is said is apart from how it is
//! carried, as in the servers: a `Dialogue` knows what to say and what has to come back,
//! and a `Run` carries it, by one epoll(7), so that a thousand clients cost what they
//! send and no more.
//!
//! Deliberately absent: several threads (it says how much of its core it used instead, so that
//! nobody takes its limit for the server's), TLS, and services that store files.

#![forbid(unsafe_code)]

mod chat;
mod command;
mod connect;
mod costs;
mod dialogue;
mod echo;
mod faults;
mod fortune;
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
pub use tally::{Fairness, Percentiles};
