use serde::{Deserialize, Serialize};

/// What a server did to what it was given. The unit is the service's: bytes for echo, lines for
/// chat, fortunes for fortune.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Faults {
    /// Never came.
    pub lost: u64,
    /// Came more than once, or unasked.
    pub doubled: u64,
    /// Came, but not when it was its turn.
    pub misordered: u64,
    /// Came as something else.
    pub changed: u64,
}

impl Faults {
    /// Whether there is anything wrong at all.
    pub fn any(&self) -> bool {
        *self != Faults::default()
    }

    pub(crate) fn add(&mut self, other: &Faults) {
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.misordered += other.misordered;
        self.changed += other.changed;
    }
}
