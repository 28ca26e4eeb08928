//! The data of echo clients: a tape of bytes that repeats.

use std::cell::OnceCell;
use std::collections::HashMap;

/// The length of the tape until it repeats: a megabyte, so that a server that loses its place by
/// the length of a buffer is found out.
const ROUND: usize = 1 << 20;

/// A sequence of this many bytes occurs only once in a round.
pub(crate) const SAMPLE: usize = 8;

/// The number of bytes available in one piece: 64 KiB.
pub(crate) const PIECE: usize = 64 * 1024;

/// Bytes that are different at every place, so that a few of them show where they belong. They need
/// not be copied to be sent, or generated to be checked.
#[derive(Debug)]
pub(crate) struct Tape {
    /// The round, followed by its beginning.
    bytes: Vec<u8>,
    /// The place of each sample, computed only after a fault.
    places: OnceCell<HashMap<[u8; SAMPLE], u64>>,
}

impl Tape {
    /// Creates the tape, which is always the same.
    pub(crate) fn new() -> Tape {
        let mut state = 0;
        let mut bytes: Vec<u8> =
            (0..ROUND / 8).flat_map(|_| splitmix64(&mut state).to_ne_bytes()).collect();
        bytes.extend_from_within(..PIECE);
        let places = OnceCell::new();
        Tape { bytes, places }
    }

    // ANCHOR: tape
    /// [`PIECE`] bytes, beginning at a place.
    pub(crate) fn at(&self, place: u64) -> &[u8] {
        let begin = (place % ROUND as u64) as usize;
        &self.bytes[begin..begin + PIECE]
    }

    /// The distance from a place to the next occurrence of these bytes, if there is one.
    pub(crate) fn distance(&self, from: u64, sample: &[u8; SAMPLE]) -> Option<u64> {
        let places = self.places.get_or_init(|| {
            let samples = self.bytes.windows(SAMPLE).take(ROUND).zip(0..);
            let samples = samples.map(|(sample, place)| (*sample.first_chunk().expect("8"), place));
            samples.collect()
        });
        let place = places.get(sample)?;
        Some((place + ROUND as u64 - from % ROUND as u64) % ROUND as u64)
    }
    // ANCHOR_END: tape
}

/// The place where a client's part of the tape begins. It is far from those of other clients, so
/// that bytes sent to the wrong client are not mistaken for its own.
pub(crate) fn origin(client: usize) -> u64 {
    splitmix64(&mut (client as u64)) % ROUND as u64
}

/// Sebastiano Vigna's splitmix64: returns the next number, all of whose bits look random.
pub(crate) fn splitmix64(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut number = *state;
    number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tape_goes_round() {
        let tape = Tape::new();
        let round = ROUND as u64;
        for place in [0, 1, round - 1, round, 5 * round + 7] {
            assert_eq!(tape.at(place), tape.at(place + round));
            assert_eq!(tape.at(place)[1..], tape.at(place + 1)[..PIECE - 1]);
        }
    }

    #[test]
    fn a_few_bytes_tell_the_place() {
        let tape = Tape::new();
        let round = ROUND as u64;
        for (from, place) in [(0, 0), (0, 7), (7, 8), (round - 1, 3), (5 * round, round - 1)] {
            let sample = tape.at(place).first_chunk().unwrap();
            let distance = tape.distance(from, sample).unwrap();
            assert_eq!((from + distance) % round, place);
        }
        assert_eq!(tape.places.get().unwrap().len(), ROUND);
        assert_eq!(tape.distance(0, &[0; SAMPLE]), None);
    }
}
