use serde::{Deserialize, Serialize};

/// The faults in a server's answers. The unit depends on the service: bytes for echo, lines for
/// chat, fortunes for fortune.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Faults {
    /// Never arrived.
    pub lost: u64,
    /// Arrived more than once, or was never asked for.
    pub doubled: u64,
    /// Arrived out of order.
    pub misordered: u64,
    /// Arrived changed.
    pub changed: u64,
}

impl Faults {
    /// Whether there is any fault.
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
