/// Numbers that look random, and are the same for the same seed: so a test with random input can be
/// repeated.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// The numbers of a seed, for one of several users of it: each name has numbers of its own.
    pub fn new(seed: u64, whose: &str) -> Chance {
        let mut chance = Chance(seed);
        for byte in whose.bytes() {
            chance.0 = chance.next() ^ u64::from(byte);
        }
        chance
    }

    /// A number from 0 to `end` - 1.
    ///
    /// # Panics
    ///
    /// `end` is 0.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// One of several.
    ///
    /// # Panics
    ///
    /// `several` is empty.
    pub fn pick<'a, T>(&mut self, several: &'a [T]) -> &'a T {
        &several[self.below(several.len())]
    }

    /// `count` bytes, of any value.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        let words = (0..count.div_ceil(8)).flat_map(|_| self.next().to_le_bytes());
        words.take(count).collect()
    }

    /// `count` letters.
    pub fn letters(&mut self, count: usize) -> String {
        let letter = |byte| char::from(b'a' + byte % 26);
        self.bytes(count).into_iter().map(letter).collect()
    }

    /// Sebastiano Vigna's splitmix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let n = self.0;
        let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        n ^ (n >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_and_name_give_the_same_numbers() {
        let drawn = |seed, whose| Chance::new(seed, whose).bytes(20);
        assert_eq!(drawn(7, "ada"), drawn(7, "ada"));
        assert_ne!(drawn(7, "ada"), drawn(7, "bob"));
        assert_ne!(drawn(7, "ada"), drawn(8, "ada"));
    }

    #[test]
    fn every_number_below_the_end_is_drawn() {
        let mut chance = Chance::new(7, "");
        let mut drawn: Vec<_> = (0..200).map(|_| chance.below(5)).collect();
        drawn.sort();
        drawn.dedup();
        assert_eq!(drawn, [0, 1, 2, 3, 4]);
    }
}
