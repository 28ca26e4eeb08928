//! How long a room waits for those who catch up, and for whom it does not wait.
//!
//! A server hands on a paste faster than anybody can read it, if only because it has the processor
//! and the readers have not. So the room has patience, in two ways:
//!
//! 1. A member that is behind is not heard itself. So a member that floods and does not read holds
//!    back itself alone. One that has not read for [`STUCK`] is heard all the same: it fills its
//!    mailbox, and is dropped.
//! 2. While somebody catches up, what the others are told goes at a pace: from [`KEEPS_UP`] to a
//!    full mailbox takes [`PATIENCE`] at least. A member is waited for as long as it reads, and for
//!    [`PATIENCE`] after its last read. Members are not added up: three hundred who do not read
//!    cost the others no more than one.

use alloc::collections::BTreeMap;
use core::time::Duration;

use crate::{ClientId, KEEPS_UP, MAILBOX_LIMIT};

// ANCHOR: patience
/// How long a member that is behind is waited for if it reads nothing: 200 ms.
///
/// A reader that the system has set aside for a moment is back by then, on a busy machine too;
/// 25 ms were too short there.
pub const PATIENCE: Duration = Duration::from_millis(200);
// ANCHOR_END: patience

/// When a member that is behind and reads nothing is heard again: after 5 seconds.
pub const STUCK: Duration = Duration::from_secs(5);

/// When to look again whether a member has caught up. Its driver may know it sooner.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// Who is behind, and until when that holds up the others.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    behind: BTreeMap<ClientId, Behind>,
    /// When more may be told to the others, as long as somebody catches up.
    next: Duration,
}

/// A member for whom more waits than [`KEEPS_UP`].
#[derive(Debug)]
struct Behind {
    /// How much waited for it at the last look.
    waiting: usize,
    /// It has read, or fallen behind, since the clock was looked at.
    has_moved: bool,
    /// When it had moved last.
    moved: Duration,
}

impl Pace {
    /// A member has been offered a line, and now so much waits for it.
    pub(crate) fn offered(&mut self, client: ClientId, cost: usize, waiting: usize) {
        if let Some(behind) = self.behind.get_mut(&client) {
            behind.has_moved |= waiting < behind.waiting + cost;
            behind.waiting = waiting;
        } else if waiting > KEEPS_UP {
            let behind = Behind { waiting, has_moved: true, moved: Duration::ZERO };
            self.behind.insert(client, behind);
        }
    }

    /// A member has left.
    pub(crate) fn forget(&mut self, client: ClientId) {
        self.behind.remove(&client);
    }

    /// Looks at those who are behind, and at the clock. `waiting` tells how much waits for one.
    pub(crate) fn look(&mut self, now: Duration, waiting: impl Fn(ClientId) -> usize) {
        self.behind.retain(|&client, behind| {
            let waiting = waiting(client);
            if behind.has_moved || waiting < behind.waiting {
                (behind.moved, behind.has_moved) = (now, false);
            }
            behind.waiting = waiting;
            waiting > KEEPS_UP
        });
    }

    /// Whether what a member has posted may be heard: it keeps up, or has not moved for too long.
    pub(crate) fn hears(&self, client: ClientId, now: Duration) -> bool {
        self.behind.get(&client).is_none_or(|behind| behind.rests(now) >= STUCK)
    }

    /// Whether somebody is waited for.
    pub(crate) fn waits_for_somebody(&self, now: Duration) -> bool {
        self.behind.values().any(|behind| behind.rests(now) < PATIENCE)
    }

    /// The others have been told something that takes up so much of a mailbox.
    pub(crate) fn told(&mut self, cost: usize, now: Duration) {
        if self.waits_for_somebody(now) {
            self.next = self.next.max(now) + time_for(cost);
        }
    }

    /// How long to wait until the others may be told more.
    pub(crate) fn wait(&self, now: Duration) -> Option<Duration> {
        let wait = self.next.checked_sub(now).filter(|wait| !wait.is_zero());
        wait.filter(|_| self.waits_for_somebody(now)).map(|wait| wait.min(LOOK_AGAIN))
    }

    /// How long to wait until one of those who are not heard may have caught up: the longer it has
    /// not read, the longer.
    pub(crate) fn look_again(
        &self,
        clients: impl Iterator<Item = ClientId>,
        now: Duration,
    ) -> Option<Duration> {
        let behind = clients.filter_map(|client| self.behind.get(&client));
        let wait = behind.map(|behind| {
            let rest = behind.rests(now);
            (rest / 8).max(LOOK_AGAIN).min(STUCK.saturating_sub(rest))
        });
        wait.min()
    }
}

impl Behind {
    /// How long it has not moved.
    fn rests(&self, now: Duration) -> Duration {
        if self.has_moved { Duration::ZERO } else { now.saturating_sub(self.moved) }
    }
}

/// How long that takes at the pace of [`PATIENCE`] from [`KEEPS_UP`] to a full mailbox.
fn time_for(cost: usize) -> Duration {
    let cost = u32::try_from(cost).unwrap_or(u32::MAX);
    PATIENCE * cost / (MAILBOX_LIMIT - KEEPS_UP) as u32
}
