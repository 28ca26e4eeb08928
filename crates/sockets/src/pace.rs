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
    behind: BTreeMap<Client, Behind>,
}

/// A member that has fallen behind.
#[derive(Debug)]
struct Behind {
    /// By how many bytes it was behind at the last look.
    by: usize,
    /// Until when it is waited for.
    held_until: Instant,
}

impl Pace {
    /// Until when no post is to be taken, unless the members have caught up before.
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
        let mut before = std::mem::take(&mut self.behind);
        for (client, by) in hub.behind() {
            let known = before.remove(&client);
            let (last, held_until) = known.map_or((0, now), |last| (last.by, last.held_until));
            // What is added has its time from now on, and what is read needs none any more.
            let held_until = if by > last {
                held_until.max(now) + time_for(by - last)
            } else {
                held_until - time_for(last - by)
            };
            self.behind.insert(client, Behind { by, held_until });
        }
        let held = self.behind.values().map(|behind| behind.held_until);
        held.filter(|end| *end > now).max()
    }
}

/// How long so many bytes are waited for.
fn time_for(bytes: usize) -> Duration {
    PATIENCE.mul_f64(bytes as f64 / (MAILBOX_LIMIT - KEEPS_UP) as f64)
}
