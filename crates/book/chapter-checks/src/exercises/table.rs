//! The latency that follows from a closed loop's rate and the number of its clients.

// ANCHOR: mean_latency
use std::time::Duration;

/// The mean time of an answer, if this many clients, each with one unanswered message, get this
/// many answers a second (Little's law).
pub fn mean_latency(clients: usize, answers_a_second: f64) -> Duration {
    Duration::from_secs_f64(clients as f64 / answers_a_second)
}
// ANCHOR_END: mean_latency

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_times_the_clients_at_the_same_rate_wait_ten_times_as_long() {
        assert_eq!(mean_latency(1, 10_000.0), Duration::from_micros(100));
        assert_eq!(mean_latency(10, 10_000.0), Duration::from_millis(1));
    }
}
