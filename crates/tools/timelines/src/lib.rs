//! Timelines that are drawn from real runs.
//!
//! The same [`SCENARIO`] is played against a server of each style by real clients ([`play`]). Who
//! made which system call from when to when is kept in a [`Record`], that of the server as strace(1)
//! has seen it. Words ([`tell`]) and pictures ([`pictures`]) are made from the record and from
//! nothing else, so a picture of the book can be made anew, byte by byte, from the record beside it.
//!
//! Deliberately absent: a measurement. strace(1) makes each call slower, and a run is one run. What
//! holds in every run is who waits for whom ([`Record::relations`]).

#![forbid(unsafe_code)]

mod command;
mod draw;
mod play;
mod record;
mod scenario;
mod tell;
mod trace;

pub use command::{Command, run};
pub use draw::pictures;
pub use play::{Tempo, play};
pub use record::{Client, Event, Kind, Lane, Record, Relation, Spell};
pub use scenario::{Part, SCENARIO, SERVICE};
pub use tell::tell;
