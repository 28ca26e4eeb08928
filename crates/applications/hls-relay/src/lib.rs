//! A live stream: one encoder pushes it by TCP, many people play it by HTTP.

#![forbid(unsafe_code)]

mod pure;

pub use pure::{
    EncoderId, Fault, GARBAGE, LARGEST, ListenerId, NotYet, PACKET, QUEUE_LIMIT, Refusal, Relay,
    Segment, Settings, Status, Taken,
};
