//! Bits, hex and masks.

// ANCHOR: is_mask
/// Whether a number is the mask of a prefix: ones from the left, then zeros.
pub fn is_mask(number: u32) -> bool {
    number.leading_ones() + number.trailing_zeros() == 32
}
// ANCHOR_END: is_mask

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use addresses::subnet::mask;

    use super::is_mask;

    #[test]
    fn masks_are_those_of_the_33_prefixes_and_no_others() {
        let masks: HashSet<u32> = (0..=32).map(mask).collect();
        // All masks, and all numbers that differ from one in a single bit.
        for mask in &masks {
            assert!(is_mask(*mask), "{mask:#034b}");
            for bit in 0..32 {
                let other = mask ^ 1 << bit;
                assert_eq!(is_mask(other), masks.contains(&other), "{other:#034b}");
            }
        }
    }
}
