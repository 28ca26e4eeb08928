//! The chores around a socket that are not the lesson: listening, accepting, waiting, saying
//! goodbye, and being told to stop.
//!
//! What differs between the styles stands in the styles; what every server has to get right, and
//! what would hide the difference if each did it anew, stands here once.

mod accept;
mod finish;
mod limits;
mod listen;
mod seldom;
mod signals;
mod stop;
mod wait;
mod write;

pub use accept::{ACCEPT_PAUSE, Acceptor, Arrival, log_end};
pub use finish::{LINGER, cut, discard_input};
pub use limits::{Limits, WRITE_TIMEOUT};
pub use listen::{BACKLOG, INHERITED, bind, listen, local_address};
pub use signals::{hear, is_ignored, stopping_signals};
pub use stop::{Stop, StopFlag, WakeGuard};
pub use wait::{poll, until, wait_out};
pub use write::{WRITE_SIZE, gather, write_queue};
