//! The relay itself: one encoder, the window over its stream, and all listeners.
//!
//! It does no I/O and reads no clock: its callers pass in the bytes and the time. It never waits.

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde::Serialize;

use super::listeners::{ListenerId, Listeners, Taken};
use super::segmenter::{Output, Segmenter};
use super::settings::Settings;
use super::window::Window;

/// How many bytes in a row an encoder may send that are not packets: 1 MiB.
pub const GARBAGE: usize = 1 << 20;

/// The time over which the encoder's rate is measured.
const RATE_OVER: Duration = Duration::from_secs(4);

/// The unique number of an encoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncoderId(u64);

/// Why an encoder is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is one already, with this name.
    Busy(String),
    /// The relay is stopping.
    Ending,
}

/// Why an encoder is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Its bytes are not a transport stream.
    Garbage,
    /// It has sent nothing to play for this long.
    Silence(Duration),
    /// It was dropped before, and another encoder has its place.
    Replaced,
    /// The relay is stopping.
    Ending,
}

/// Why there is no playlist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotYet {
    /// The time after which to ask again.
    pub retry_after: Duration,
    /// The reason, in words.
    pub why: &'static str,
}

/// The status of the relay.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Status {
    /// One word: `waiting`, `live`, `interrupted` or `ended`.
    pub state: &'static str,
    /// The encoder's address.
    pub encoder: Option<String>,
    /// The encoder's rate, in bits a second.
    pub bits_a_second: u64,
    /// The number of segments in the playlist.
    pub segments: usize,
    /// The number of the first of them.
    pub first_segment: u64,
    /// Their playing time, in seconds.
    pub seconds: f64,
    /// Their size in bytes.
    pub bytes: usize,
    /// The number of listeners of the endless stream.
    pub listeners: usize,
    /// How many listeners were dropped since the start, since they did not read.
    pub dropped: u64,
}

/// One stream, from one encoder to all players.
#[derive(Debug)]
pub struct Relay {
    settings: Settings,
    encoder: Option<Encoder>,
    window: Window,
    listeners: Listeners,
    /// How many encoders there have been.
    encoders: u64,
    /// Whether a segment has been listed since the start.
    has_begun: bool,
    /// When the stream last moved on.
    moved: Option<Instant>,
    received: VecDeque<(Instant, usize)>,
    has_ended: bool,
}

#[derive(Debug)]
struct Encoder {
    id: EncoderId,
    name: String,
    segmenter: Segmenter,
    /// When it connected, or its stream last moved on.
    moved: Instant,
}

impl Relay {
    /// A relay that waits for its first encoder.
    pub fn new(settings: Settings) -> Relay {
        Relay {
            settings,
            encoder: None,
            window: Window::new(settings),
            listeners: Listeners::default(),
            encoders: 0,
            has_begun: false,
            moved: None,
            received: VecDeque::new(),
            has_ended: false,
        }
    }

    /// Takes an encoder that has connected.
    ///
    /// # Errors
    ///
    /// There is one already, or the relay is about to stop.
    pub fn encoder_comes(&mut self, name: String, now: Instant) -> Result<EncoderId, Refusal> {
        self.advance(now);
        if let Some(encoder) = &self.encoder {
            return Err(Refusal::Busy(encoder.name.clone()));
        }
        if self.has_ended {
            return Err(Refusal::Ending);
        }
        self.encoders += 1;
        let id = EncoderId(self.encoders);
        let Settings { segment, .. } = self.settings;
        let longest = self.settings.target_duration();
        let segmenter = Segmenter::new(segment, longest, self.has_begun);
        self.encoder = Some(Encoder { id, name, segmenter, moved: now });
        Ok(id)
    }

    /// Takes bytes of the encoder.
    ///
    /// # Errors
    ///
    /// The encoder is dropped, for this reason.
    pub fn receive(&mut self, id: EncoderId, bytes: &[u8], now: Instant) -> Result<(), Fault> {
        self.advance(now);
        let Some(encoder) = self.encoder.as_mut().filter(|encoder| encoder.id == id) else {
            return Err(self.fault());
        };
        let units = encoder.segmenter.units();
        let output = encoder.segmenter.receive(bytes);
        if encoder.segmenter.units() > units {
            encoder.moved = now;
            self.moved = Some(now);
        }
        let is_garbage = encoder.segmenter.skipped() > GARBAGE;
        self.received.push_back((now, bytes.len()));
        output.into_iter().for_each(|output| self.put_out(output, now));
        if is_garbage {
            self.encoder_leaves(id, now);
            return Err(Fault::Garbage);
        }
        Ok(())
    }

    /// Notes that the encoder has gone away.
    pub fn encoder_leaves(&mut self, id: EncoderId, now: Instant) {
        let Some(encoder) = self.encoder.take_if(|encoder| encoder.id == id) else { return };
        if let Some(segment) = encoder.segmenter.end() {
            self.put_out(Output::Segment(segment), now);
        }
    }

    /// Drops an encoder that is silent, and forgets old segments, at the time `now`. Returns the
    /// latest time for the next call.
    pub fn advance(&mut self, now: Instant) -> Option<Instant> {
        while self.received.front().is_some_and(|(when, _)| *when + RATE_OVER < now) {
            self.received.pop_front();
        }
        let silence = self.settings.silence();
        if let Some(Encoder { id, moved, .. }) = self.encoder
            && now >= moved + silence
        {
            self.encoder_leaves(id, now);
        }
        if self.moved.is_some_and(|moved| now >= moved + silence) && !self.has_ended {
            self.moved = None;
            self.window.clear(now);
        }
        let encoder = self.encoder.as_ref().map(|encoder| encoder.moved + silence);
        let stale = self.moved.map(|moved| moved + silence).filter(|_| !self.has_ended);
        [encoder, stale, self.window.advance(now)].into_iter().flatten().min()
    }

    /// Ends the playlist and the endless stream: nothing will follow.
    pub fn end(&mut self, now: Instant) {
        if let Some(Encoder { id, .. }) = self.encoder {
            self.encoder_leaves(id, now);
        }
        self.has_ended = true;
        self.window.end();
        self.listeners.end();
    }

    /// The playlist.
    ///
    /// # Errors
    ///
    /// There is too little to play.
    pub fn playlist(&self) -> Result<String, NotYet> {
        self.window.playlist().ok_or_else(|| {
            let why = match &self.encoder {
                _ if self.has_ended => "the stream has ended",
                None => "no encoder is connected",
                Some(_) => "the stream has just begun",
            };
            NotYet { retry_after: self.settings.segment, why }
        })
    }

    /// The number and the size in bytes of a segment. `name` is its name in the playlist, after
    /// `segments/`. `None` if it is gone.
    pub fn segment(&self, name: &str) -> Option<(u64, usize)> {
        self.window.segment(name)
    }

    /// Bytes of the segment with this number, from byte `at` on, but not always all of them. `None`
    /// if the segment is gone or ends there.
    pub fn piece(&self, number: u64, at: usize) -> Option<Bytes> {
        self.window.piece(number, at)
    }

    /// Adds a listener of the endless stream.
    pub fn join(&mut self) -> ListenerId {
        self.listeners.join()
    }

    /// Takes the next thing for a listener.
    pub fn take(&mut self, id: ListenerId) -> Taken {
        self.listeners.take(id)
    }

    /// Removes a listener that is gone.
    pub fn leave(&mut self, id: ListenerId) {
        self.listeners.leave(id);
    }

    /// The status of the relay.
    pub fn status(&self) -> Status {
        let (segments, bytes, duration) = self.window.size();
        let state = match (&self.encoder, self.window.playlist()) {
            _ if self.has_ended => "ended",
            (_, None) => "waiting",
            (Some(_), Some(_)) => "live",
            (None, Some(_)) => "interrupted",
        };
        let received: u64 = self.received.iter().map(|(_, count)| *count as u64).sum();
        Status {
            state,
            encoder: self.encoder.as_ref().map(|encoder| encoder.name.clone()),
            bits_a_second: received * 8 / RATE_OVER.as_secs(),
            segments,
            first_segment: self.window.first(),
            seconds: duration.as_secs_f64(),
            bytes,
            listeners: self.listeners.count(),
            dropped: self.listeners.dropped(),
        }
    }

    fn put_out(&mut self, output: Output, now: Instant) {
        match output {
            Output::Segment(segment) => {
                self.has_begun = true;
                self.window.push(segment, now);
            }
            Output::Live { bytes, begins } => self.listeners.tell(&bytes, begins),
        }
    }

    fn fault(&self) -> Fault {
        match self.encoder {
            _ if self.has_ended => Fault::Ending,
            Some(_) => Fault::Replaced,
            None => Fault::Silence(self.settings.silence()),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Busy(name) => write!(f, "an encoder is connected already, from {name}"),
            Refusal::Ending => write!(f, "the relay is about to stop"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Garbage => write!(f, "this is no transport stream"),
            Fault::Silence(time) => {
                write!(f, "it has sent nothing to play for {} s", time.as_secs())
            }
            Fault::Replaced => write!(f, "another encoder has its place"),
            Fault::Ending => write!(f, "the relay is about to stop"),
        }
    }
}
