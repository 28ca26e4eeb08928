//! How long a room waits for members that catch up, and which members it does not wait for.
//!
//! A server passes on a paste faster than clients can read it, even if only because the server has
//! the processor at that moment. So the room has patience, in two ways:
//!
//! 1. The room does not hear a member that is behind. So a member that floods and does not read
//!    delays only itself. If it has not read for [`STUCK`], the room hears it all the same: it
//!    fills its mailbox, and is dropped.
//! 2. While a member catches up, the room speaks to the others at a limited pace: filling a mailbox
//!    from [`KEEPS_UP`] to its limit takes at least [`PATIENCE`]. The room waits for a member as
//!    long as it reads, and for [`PATIENCE`] after its last read. The waits do not add up: three
//!    hundred members that do not read cost the others no more than one.

use alloc::collections::BTreeMap;
use core::time::Duration;

use crate::{ClientId, KEEPS_UP, MAILBOX_LIMIT};

// ANCHOR: patience
/// How long the room waits for a member that is behind and reads nothing: 200 ms.
///
/// A reader that the kernel has not scheduled for a moment is back by then, even on a busy machine;
/// 25 ms were too short there.
pub const PATIENCE: Duration = Duration::from_millis(200);
// ANCHOR_END: patience

/// How long a member that is behind must read nothing until it is heard again: 5 seconds.
pub const STUCK: Duration = Duration::from_secs(5);

/// How long to wait before checking again whether a member has caught up. Its driver may know
/// sooner.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// The members that are behind, and how long the others are delayed for them.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    behind: BTreeMap<ClientId, Behind>,
    /// When the room may tell the others more, while a member catches up.
    next: Duration,
}

/// A member that is behind: more than [`KEEPS_UP`] waits for it.
#[derive(Debug)]
struct Behind {
    /// How many bytes waited for it at the last check.
    waiting: usize,
    /// It has read, or fallen behind, since the last check of the clock.
    has_moved: bool,
    /// When it last moved.
    moved: Duration,
}

impl Pace {
    /// Notes that a member has been offered a line, and how much waits for it now.
    pub(crate) fn offered(&mut self, client: ClientId, cost: usize, waiting: usize) {
        if let Some(behind) = self.behind.get_mut(&client) {
            behind.has_moved |= waiting < behind.waiting + cost;
            behind.waiting = waiting;
        } else if waiting > KEEPS_UP {
            let behind = Behind { waiting, has_moved: true, moved: Duration::ZERO };
            self.behind.insert(client, behind);
        }
    }

    /// Forgets a member that has left.
    pub(crate) fn forget(&mut self, client: ClientId) {
        self.behind.remove(&client);
    }

    /// Checks the members that are behind, at the time `now`. `waiting` says how much waits for a
    /// member.
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

    /// Whether a member's posts may be heard: it keeps up, or has not moved for too long.
    pub(crate) fn hears(&self, client: ClientId, now: Duration) -> bool {
        self.behind.get(&client).is_none_or(|behind| behind.rests(now) >= STUCK)
    }

    /// Whether the room waits for a member.
    pub(crate) fn waits_for_a_member(&self, now: Duration) -> bool {
        self.behind.values().any(|behind| behind.rests(now) < PATIENCE)
    }

    /// Notes that the others have been told something that takes up `cost` bytes of a mailbox.
    pub(crate) fn told(&mut self, cost: usize, now: Duration) {
        if self.waits_for_a_member(now) {
            self.next = self.next.max(now) + time_for(cost);
        }
    }

    /// How long to wait until the others may be told more.
    pub(crate) fn wait(&self, now: Duration) -> Option<Duration> {
        let wait = self.next.checked_sub(now).filter(|wait| !wait.is_zero());
        wait.filter(|_| self.waits_for_a_member(now)).map(|wait| wait.min(LOOK_AGAIN))
    }

    /// How long to wait until one of `clients`, which are not heard now, may have caught up. The
    /// wait is longer for a member that has not read for longer.
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

/// How long `cost` bytes take at the pace of [`PATIENCE`] from [`KEEPS_UP`] to a full mailbox.
fn time_for(cost: usize) -> Duration {
    let cost = u32::try_from(cost).unwrap_or(u32::MAX);
    PATIENCE * cost / (MAILBOX_LIMIT - KEEPS_UP) as u32
}
