//! What a relay is told at its start.

use std::time::Duration;

/// What a relay is told at its start.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How long a segment shall be: whole seconds, one at least.
    pub segment: Duration,
    /// How many segments a playlist lists at least, once there are as many: three or more.
    pub window: usize,
    /// How long a segment is served after the playlist has dropped it.
    pub grace: Duration,
    /// Tells this run of the program from every other one.
    pub run: u64,
}

impl Settings {
    /// What no segment is longer than, and what every playlist says: twice as long as a segment
    /// shall be, since a segment ends only where a player can begin at the next one.
    pub fn target_duration(&self) -> Duration {
        2 * self.segment
    }

    /// How long an encoder may be silent before it is dropped and its segments are no longer shown:
    /// three target durations. A player has nothing left by then.
    pub fn silence(&self) -> Duration {
        3 * self.target_duration()
    }
}
