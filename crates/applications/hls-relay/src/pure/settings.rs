//! The settings of a relay.

use std::time::Duration;

/// The settings of a relay.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The wanted length of a segment: whole seconds, at least one.
    pub segment: Duration,
    /// The least number of segments in a playlist, once there are that many: three or more.
    pub window: usize,
    /// How long to serve a segment after the playlist has dropped it.
    pub grace: Duration,
    /// A number that is different in each run of the program.
    pub run: u64,
}

impl Settings {
    /// The longest time of a segment, which every playlist states. It is twice the wanted length,
    /// since a segment ends only where a player can begin with the next one.
    pub fn target_duration(&self) -> Duration {
        2 * self.segment
    }

    /// How long an encoder may be silent before the relay drops it and takes its segments off the
    /// playlist: three target durations. By then, a player has nothing left to play.
    pub fn silence(&self) -> Duration {
        3 * self.target_duration()
    }
}
