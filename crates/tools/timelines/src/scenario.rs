//! What happens, whoever serves: the first client takes its time, and the others would be quick.

/// What is served. A line is answered when it is complete, so half a line makes the server wait.
pub const SERVICE: &str = "lines";

/// What one client does. Times are in milliseconds.
#[derive(Debug)]
pub struct Part {
    /// What it is called in the picture.
    pub name: &'static str,
    /// When it connects; not before the one above it has sent something, though.
    pub connects: u64,
    /// What it sends, in pieces, which are a line together.
    pub sends: &'static [&'static str],
    /// How long it takes its time before each piece but the first.
    pub hesitates: u64,
    /// How long it stays when it has its answer.
    pub stays: u64,
}

// ANCHOR: scenario
/// All that happens. Who plays another one needs to change nothing else.
pub const SCENARIO: &[Part] = &[
    Part { name: "A", connects: 0, sends: &["slow and ", "steady\n"], hesitates: 500, stays: 0 },
    Part { name: "B", connects: 100, sends: &["quick\n"], hesitates: 0, stays: 150 },
    Part { name: "C", connects: 200, sends: &["quick\n"], hesitates: 0, stays: 150 },
];
// ANCHOR_END: scenario

impl Part {
    /// How long its conversation takes, if nobody lets it wait.
    pub fn takes(&self) -> u64 {
        let pauses = self.sends.len().saturating_sub(1) as u64;
        pauses * self.hesitates + self.stays
    }
}
