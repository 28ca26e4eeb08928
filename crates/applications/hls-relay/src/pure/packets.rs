//! The first task of a receiver: finding where packets begin.
//!
//! A transport stream has no frames like those of the lessons. Each packet has 188 bytes and begins
//! with 0x47, and any other byte of it may be 0x47 as well. So one such byte proves nothing. But if
//! three of them follow each other at a distance of 188 bytes, the first counts as the beginning of
//! a packet.

/// The size of a packet of a transport stream, in bytes (ISO/IEC 13818-1, 2.4.3.2).
pub const PACKET: usize = 188;

/// The first byte of each packet.
const SYNC: u8 = 0x47;

/// How many bytes are needed to find the beginning of a packet: two packets and a byte.
const PROOF: usize = 2 * PACKET + 1;

/// Cuts incoming bytes into packets.
#[derive(Debug, Default)]
pub(crate) struct Packets {
    /// Bytes that have come and are not part of a packet yet.
    rest: Vec<u8>,
    is_in_sync: bool,
    skipped: usize,
}

impl Packets {
    /// Passes each packet that `bytes` complete to `each`. Skips bytes that are not in a packet.
    pub(crate) fn cut(&mut self, bytes: &[u8], mut each: impl FnMut(&[u8])) {
        self.rest.extend_from_slice(bytes);
        let mut at = 0;
        while let Some(packet) = self.next(&mut at) {
            each(&self.rest[packet..packet + PACKET]);
        }
        self.rest.drain(..at);
    }

    /// The number of bytes skipped since the last packet.
    pub(crate) fn skipped(&self) -> usize {
        self.skipped
    }

    /// Returns where the next whole packet begins, and moves `at` behind it.
    fn next(&mut self, at: &mut usize) -> Option<usize> {
        if self.is_in_sync && self.rest.get(*at).is_some_and(|&byte| byte != SYNC) {
            self.is_in_sync = false;
        }
        if !self.is_in_sync {
            let (skipped, found) = find(&self.rest[*at..]);
            *at += skipped;
            self.skipped += skipped;
            self.is_in_sync = found;
        }
        let is_whole = self.is_in_sync && self.rest.len() - *at >= PACKET;
        is_whole.then(|| {
            self.skipped = 0;
            *at += PACKET;
            *at - PACKET
        })
    }
}

// ANCHOR: find
/// The number of bytes before the first place where a packet can begin, and whether one does begin
/// there.
fn find(bytes: &[u8]) -> (usize, bool) {
    let begins = |proof: &[u8]| proof.iter().step_by(PACKET).all(|&byte| byte == SYNC);
    match bytes.windows(PROOF).position(begins) {
        Some(place) => (place, true),
        None => (bytes.len().saturating_sub(PROOF - 1), false),
    }
}
// ANCHOR_END: find

#[cfg(test)]
mod tests {
    use super::*;

    /// Packets, each filled with a byte of `fill`, which may look like the beginning of a packet.
    fn packets(fill: impl IntoIterator<Item = u8>) -> Vec<u8> {
        let packet = |fill: u8| [vec![SYNC], vec![fill; PACKET - 1]].concat();
        fill.into_iter().flat_map(packet).collect()
    }

    fn cut(pieces: &[&[u8]]) -> (Vec<u8>, usize) {
        let mut packets = Packets::default();
        let mut fills = Vec::new();
        for piece in pieces {
            packets.cut(piece, |packet| fills.push(packet[PACKET - 1]));
        }
        (fills, packets.skipped())
    }

    #[test]
    fn packets_are_found_however_the_bytes_are_cut() {
        let stream = packets(1..=5);
        for size in [1, 3, 187, 188, 189, 400, stream.len()] {
            let pieces: Vec<_> = stream.chunks(size).collect();
            assert_eq!(cut(&pieces), (vec![1, 2, 3, 4, 5], 0), "pieces of {size}");
        }
    }

    #[test]
    fn garbage_is_skipped_up_to_the_next_packet() {
        let stream = [&packets(1..=3), &b"\x47garbage"[..], &packets(4..=7)].concat();
        assert_eq!(cut(&[&stream]).0, [1, 2, 3, 4, 5, 6, 7]);
        let garbage = [&[0x47; 100][..], &[7; 1000]].concat();
        assert_eq!(cut(&[&garbage, &packets(1..=3)]), (vec![1, 2, 3], 0));
        assert_eq!(cut(&[&garbage]).0, [0; 0]);
        assert!(cut(&[&garbage]).1 > 700);
    }

    #[test]
    fn a_sync_byte_within_a_packet_is_not_a_beginning() {
        // The stream starts in the middle of a packet that is full of the first byte of packets.
        let stream = &packets([0x47, 1, 2, 3, 4])[50..];
        assert_eq!(cut(&[stream]).0, [1, 2, 3, 4]);
    }
}
