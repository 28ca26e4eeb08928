//! The same server, measured with a closed loop and with an open loop.

// ANCHOR: loops
use std::time::Duration;

/// The latency of each message in two loops. In the first, a client sends a message when the last
/// one is answered; in the second, messages are due at the interval `every`, and latency counts
/// from then. The server answers one message after the other, and `services` contains its time for
/// each.
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
    fn a_stall_delays_one_message_or_all_that_are_due_meanwhile() {
        let services = ms(&[1, 1, 50, 1, 1, 1, 1, 1, 1]);
        let (closed, open) = loops(&services, Duration::from_millis(10));
        assert_eq!(closed, services);
        assert_eq!(open, ms(&[1, 1, 50, 41, 32, 23, 14, 5, 1]));
    }

    #[test]
    fn without_a_stall_both_loops_agree() {
        let services = ms(&[3, 10, 7]);
        let (closed, open) = loops(&services, Duration::from_millis(10));
        assert_eq!(closed, open);
    }

    #[test]
    fn a_server_that_is_too_slow_never_catches_up() {
        let (_, open) = loops(&ms(&[20; 4]), Duration::from_millis(10));
        assert_eq!(open, ms(&[20, 30, 40, 50]));
    }
}
