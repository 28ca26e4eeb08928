//! A careful comparison of two things that were measured a few times each.

// ANCHOR: which_is_less
/// The one that is less, if these measurements show it: all of its values are below all of the
/// other's. `None` if they overlap, or if there is nothing to compare.
pub fn which_is_less<'a>(
    (one, its): (&'a str, &[f64]),
    (other, others): (&'a str, &[f64]),
) -> Option<&'a str> {
    let least = |all: &[f64]| all.iter().copied().min_by(f64::total_cmp);
    let most = |all: &[f64]| all.iter().copied().max_by(f64::total_cmp);
    if most(its)? < least(others)? {
        Some(one)
    } else if most(others)? < least(its)? {
        Some(other)
    } else {
        None
    }
}
// ANCHOR_END: which_is_less

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(its: &[f64], others: &[f64], expected: Option<&str>) {
        assert_eq!(which_is_less(("a", its), ("b", others)), expected);
    }

    #[test]
    fn overlapping_values_give_no_answer() {
        check(&[1.0, 1.2, 1.1], &[1.3, 1.25], Some("a"));
        check(&[3.0, 2.0], &[1.0, 1.9], Some("b"));
        check(&[1.0, 1.3], &[1.2, 1.4], None);
        check(&[1.0, 9.0], &[2.0, 3.0], None);
        check(&[1.0], &[1.0], None);
        check(&[], &[1.0], None);
    }
}
