/// Numbers that look random but follow from a seed: Tommy Ettinger's mulberry32.
///
/// Do not use them for secrets. They are here because JavaScript can compute the same ones:
///
/// ```js
/// function numbers(seed) {
///   let state = seed | 0;
///   return () => {
///     state = (state + 0x6d2b79f5) | 0;
///     let mixed = Math.imul(state ^ (state >>> 15), state | 1);
///     mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
///     return (mixed ^ (mixed >>> 14)) >>> 0;
///   };
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Numbers {
    state: u32,
}

impl Numbers {
    /// The numbers of a seed.
    pub fn new(seed: u32) -> Numbers {
        Numbers { state: seed }
    }

    /// The next number, with all 32 bits.
    pub fn draw(&mut self) -> u32 {
        self.state = self.state.wrapping_add(0x6d2b_79f5);
        let state = self.state;
        let mixed = (state ^ state >> 15).wrapping_mul(state | 1);
        let more = (mixed ^ mixed >> 7).wrapping_mul(mixed | 61);
        let mixed = mixed.wrapping_add(more) ^ mixed;
        mixed ^ mixed >> 14
    }

    /// The remainder of the next number by `limit`: 0 or more, and less than `limit`.
    ///
    /// Small remainders are more frequent, by less than `limit` in four thousand million.
    pub fn below(&mut self, limit: u32) -> u32 {
        self.draw() % limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The output of node for the lines of JavaScript above.
    #[test]
    fn javascript_has_the_same_numbers() {
        let first = |seed| {
            let mut numbers = Numbers::new(seed);
            [(); 4].map(|()| numbers.draw())
        };
        assert_eq!(first(0), [1144304738, 1416247, 958946056, 627933444]);
        assert_eq!(first(7), [50271532, 266108690, 4195786334, 3002305430]);
        assert_eq!(first(u32::MAX), [3850105811, 813802916, 3073704848, 4054706436]);
    }
}
