//! The chores around a socket, which every server needs: listening, accepting, waiting, closing,
//! and stopping at a signal.
//!
//! The styles contain only the code in which they differ. Code that every server needs, and that
//! would hide the differences if each style repeated it, stands here once.

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
pub use limits::{Limits, Share, WRITE_TIMEOUT};
pub use listen::{
    BACKLOG, INHERITED, bind, keep_little_unsent, listen, listen_beside, local_address,
};
pub use signals::{hear, heeded, is_ignored, stopping_signals};
pub use stop::{Stop, StopFlag, WakeGuard};
pub use wait::{poll, timeout, until, wait_out};
pub use write::{WRITE_SIZE, gather, write_queue};
