//! The scenario for every style: the first client is slow, and the others would be quick.

/// The service. A line is answered when it is complete, so half a line makes the server wait.
pub const SERVICE: &str = "lines";

/// The actions of one client. Times are in milliseconds.
#[derive(Debug)]
pub struct Part {
    /// The name in the picture.
    pub name: &'static str,
    /// The time when it connects, but not before the previous client has sent something.
    pub connects: u64,
    /// The pieces that it sends, which form a line.
    pub sends: &'static [&'static str],
    /// The pause before each piece except the first.
    pub hesitates: u64,
    /// The time that it stays after its answer.
    pub stays: u64,
}

// ANCHOR: scenario
/// All clients. To play another scenario, change only this.
pub const SCENARIO: &[Part] = &[
    Part { name: "A", connects: 0, sends: &["slow and ", "steady\n"], hesitates: 500, stays: 0 },
    Part { name: "B", connects: 100, sends: &["quick\n"], hesitates: 0, stays: 150 },
    Part { name: "C", connects: 200, sends: &["quick\n"], hesitates: 0, stays: 150 },
];
// ANCHOR_END: scenario

impl Part {
    /// The duration of its conversation if it does not have to wait.
    pub fn takes(&self) -> u64 {
        let pauses = self.sends.len().saturating_sub(1) as u64;
        pauses * self.hesitates + self.stays
    }
}
