use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use protocol::{Client, Hub, KEEPS_UP, MAILBOX_LIMIT, Mailbox};

/// How long it takes at least until the mailbox of a member that has fallen behind is full: 200 ms.
///
/// That is time enough to be given the processor on a busy machine (25 ms was not).
pub const PATIENCE: Duration = Duration::from_millis(200);

/// Holds posts back while a member has fallen behind.
///
/// A server hands on a paste faster than anybody can read it, if only because it has the processor
/// and the readers have not. So whoever posts goes at the pace of those who read, and since the
/// patience is bounded, not at the pace of those who do not.
///
/// The patience is spent little by little, by how much each post adds to what waits: so a member
/// that does not read slows the others down for a moment, and at no time stops them.
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
        let mut held = None;
        for (client, behind_by) in hub.behind() {
            let since = *before.get(&client).unwrap_or(&now);
            self.behind_since.insert(client, since);
            held = held.max(Some(since + due(behind_by)));
        }
        held.filter(|end| *end > now)
    }
}

/// How long after it fell behind a member may be behind by so much.
fn due(behind_by: usize) -> Duration {
    PATIENCE.mul_f64(behind_by as f64 / (MAILBOX_LIMIT - KEEPS_UP) as f64)
}
