//! The difference of two costs that drift together.

// ANCHOR: over
/// The median of the differences in each round. A slow round makes both values larger, which
/// cancels out here, but not in the difference of two medians.
pub fn over(rounds: &[(f64, f64)]) -> Option<f64> {
    let mut differences: Vec<f64> = rounds.iter().map(|(first, second)| second - first).collect();
    differences.sort_by(f64::total_cmp);
    let middle = differences.len() / 2;
    match differences.len() % 2 {
        1 => Some(differences[middle]),
        _ => Some((differences.get(middle.checked_sub(1)?)? + differences[middle]) / 2.0),
    }
}
// ANCHOR_END: over

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drift_of_both_cancels_out() {
        // The machine was slower in the second round, and slower still in the third.
        let rounds = [(1.0, 1.5), (2.0, 2.5), (4.0, 4.75)];
        assert_eq!(over(&rounds), Some(0.5));
        assert_eq!(over(&rounds[..2]), Some(0.5));
        assert_eq!(over(&[(1.0, 0.5), (1.0, 1.0)]), Some(-0.25));
        assert_eq!(over(&[]), None);
    }
}
