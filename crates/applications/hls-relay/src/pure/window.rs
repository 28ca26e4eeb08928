//! The window that slides over the stream, and the playlist that shows it (RFC 8216).

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;
use m3u8_rs::{MediaPlaylist, MediaSegment};

use super::segmenter::{LARGEST, Segment};
use super::settings::Settings;

/// The path of the segments, relative to the playlist.
pub(crate) const SEGMENTS: &str = "segments/";

/// How many segments are needed before a player may begin.
const FIRST: usize = 3;

/// The segments in the playlist, and those that it listed a moment ago.
#[derive(Debug)]
pub(crate) struct Window {
    settings: Settings,
    listed: VecDeque<Listed>,
    /// The segments that were taken off the list, with the time at which to forget them.
    leaving: VecDeque<(Instant, u64, Pieces)>,
    /// The number of the first listed segment.
    first: u64,
    /// The number of discontinuities before the first listed segment.
    discontinuities: u64,
    has_ended: bool,
}

#[derive(Debug)]
struct Listed {
    pieces: Pieces,
    duration: Duration,
    is_discontinuous: bool,
}

/// The pieces of a segment, each with the offset at which it ends.
#[derive(Debug)]
struct Pieces(Vec<(usize, Bytes)>);

impl Window {
    pub(crate) fn new(settings: Settings) -> Window {
        Window {
            settings,
            listed: VecDeque::new(),
            leaving: VecDeque::new(),
            first: 0,
            discontinuities: 0,
            has_ended: false,
        }
    }

    /// Lists a new segment, and takes segments off that are not needed any more.
    pub(crate) fn push(&mut self, segment: Segment, now: Instant) {
        let Segment { pieces, duration, is_discontinuous } = segment;
        self.listed.push_back(Listed { pieces: Pieces::new(pieces), duration, is_discontinuous });
        while self.has_too_many() {
            self.take_off(now);
        }
        self.count_discontinuity_in_front();
    }

    /// Takes all segments off: they are too old to be played.
    pub(crate) fn clear(&mut self, now: Instant) {
        while !self.listed.is_empty() {
            self.take_off(now);
        }
    }

    /// Ends the playlist: no segment will follow.
    pub(crate) fn end(&mut self) {
        self.has_ended = true;
    }

    /// Forgets segments that were taken off the list long enough ago. Returns the time at which
    /// there will be more to forget.
    pub(crate) fn advance(&mut self, now: Instant) -> Option<Instant> {
        while self.leaving.front().is_some_and(|(when, ..)| *when <= now) {
            self.leaving.pop_front();
        }
        self.leaving.front().map(|(when, ..)| *when)
    }

    /// The number and the size in bytes of the segment with this name, if it is still there.
    pub(crate) fn segment(&self, name: &str) -> Option<(u64, usize)> {
        let number = name.strip_suffix(".ts")?.split_once('-')?.1.parse().ok()?;
        let pieces = self.pieces(number).filter(|_| self.name(number) == name)?;
        Some((number, pieces.size()))
    }

    /// The bytes of a segment from byte `at` to the end of the piece. `None` if the segment is gone
    /// or ends there.
    pub(crate) fn piece(&self, number: u64, at: usize) -> Option<Bytes> {
        self.pieces(number)?.from(at)
    }

    /// The playlist, once there is enough to play.
    pub(crate) fn playlist(&self) -> Option<String> {
        if self.listed.is_empty() || self.listed.len() < FIRST && !self.has_ended {
            return None;
        }
        let playlist = MediaPlaylist {
            version: Some(3),
            target_duration: self.settings.target_duration().as_secs(),
            media_sequence: self.first,
            discontinuity_sequence: self.discontinuities,
            segments: (self.first..).zip(&self.listed).map(|(n, it)| self.entry(n, it)).collect(),
            end_list: self.has_ended,
            ..MediaPlaylist::default()
        };
        let mut text = Vec::new();
        playlist.write_to(&mut text).expect("there is memory");
        Some(String::from_utf8(text).expect("it is text"))
    }

    /// The number of listed segments, their size in bytes, and their playing time.
    pub(crate) fn size(&self) -> (usize, usize, Duration) {
        let bytes = self.listed.iter().map(|segment| segment.pieces.size()).sum();
        (self.listed.len(), bytes, self.duration())
    }

    /// The number of the first listed segment.
    pub(crate) fn first(&self) -> u64 {
        self.first
    }

    fn pieces(&self, number: u64) -> Option<&Pieces> {
        let place = number.checked_sub(self.first).and_then(|place| usize::try_from(place).ok());
        let listed = place.and_then(|place| self.listed.get(place));
        let leaving = || self.leaving.iter().find(|(_, left, _)| *left == number);
        listed.map(|segment| &segment.pieces).or_else(|| Some(&leaving()?.2))
    }

    fn entry(&self, number: u64, segment: &Listed) -> MediaSegment {
        // Rounded to milliseconds: otherwise the f32 would be shown with all its digits.
        let milliseconds = (segment.duration.as_secs_f64() * 1000.0).round().max(1.0);
        MediaSegment {
            uri: format!("{SEGMENTS}{}", self.name(number)),
            duration: (milliseconds / 1000.0) as f32,
            discontinuity: segment.is_discontinuous,
            ..MediaSegment::default()
        }
    }

    /// Another run has other names, so that no player gets an old segment from a cache.
    fn name(&self, number: u64) -> String {
        format!("{}-{number}.ts", self.settings.run)
    }

    /// Three target durations stay listed (RFC 8216, 6.2.2), unless segments have the largest size
    /// and their clock hardly moves.
    fn has_too_many(&self) -> bool {
        let Some(front) = self.listed.front() else { return false };
        let (count, bytes, duration) = self.size();
        let enough = 3 * self.settings.target_duration();
        count > self.settings.window && duration - front.duration >= enough
            || count > FIRST && bytes > self.settings.window.saturating_mul(LARGEST)
    }

    fn take_off(&mut self, now: Instant) {
        self.count_discontinuity_in_front();
        if let Some(segment) = self.listed.pop_front() {
            self.leaving.push_back((now + self.settings.grace, self.first, segment.pieces));
            self.first += 1;
        }
    }

    // ANCHOR: discontinuity
    /// A player that begins at a discontinuity would wait for the segment before it. So the first
    /// listed segment has no discontinuity before it: it is counted instead.
    fn count_discontinuity_in_front(&mut self) {
        if let Some(front) = self.listed.front_mut().filter(|front| front.is_discontinuous) {
            front.is_discontinuous = false;
            self.discontinuities += 1;
        }
    }
    // ANCHOR_END: discontinuity

    fn duration(&self) -> Duration {
        self.listed.iter().map(|segment| segment.duration).sum()
    }
}

impl Pieces {
    fn new(pieces: Vec<Bytes>) -> Pieces {
        let end = |end: &mut usize, piece: Bytes| {
            *end += piece.len();
            Some((*end, piece))
        };
        Pieces(pieces.into_iter().scan(0, end).collect())
    }

    fn size(&self) -> usize {
        self.0.last().map_or(0, |(end, _)| *end)
    }

    fn from(&self, at: usize) -> Option<Bytes> {
        let (end, piece) = self.0.get(self.0.partition_point(|(end, _)| *end <= at))?;
        Some(piece.slice(at + piece.len() - end..))
    }
}
