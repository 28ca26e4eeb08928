//! The decisions of the relay, without I/O and without a clock.

mod clock;
mod listeners;
mod packets;
mod relay;
mod segmenter;
mod settings;
mod tables;
mod unfinished;
mod window;

pub use listeners::{ListenerId, QUEUE_LIMIT, Taken};
pub use packets::PACKET;
pub use relay::{EncoderId, Fault, GARBAGE, NotYet, Refusal, Relay, Status};
pub use segmenter::{LARGEST, Segment};
pub use settings::Settings;
