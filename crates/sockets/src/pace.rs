use std::time::{Duration, Instant};

use protocol::{Hub, Mailbox};

/// How long a post is held back for the sake of a member that has fallen behind: 25 ms.
///
/// That is time enough to be given the processor, and so much a member that does not read costs
/// the others, once.
pub const PATIENCE: Duration = Duration::from_millis(25);

/// Holds posts back while a mailbox is more than half full.
///
/// A server hands on a paste faster than anybody can read it, if only because it has the processor
/// and the readers have not. So whoever posts goes at the pace of those who read, and since the
/// patience is bounded, not at the pace of those who do not.
#[derive(Debug, Default)]
pub struct Pace {
    crowded_since: Option<Instant>,
}

impl Pace {
    /// Until when no post is to be taken, unless the members have caught up before.
    pub fn held_until<M: Mailbox>(&mut self, hub: &mut Hub<M>) -> Option<Instant> {
        if !hub.is_crowded() {
            self.crowded_since = None;
            return None;
        }
        let now = Instant::now();
        let end = *self.crowded_since.get_or_insert(now) + PATIENCE;
        if end <= now {
            hub.give_up_waiting();
            self.crowded_since = None;
            return None;
        }
        Some(end)
    }
}
