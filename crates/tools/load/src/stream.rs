//! Checks whether a stream of bytes is the expected one, and finds out how it differs.

use std::mem;
use std::ops::Range;

use crate::faults::Faults;
use crate::tape::{SAMPLE, Tape};

/// After a fault, the received bytes are explained at the latest when there are this many.
const DOUBT: usize = 64 * 1024;

/// The distance in which a misplaced piece is recognized, to either side.
const REACH: u64 = 256 * 1024;

/// Compares the bytes of one connection with its part of the [`Tape`].
///
/// From the first wrong byte on, it keeps all bytes until all that were asked for have arrived.
/// Then it finds the place of each piece on the tape. Places without a piece were lost, or changed
/// if other bytes came instead; places with two pieces were doubled; and pieces after a later one
/// were misordered.
#[derive(Debug)]
pub(crate) struct Stream {
    /// The place on the tape where the stream begins.
    origin: u64,
    /// The position of the next expected byte. Everything before it is accounted for.
    next: u64,
    /// The bytes received since the first wrong one.
    doubt: Vec<u8>,
    faults: Faults,
}

impl Stream {
    pub(crate) fn new(origin: u64) -> Stream {
        Stream { origin, next: 0, doubt: Vec::new(), faults: Faults::default() }
    }

    /// The place on the tape where the stream begins.
    pub(crate) fn origin(&self) -> u64 {
        self.origin
    }

    /// The number of bytes of the stream that are accounted for.
    pub(crate) fn position(&self) -> u64 {
        self.next
    }

    /// The faults so far.
    pub(crate) fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Takes the received bytes; `asked` is the number of bytes that have been sent in all.
    pub(crate) fn receive(&mut self, tape: &Tape, bytes: &[u8], asked: u64) {
        let mut rest = bytes;
        if self.doubt.is_empty() {
            let agreed = self.agreement(tape, bytes, self.next..asked);
            self.next += agreed;
            rest = &bytes[agreed as usize..];
        }
        self.doubt.extend_from_slice(rest);
        let is_all = self.next + self.doubt.len() as u64 >= asked;
        if !self.doubt.is_empty() && (is_all || self.doubt.len() >= DOUBT) {
            self.explain(tape, asked);
        }
    }

    /// Ends the stream: bytes that were asked for and have not arrived are lost.
    pub(crate) fn end(&mut self, tape: &Tape, asked: u64) {
        self.explain(tape, asked);
        self.faults.lost += asked - self.next;
        self.next = asked;
    }

    /// Finds the place of all kept bytes on the tape, piece by piece.
    fn explain(&mut self, tape: &Tape, asked: u64) {
        let doubt = mem::take(&mut self.doubt);
        let mut holes = Vec::new();
        // The bytes from `strange` up to `at` have no place.
        let (mut strange, mut at) = (0, 0);
        while at < doubt.len() {
            let rest = &doubt[at..];
            let Some(place) = self.place(tape, rest, asked) else {
                at += 1;
                continue;
            };
            let ahead = place.max(self.next);
            self.fill(tape, &doubt[strange..at], self.next..ahead, &mut holes);
            let end = place + self.agreement(tape, rest, place..asked);
            // The piece may begin with bytes that are accounted for, and go on with the expected
            // ones.
            self.came_late(place..end.min(self.next), &mut holes);
            self.next = self.next.max(end);
            at += (end - place) as usize;
            strange = at;
        }
        // The last bytes may be the next expected ones, but changed.
        let strange = &doubt[strange..];
        let end = asked.min(self.next + strange.len() as u64);
        self.fill(tape, strange, self.next..end, &mut holes);
    }

    /// Counts strange bytes that arrived in place of the expected range `due`.
    fn fill(&mut self, tape: &Tape, strange: &[u8], due: Range<u64>, holes: &mut Vec<Range<u64>>) {
        let (came, wanted) = (strange.len() as u64, due.end - due.start);
        let changed = came.min(wanted);
        if came == wanted && has_same_bytes(strange, tape.at(self.origin + due.start)) {
            self.faults.misordered += changed;
        } else {
            self.faults.changed += changed;
        }
        self.faults.doubled += came - changed;
        self.faults.lost += wanted - changed;
        holes.push(due.start + changed..due.end);
        self.next = due.end;
    }

    /// Counts a piece from before the expected position: it fills a hole, or it has arrived before.
    fn came_late(&mut self, piece: Range<u64>, holes: &mut Vec<Range<u64>>) {
        for place in piece {
            let hole = holes.iter().position(|hole| hole.contains(&place));
            let Some(hole) = hole else {
                self.faults.doubled += 1;
                continue;
            };
            let hole = holes.swap_remove(hole);
            let parts = [hole.start..place, place + 1..hole.end];
            holes.extend(parts.into_iter().filter(|part| !part.is_empty()));
            self.faults.lost -= 1;
            self.faults.misordered += 1;
        }
    }

    /// The place of the first bytes, if they belong to this stream and have been asked for.
    fn place(&self, tape: &Tape, bytes: &[u8], asked: u64) -> Option<u64> {
        let sample = bytes.first_chunk::<SAMPLE>()?;
        let near = self.next.saturating_sub(REACH);
        let place = near + tape.distance(self.origin + near, sample)?;
        (place < asked.min(self.next + REACH)).then_some(place)
    }

    /// The number of bytes that are equal to those of the tape.
    fn agreement(&self, tape: &Tape, bytes: &[u8], places: Range<u64>) -> u64 {
        let most = (places.end - places.start).min(bytes.len() as u64) as usize;
        let mut agreed = 0;
        while agreed < most {
            let due = tape.at(self.origin + places.start + agreed as u64);
            let count = due.len().min(most - agreed);
            let (came, due) = (&bytes[agreed..][..count], &due[..count]);
            if came != due {
                let same = came.iter().zip(due).take_while(|(came, due)| came == due);
                agreed += same.count();
                break;
            }
            agreed += count;
        }
        agreed as u64
    }
}

/// Whether the two are equal except for the order.
fn has_same_bytes(bytes: &[u8], others: &[u8]) -> bool {
    let sorted = |bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        bytes.sort_unstable();
        bytes
    };
    bytes.len() <= others.len() && sorted(bytes) == sorted(&others[..bytes.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: u64 = 256;

    /// The server receives 256 bytes, returns these bytes, and ends.
    #[track_caller]
    fn check(damage: impl Fn(&mut Vec<u8>), expected: Faults) {
        let tape = Tape::new();
        let origin = 4711;
        let mut bytes = tape.at(origin)[..ASKED as usize].to_vec();
        damage(&mut bytes);
        // The result is the same however the bytes are cut.
        for cut in [1, 7, 64, 255, 1000] {
            let mut stream = Stream::new(origin);
            for piece in bytes.chunks(cut) {
                stream.receive(&tape, piece, ASKED);
            }
            stream.end(&tape, ASKED);
            assert_eq!(*stream.faults(), expected, "in pieces of {cut}");
        }
    }

    fn faults(lost: u64, doubled: u64, misordered: u64, changed: u64) -> Faults {
        Faults { lost, doubled, misordered, changed }
    }

    #[test]
    fn a_right_stream_has_no_fault() {
        check(|_| {}, faults(0, 0, 0, 0));
    }

    #[test]
    fn lost_bytes_are_counted_wherever_they_were() {
        check(|bytes| _ = bytes.remove(100), faults(1, 0, 0, 0));
        check(|bytes| drop(bytes.drain(..64)), faults(64, 0, 0, 0));
        check(|bytes| bytes.truncate(250), faults(6, 0, 0, 0));
        check(Vec::clear, faults(256, 0, 0, 0));
        let in_two_places = |bytes: &mut Vec<u8>| {
            bytes.remove(200);
            bytes.drain(10..20);
        };
        check(in_two_places, faults(11, 0, 0, 0));
    }

    #[test]
    fn doubled_bytes_are_counted_wherever_they_are() {
        check(|bytes| bytes.insert(100, bytes[99]), faults(0, 1, 0, 0));
        check(|bytes| bytes.extend_from_within(..), faults(0, 256, 0, 0));
        let block_again = |bytes: &mut Vec<u8>| {
            let block = bytes[32..64].to_vec();
            bytes.splice(128..128, block);
        };
        check(block_again, faults(0, 32, 0, 0));
        check(|bytes| bytes.push(7), faults(0, 1, 0, 0));
    }

    #[test]
    fn misordered_bytes_are_neither_lost_nor_changed() {
        check(|bytes| bytes.swap(100, 101), faults(0, 0, 2, 0));
        let swap_blocks = |bytes: &mut Vec<u8>| bytes[64..192].rotate_left(64);
        check(swap_blocks, faults(0, 0, 64, 0));
    }

    #[test]
    fn changed_bytes_are_counted() {
        check(|bytes| bytes[17] ^= 1, faults(0, 0, 0, 1));
        let some = |bytes: &mut Vec<u8>| bytes[250..].iter_mut().for_each(|byte| *byte ^= 0x20);
        check(some, faults(0, 0, 0, 6));
    }

    #[test]
    fn another_clients_bytes_count_as_changed() {
        let tape = Tape::new();
        let mut stream = Stream::new(0);
        stream.receive(&tape, &tape.at(500_000)[..64], 64);
        stream.end(&tape, 64);
        assert_eq!(stream.faults().changed, 64);
    }

    #[test]
    fn a_message_of_the_right_length_is_complete_even_if_it_is_wrong() {
        let tape = Tape::new();
        let mut stream = Stream::new(0);
        let mut bytes = tape.at(0)[..8].to_vec();
        bytes.swap(3, 4);
        stream.receive(&tape, &bytes, 8);
        assert_eq!(stream.position(), 8);
    }

    #[test]
    fn after_a_fault_the_rest_is_compared_as_before() {
        let tape = Tape::new();
        let mut stream = Stream::new(0);
        let asked = 300 * 1024;
        let whole: Vec<u8> = (0..5).flat_map(|at| tape.at(at << 16)).copied().collect();
        stream.receive(&tape, &whole[..1000], asked);
        for piece in whole[1001..asked as usize - 1].chunks(5000) {
            stream.receive(&tape, piece, asked);
        }
        assert_eq!(*stream.faults(), faults(1, 0, 0, 0));
        assert_eq!(stream.position(), asked - 1);
        stream.receive(&tape, &[whole[asked as usize - 1] ^ 1], asked);
        stream.end(&tape, asked);
        assert_eq!(*stream.faults(), faults(1, 0, 0, 1));
    }

    #[test]
    fn a_stream_may_be_all_wrong() {
        let tape = Tape::new();
        let mut stream = Stream::new(0);
        stream.receive(&tape, &[0; 4096], 4096);
        stream.end(&tape, 4096);
        assert_eq!(*stream.faults(), faults(0, 0, 0, 4096));
    }
}
