//! A percentile of a list of times.

// ANCHOR: percentile
use std::time::Duration;

/// The time that `percent` percent of `times` do not exceed: the smallest one for which this is
/// true. `None` if there are no times.
pub fn percentile(times: &[Duration], percent: f64) -> Option<Duration> {
    let mut sorted = times.to_vec();
    sorted.sort();
    let rank = (percent * sorted.len() as f64 / 100.0).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied()
}
// ANCHOR_END: percentile

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(times: &[u64], percent: f64, expected: Option<u64>) {
        let times: Vec<_> = times.iter().copied().map(Duration::from_millis).collect();
        let expected = expected.map(Duration::from_millis);
        assert_eq!(percentile(&times, percent), expected);
    }

    #[test]
    fn the_given_part_is_not_above_it() {
        let hundred: Vec<u64> = (1..=100).rev().collect();
        for percent in 1..=100 {
            check(&hundred, percent as f64, Some(percent));
        }
        check(&hundred, 99.9, Some(100));
        check(&hundred, 0.0, Some(1));
        check(&[5], 50.0, Some(5));
        check(&[1, 1, 1, 900], 75.0, Some(1));
        check(&[], 50.0, None);
    }
}
