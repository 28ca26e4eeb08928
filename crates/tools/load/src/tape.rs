//! What echo clients send: a tape of bytes that goes round and round.

use std::cell::OnceCell;
use std::collections::HashMap;

/// How long the tape is until it begins again: a megabyte, so that a server that loses its place
/// by any buffer's length is found out.
const ROUND: usize = 1 << 20;

/// So many bytes in a row occur but once in a round.
pub(crate) const SAMPLE: usize = 8;

/// How many bytes can be had in one piece: 64 KiB.
pub(crate) const PIECE: usize = 64 * 1024;

/// Bytes in which every place looks different, so that whoever reads a few of them knows where it
/// is. Nothing is copied to be sent, or made to be checked.
#[derive(Debug)]
pub(crate) struct Tape {
    /// The round, and the beginning of it once more.
    bytes: Vec<u8>,
    /// Where each sample is, found out only when something is wrong.
    places: OnceCell<HashMap<[u8; SAMPLE], u64>>,
}

impl Tape {
    /// The same tape every time.
    pub(crate) fn new() -> Tape {
        let mut state = 0;
        let mut bytes: Vec<u8> =
            (0..ROUND / 8).flat_map(|_| splitmix64(&mut state).to_ne_bytes()).collect();
        bytes.extend_from_within(..PIECE);
        let places = OnceCell::new();
        Tape { bytes, places }
    }

    // ANCHOR: tape
    /// The bytes from a place on: [`PIECE`] of them.
    pub(crate) fn at(&self, place: u64) -> &[u8] {
        let begin = (place % ROUND as u64) as usize;
        &self.bytes[begin..begin + PIECE]
    }

    /// How far it is from a place to the next one where these bytes are, if there is any.
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

/// Where a client's own part of the tape begins, far from its neighbours', so that bytes that
/// reach the wrong client are not taken for its own.
pub(crate) fn origin(client: usize) -> u64 {
    splitmix64(&mut (client as u64)) % ROUND as u64
}

/// Sebastiano Vigna's splitmix64: the next number, of which all bits look drawn by chance.
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
