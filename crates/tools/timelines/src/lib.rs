//! Timelines, drawn from real runs.
//!
//! The same [`SCENARIO`] is played by real clients against a server of each style ([`play`]). A
//! [`Record`] keeps all system calls with their times, those of the server as strace(1) saw them.
//! Words ([`tell`]) and pictures ([`pictures`]) are made only from the record, so the record can
//! reproduce a picture of the book byte by byte.
//!
//! Deliberately absent: measurements. strace(1) makes each call slower, and each run is different.
//! The same in every run is only which client waits for which ([`Record::relations`]).

#![forbid(unsafe_code)]

mod bars;
mod command;
mod draw;
mod play;
mod record;
mod scenario;
mod tell;
mod trace;

pub use bars::bars;
pub use command::{Command, run};
pub use draw::pictures;
pub use play::{Tempo, play};
pub use record::{Client, Event, Kind, Lane, Record, Relation, Spell};
pub use scenario::{Part, SCENARIO, SERVICE};
pub use tell::tell;
