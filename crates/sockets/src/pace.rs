use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use protocol::{Client, Hub, Mailbox};

/// How long posts are held back for the sake of one member that has fallen behind: 250 ms.
///
/// That is time enough to be given the processor on a busy machine (25 ms was not), and so much a
/// member that does not read costs the others, once.
pub const PATIENCE: Duration = Duration::from_millis(250);

/// Holds posts back while a mailbox is more than half full.
///
/// A server hands on a paste faster than anybody can read it, if only because it has the processor
/// and the readers have not. So whoever posts goes at the pace of those who read, and since the
/// patience is bounded, not at the pace of those who do not.
#[derive(Debug, Default)]
pub struct Pace {
    /// Since when each of those is behind who have not caught up again.
    behind_since: BTreeMap<Client, Instant>,
}

impl Pace {
    /// Until when no post is to be taken, unless the members have caught up before. Whoever is
    /// behind still when the patience is over is not waited for again until it has caught up.
    ///
    /// As long as nobody has to be waited for, the hub hears the rest of what was posted.
    pub fn held_until<M: Mailbox>(&mut self, hub: &mut Hub<M>) -> Option<Instant> {
        loop {
            let held = self.waits_until(hub);
            if held.is_some() || !hub.go_on() {
                return held;
            }
        }
    }

    /// Until when those who are behind are waited for.
    fn waits_until<M: Mailbox>(&mut self, hub: &Hub<M>) -> Option<Instant> {
        let now = Instant::now();
        let before = std::mem::take(&mut self.behind_since);
        let since = |client| (client, *before.get(&client).unwrap_or(&now));
        self.behind_since = hub.behind().map(since).collect();
        let ends = self.behind_since.values().map(|since| *since + PATIENCE);
        ends.filter(|end| *end > now).max()
    }
}
