//! Tests with any bytes from an encoder.

use std::time::{Duration, Instant};

use hls_relay::{EncoderId, Relay, Settings, Taken};
use proptest::collection::vec;
use proptest::prelude::*;
use test_kit::Mux;

fn relay(now: Instant) -> (Relay, EncoderId) {
    let (segment, grace) = (Duration::from_secs(1), Duration::from_secs(5));
    let mut relay = Relay::new(Settings { segment, window: 3, grace, run: 1 });
    let encoder = relay.encoder_comes("encoder".to_owned(), now).unwrap();
    (relay, encoder)
}

/// Everything that a listener gets, and the final playlist.
fn play(pieces: &[&[u8]]) -> (Vec<u8>, Option<String>) {
    let now = Instant::now();
    let (mut relay, encoder) = relay(now);
    let listener = relay.join();
    let mut heard = Vec::new();
    for piece in pieces {
        let _ = relay.receive(encoder, piece, now);
        while let Taken::Bytes(bytes) = relay.take(listener) {
            heard.extend(bytes);
        }
    }
    relay.encoder_leaves(encoder, now);
    (heard, relay.playlist().ok())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Changes bytes, also in tables. The checksum of a table may be corrected afterwards or not.
    #[test]
    fn a_stream_with_changed_bytes_is_survived(
        changes in vec((0..20_000_usize, any::<u8>()), 0..200),
        size in 1..5000_usize,
    ) {
        let mut stream = Mux::video().picture(200).seconds(5);
        for (place, byte) in changes {
            let place = place % stream.len();
            stream[place] = byte;
        }
        let pieces: Vec<_> = stream.chunks(size).collect();
        let (heard, _) = play(&pieces);
        prop_assert!(heard.chunks(188).all(|packet| packet.len() == 188 && packet[0] == 0x47));
    }

    #[test]
    fn how_the_stream_is_cut_into_reads_does_not_matter(sizes in vec(1..2000_usize, 1..100)) {
        let stream = Mux::video().picture(200).seconds(5);
        let mut rest = &stream[..];
        let mut pieces = Vec::new();
        for size in sizes.iter().cycle() {
            let (piece, later) = rest.split_at((*size).min(rest.len()));
            pieces.push(piece);
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert!(play(&pieces) == play(&[&stream]));
    }

    #[test]
    fn noise_is_survived(noise in vec(prop_oneof![3 => Just(0x47_u8), 1 => any::<u8>()], 0..4000)) {
        let stream = Mux::video().seconds(1);
        play(&[&stream, &noise, &stream]);
    }
}
