//! The same server, timed by a closed loop and by an open one.

// ANCHOR: loops
use std::time::Duration;

/// How long each message takes if a client says it once the one before is answered, and if it says
/// it when it is due: one every so often, from when it was due on. The server answers one message
/// after the other, and `services` is how long it works on each.
pub fn loops(services: &[Duration], every: Duration) -> (Vec<Duration>, Vec<Duration>) {
    let closed = services.to_vec();
    let mut open = Vec::new();
    let mut is_free = Duration::ZERO;
    for (&service, number) in services.iter().zip(0..) {
        let due = every * number;
        is_free = is_free.max(due) + service;
        open.push(is_free - due);
    }
    (closed, open)
}
// ANCHOR_END: loops

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(count: &[u64]) -> Vec<Duration> {
        count.iter().copied().map(Duration::from_millis).collect()
    }

    #[test]
    fn a_stall_keeps_one_waiting_or_all_who_come_meanwhile() {
        let services = ms(&[1, 1, 50, 1, 1, 1, 1, 1, 1]);
        let (closed, open) = loops(&services, Duration::from_millis(10));
        assert_eq!(closed, services);
        assert_eq!(open, ms(&[1, 1, 50, 41, 32, 23, 14, 5, 1]));
    }

    #[test]
    fn where_nothing_stalls_both_say_the_same() {
        let services = ms(&[3, 10, 7]);
        let (closed, open) = loops(&services, Duration::from_millis(10));
        assert_eq!(closed, open);
    }

    #[test]
    fn a_server_that_is_too_slow_falls_behind_for_ever() {
        let (_, open) = loops(&ms(&[20; 4]), Duration::from_millis(10));
        assert_eq!(open, ms(&[20, 30, 40, 50]));
    }
}
