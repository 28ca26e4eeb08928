//! Streams without a network and without a clock: a whole day takes a moment.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use hls_relay::{EncoderId, Fault, GARBAGE, PACKET, Refusal, Relay, Settings, Taken};
use m3u8_rs::{MediaPlaylist, parse_media_playlist_res};
use test_kit::Mux;

const SECOND: Duration = Duration::from_secs(1);

const SETTINGS: Settings =
    Settings { segment: Duration::from_secs(4), window: 6, grace: Duration::from_secs(5), run: 7 };

/// The tick at which the clock of a stream starts again.
const WRAP: u64 = 1 << 33;

/// A relay with its encoder, a clock, and a player that never misses a playlist.
struct Stage {
    relay: Relay,
    encoder: Option<EncoderId>,
    now: Instant,
    /// All segments that were ever listed: their names, and the number of discontinuities before
    /// each.
    listed: HashMap<u64, (String, u64)>,
    last: Option<MediaPlaylist>,
}

impl Stage {
    fn new() -> Stage {
        let relay = Relay::new(SETTINGS);
        let (listed, last) = (HashMap::new(), None);
        Stage { relay, encoder: None, now: Instant::now(), listed, last }
    }

    /// Lets the encoder send a second of its stream in a second.
    fn second(&mut self, mux: &mut Mux) {
        let bytes = mux.seconds(1);
        self.send(&bytes).unwrap();
        self.wait(SECOND);
    }

    fn seconds(&mut self, mux: &mut Mux, seconds: u64) {
        (0..seconds).for_each(|_| self.second(mux));
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let encoder = match self.encoder {
            Some(encoder) => encoder,
            None => self.relay.encoder_comes("encoder".to_owned(), self.now).unwrap(),
        };
        self.encoder = Some(encoder);
        self.relay.receive(encoder, bytes, self.now)
    }

    fn kill(&mut self) {
        let encoder = self.encoder.take().expect("there is one");
        self.relay.encoder_leaves(encoder, self.now);
        self.look();
    }

    fn wait(&mut self, time: Duration) {
        self.now += time;
        self.relay.advance(self.now);
        self.look();
    }

    /// Compares a playlist with those before it.
    fn look(&mut self) {
        let Ok(text) = self.relay.playlist() else { return };
        let playlist = parse_media_playlist_res(text.as_bytes()).unwrap();
        assert_eq!((playlist.version, playlist.target_duration), (Some(3), 8));
        assert!(!playlist.segments[0].discontinuity, "{text}");
        if let Some(last) = &self.last {
            assert!(playlist.media_sequence >= last.media_sequence, "{text}");
            assert!(playlist.discontinuity_sequence >= last.discontinuity_sequence, "{text}");
        }
        let mut discontinuities = playlist.discontinuity_sequence;
        for (number, segment) in (playlist.media_sequence..).zip(&playlist.segments) {
            assert!(segment.duration > 0.0 && segment.duration.round() <= 8.0, "{text}");
            discontinuities += u64::from(segment.discontinuity);
            let said = (segment.uri.clone(), discontinuities);
            let before = self.listed.entry(number).or_insert(said.clone());
            assert_eq!(*before, said, "segment {number} stays what it is");
            let name = segment.uri.strip_prefix("segments/").unwrap();
            assert!(self.relay.segment(name).is_some(), "{name} is listed and not there");
        }
        if playlist.media_sequence > 0 && !playlist.end_list {
            let listed: f32 = playlist.segments.iter().map(|segment| segment.duration).sum();
            assert!(listed >= 24.0 || playlist.segments.len() < 6, "{listed} s: {text}");
        }
        self.last = Some(playlist);
    }

    fn playlist(&self) -> &MediaPlaylist {
        self.last.as_ref().expect("there was one")
    }

    fn durations(&self) -> Vec<f32> {
        self.playlist().segments.iter().map(|segment| segment.duration).collect()
    }

    fn segments(&self) -> Vec<Vec<u8>> {
        let names = self.playlist().segments.iter().map(|it| it.uri.replace("segments/", ""));
        names.map(|name| self.segment(&name)).collect()
    }

    fn segment(&self, name: &str) -> Vec<u8> {
        let (number, size) = self.relay.segment(name).unwrap();
        let mut bytes = Vec::new();
        while let Some(piece) = self.relay.piece(number, bytes.len()) {
            bytes.extend(piece);
        }
        assert_eq!(bytes.len(), size);
        bytes
    }
}

fn pid(packet: &[u8]) -> u16 {
    u16::from_be_bytes([packet[1], packet[2]]) & 0x1fff
}

fn has_payload(packet: &[u8]) -> bool {
    packet[3] & 0x10 != 0
}

/// Whether the packet says that its counter does not continue.
fn is_discontinuous(packet: &[u8]) -> bool {
    packet[3] & 0x20 != 0 && packet[4] > 0 && packet[5] & 0x80 != 0
}

/// Reads packets like a decoder, which takes a leap of a counter for a loss.
fn expect_no_leap(segments: &[Vec<u8>]) {
    let mut counters: HashMap<u16, u8> = HashMap::new();
    for packet in segments.iter().flat_map(|segment| segment.chunks(PACKET)) {
        assert_eq!((packet.len(), packet[0]), (PACKET, 0x47));
        let counter = packet[3] & 15;
        let before = counters.insert(pid(packet), counter);
        let expected = before.map(|before| (before + u8::from(has_payload(packet))) % 16);
        let is_fine = is_discontinuous(packet) || expected.is_none_or(|it| it == counter);
        assert!(is_fine, "PID {:#x} leaps from {before:?} to {counter}", pid(packet));
    }
}

#[test]
fn a_segment_begins_with_the_tables_and_a_picture_that_needs_no_other() {
    let mut stage = Stage::new();
    stage.seconds(&mut Mux::video().at(12_345), 41);
    assert_eq!(stage.durations(), [4.0; 6]);
    assert_eq!(stage.playlist().media_sequence, 4);
    let segments = stage.segments();
    for segment in &segments {
        let begin: Vec<_> = segment.chunks(PACKET).take(3).map(pid).collect();
        assert_eq!(begin, [0, 0x1000, 0x100]);
        let picture = &segment[2 * PACKET..];
        assert_eq!(picture[5] & 0x40, 0x40, "random access");
    }
    expect_no_leap(&segments);
}

#[test]
fn a_playlist_is_shown_from_the_third_segment_on() {
    let mut stage = Stage::new();
    let mut mux = Mux::video();
    let not_yet = stage.relay.playlist().unwrap_err();
    assert_eq!((not_yet.retry_after, not_yet.why), (4 * SECOND, "no encoder is connected"));
    stage.seconds(&mut mux, 12);
    assert_eq!(stage.relay.playlist().unwrap_err().why, "the stream has just begun");
    stage.second(&mut mux);
    assert_eq!(stage.durations(), [4.0; 3]);
    let text = stage.relay.playlist().unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[..3], ["#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-TARGETDURATION:8"]);
    assert_eq!(lines[3..5], ["#EXTINF:4,", "segments/7-0.ts"]);
}

/// A table of groups of pictures (their lengths, in pictures) and the lengths of the segments.
#[test]
fn segments_are_cut_where_a_player_can_begin_or_where_it_takes_too_long() {
    for (group, expected) in [(25, 4.0), (50, 4.0), (75, 6.0), (100, 4.0), (1_000_000, 7.0)] {
        let mut stage = Stage::new();
        stage.seconds(&mut Mux::video().group(group), 60);
        let durations = stage.durations();
        assert!(durations.iter().all(|it| *it == expected), "{group}: {durations:?}");
    }
}

#[test]
fn sound_alone_is_cut_by_time() {
    let mut stage = Stage::new();
    stage.seconds(&mut Mux::audio().group(10), 25);
    assert_eq!(stage.durations(), [4.0; 6]);
    expect_no_leap(&stage.segments());
}

#[test]
fn a_clock_that_begins_again_is_no_interruption() {
    let mut stage = Stage::new();
    stage.seconds(&mut Mux::video().at(WRAP - 10 * 90_000), 30);
    assert_eq!(stage.durations(), [4.0; 6]);
    assert!(stage.playlist().segments.iter().all(|segment| !segment.discontinuity));
}

#[test]
fn a_clock_that_jumps_is_one() {
    for jump in [100 * 90_000, WRAP - 100 * 90_000] {
        let mut stage = Stage::new();
        let mut mux = Mux::video();
        stage.seconds(&mut mux, 10);
        mux.time = (mux.time + jump) % WRAP;
        stage.seconds(&mut mux, 10);
        let segments = &stage.playlist().segments;
        let said: Vec<_> = segments.iter().map(|it| (it.duration, it.discontinuity)).collect();
        assert_eq!(said, [(4.0, false), (4.0, false), (2.0, false), (4.0, true), (4.0, false)]);
        expect_no_leap(&stage.segments());
    }
}

#[test]
fn an_encoder_that_returns_is_said_to_be_another_one() {
    let mut stage = Stage::new();
    stage.seconds(&mut Mux::video(), 13);
    stage.kill();
    stage.wait(3 * SECOND);
    stage.seconds(&mut Mux::video().at(324_000_000), 9);
    let segments = &stage.playlist().segments;
    let discontinuous: Vec<_> = segments.iter().map(|segment| segment.discontinuity).collect();
    assert_eq!(discontinuous, [false, false, false, false, true, false]);
    // The last picture may have been incomplete.
    assert_eq!(stage.durations(), [4.0, 4.0, 4.0, 0.96, 4.0, 4.0]);
    let segments = stage.segments();
    expect_no_leap(&segments);
    let marked: Vec<_> =
        segments[4].chunks(PACKET).filter(|it| is_discontinuous(it)).map(pid).collect();
    assert_eq!(marked, [0, 0x1000, 0x100, 0x101]);
}

#[test]
fn the_unfinished_picture_of_a_killed_encoder_is_left_out() {
    let mut stage = Stage::new();
    let mut mux = Mux::video().picture(5000);
    stage.seconds(&mut mux, 12);
    let bytes = mux.seconds(1);
    stage.send(&bytes[..bytes.len() - 10 * PACKET - 17]).unwrap();
    stage.kill();
    let segment = stage.segments().pop().unwrap();
    let starts = segment.chunks(PACKET).filter(|it| pid(it) == 0x100 && it[1] & 0x40 != 0);
    // The last one of 25 pictures is cut off.
    assert_eq!(starts.count(), 24);
}

#[test]
fn a_day_with_twenty_kills() {
    let mut stage = Stage::new();
    let mut clock = WRAP - 3600 * 90_000;
    for kill in 0..20 {
        let mut mux = Mux::video().picture(10).pictures_a_second(1).group(4).at(clock);
        for _ in 0..24 * 360 / 20 {
            let bytes = mux.seconds(10);
            stage.send(&bytes).unwrap();
            stage.wait(10 * SECOND);
        }
        clock = (clock + kill * 1_234_567_891) % WRAP;
        stage.kill();
        stage.wait(Duration::from_secs(kill % 5 * 6));
    }
    let last = &stage.listed[&(stage.listed.len() as u64 - 1)];
    assert_eq!(last.1, 19, "each return is counted");
    let status = stage.relay.status();
    assert!(status.bytes < 3_000_000, "{status:?}");
}

#[test]
fn a_silent_encoder_freezes_the_playlist_and_is_dropped_in_the_end() {
    let mut stage = Stage::new();
    stage.seconds(&mut Mux::video(), 30);
    let frozen = stage.relay.playlist().unwrap();
    stage.wait(22 * SECOND);
    assert_eq!(stage.relay.playlist().unwrap(), frozen);
    let other = stage.relay.encoder_comes("other".to_owned(), stage.now);
    assert_eq!(other, Err(Refusal::Busy("encoder".to_owned())));
    stage.wait(2 * SECOND);
    assert_eq!(stage.relay.playlist().unwrap_err().why, "no encoder is connected");
    assert_eq!(stage.send(&[]), Err(Fault::Silence(24 * SECOND)));
    stage.encoder = None;
    stage.seconds(&mut Mux::video(), 12);
    stage.relay.playlist().unwrap_err();
    stage.seconds(&mut Mux::video().at(12 * 90_000), 1);
    assert_eq!(stage.durations().len(), 3);
    assert_eq!(stage.playlist().discontinuity_sequence, 1);
}

#[test]
fn an_encoder_whose_clock_stands_still_is_silent() {
    let mut stage = Stage::new();
    let mut said = Ok(());
    for _ in 0..30 {
        let mut mux = Mux::video().at(77);
        said = stage.send(&mux.next_picture());
        stage.wait(SECOND);
    }
    assert_eq!(said, Err(Fault::Silence(24 * SECOND)));
}

#[test]
fn segments_that_have_left_the_playlist_are_served_for_their_grace() {
    let mut stage = Stage::new();
    stage.seconds(&mut Mux::video(), 29);
    assert_eq!(stage.playlist().media_sequence, 1);
    assert!(stage.relay.segment("7-0.ts").is_some());
    stage.wait(5 * SECOND);
    assert!(stage.relay.segment("7-0.ts").is_none());
    assert!(stage.relay.segment("7-1.ts").is_some());
    for name in ["7-99.ts", "8-1.ts", "7-01.ts", "7-+1.ts", "7-1", "", "-", "7-1.ts/", "x-1.ts"] {
        assert!(stage.relay.segment(name).is_none(), "{name}");
    }
}

#[test]
fn the_end_is_said_in_the_playlist() {
    let mut stage = Stage::new();
    stage.seconds(&mut Mux::video(), 14);
    stage.relay.end(stage.now);
    stage.look();
    assert!(stage.playlist().end_list);
    assert_eq!(stage.durations(), [4.0, 4.0, 4.0, 1.96]);
    let another = stage.relay.encoder_comes("late".to_owned(), stage.now);
    assert_eq!(another, Err(Refusal::Ending));
    stage.wait(3600 * SECOND);
    assert!(stage.relay.playlist().is_ok());
}

#[test]
fn garbage_is_skipped_and_too_much_of_it_is_no_stream() {
    let mut stage = Stage::new();
    let mut mux = Mux::video();
    stage.seconds(&mut mux, 4);
    stage.send(&[0x47; 500]).unwrap();
    stage.seconds(&mut mux, 9);
    assert_eq!(stage.durations(), [4.0; 3]);
    let said = stage.send(&vec![b'x'; GARBAGE + 1000]);
    assert_eq!(said, Err(Fault::Garbage));
}

#[test]
fn a_listener_gets_whole_packets_from_the_beginning_of_a_segment_on() {
    let mut stage = Stage::new();
    let mut mux = Mux::video();
    stage.seconds(&mut mux, 2);
    let listener = stage.relay.join();
    let mut heard = Vec::new();
    for _ in 0..10 {
        stage.second(&mut mux);
        while let Taken::Bytes(bytes) = stage.relay.take(listener) {
            heard.extend(bytes);
        }
    }
    assert_eq!(heard.chunks(PACKET).take(3).map(pid).collect::<Vec<_>>(), [0, 0x1000, 0x100]);
    expect_no_leap(&[heard]);
    stage.relay.end(stage.now);
    assert_eq!(stage.relay.take(listener), Taken::End);
}
