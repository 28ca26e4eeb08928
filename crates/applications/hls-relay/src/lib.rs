//! A live stream: one encoder pushes it over TCP, many players play it over HTTP.
//!
//! All decisions are in `pure`, which does no I/O and reads no clock. Around it is a thin shell:
//! `ingest` reads from the encoder, `http` answers players, and `serve` accepts both.

#![forbid(unsafe_code)]

mod body;
mod command;
mod http;
mod ingest;
mod page;
mod pure;
mod serve;
mod shared;

pub use command::{Command, run};
pub use pure::{
    EncoderId, Fault, GARBAGE, LARGEST, ListenerId, NotYet, PACKET, QUEUE_LIMIT, Refusal, Relay,
    Segment, Settings, Status, Taken,
};
