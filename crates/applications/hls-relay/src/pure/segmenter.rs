//! Cuts the stream of one encoder into segments, each of which can be played from its beginning.
//!
//! A segment begins with the tables and with a picture that needs no other (a random access point),
//! so a player may begin at any segment. Sound can begin anywhere, so it is cut by time only.

use std::collections::{HashMap, HashSet};
use std::mem;
use std::time::Duration;

use bytes::Bytes;
use mpeg2ts_reader::STUFFING_PID;
use mpeg2ts_reader::packet::Packet;

use super::clock::{SECOND, WRAP, duration, since, ticks, time_of};
use super::packets::{PACKET, Packets};
use super::tables::{Leader, Tables};
use super::unfinished::without_unfinished;

/// The size at which a segment is always cut, in bytes: 64 MiB, which is five seconds of 100
/// Mbit/s. So a clock that stands still cannot make a segment grow without end.
pub const LARGEST: usize = 64 << 20;

/// How far the time of a unit may go back from an earlier unit without counting as a jump: half a
/// second. (B-frames are decoded out of order, and not all encoders give the time of decoding.)
const STEP_BACK: i64 = SECOND / 2;

/// A part of the stream that can be played by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Whole packets: the tables first, then the program. All players share them. A piece is the
    /// input of one read: a slow client keeps one piece or two, and not the segment.
    pub pieces: Vec<Bytes>,
    /// How long it plays.
    pub duration: Duration,
    /// Whether its clock or its streams do not continue those of the segment before.
    pub is_discontinuous: bool,
}

/// The output of a segmenter.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// A segment is complete.
    Segment(Segment),
    /// More of the growing segment, for the listeners of the endless stream.
    Live {
        bytes: Bytes,
        /// Whether a segment begins here, so that a player can begin too.
        begins: bool,
    },
}

/// The lengths of segments, in ticks.
#[derive(Clone, Copy, Debug)]
struct Lengths {
    /// From this length on, a segment ends where the next one can begin.
    wanted: i64,
    /// From this length on, it ends at the next picture of any kind.
    forced: i64,
    /// No segment is longer: a picture that comes later belongs to another clock.
    longest: i64,
}

/// Cuts the stream of one encoder into segments.
#[derive(Debug)]
pub(crate) struct Segmenter {
    lengths: Lengths,
    packets: Packets,
    tables: Tables,
    /// The stream by which the program is cut, once the tables name one.
    leader: Option<Leader>,
    open: Option<Open>,
    /// Whether the next segment is discontinuous.
    is_interrupted: bool,
    /// The PIDs that have had a packet since the last interruption.
    seen: HashSet<u16>,
    /// The continuity counters of the tables: the segmenter sends tables more often than the
    /// encoder.
    counters: HashMap<u16, u8>,
    /// The time of the first picture that was left out while waiting for one that needs no other.
    waiting_since: Option<u64>,
    units: u64,
    output: Vec<Output>,
}

/// The growing segment.
#[derive(Debug)]
struct Open {
    /// The pieces that were handed over as live, and their size in bytes.
    pieces: Vec<Bytes>,
    size: usize,
    /// The bytes after that.
    bytes: Vec<u8>,
    first: u64,
    /// The distance of its latest unit from the first one, in ticks, and from the one before.
    reached: i64,
    step: i64,
    is_discontinuous: bool,
}

impl Segment {
    /// Its size in bytes.
    pub fn size(&self) -> usize {
        self.pieces.iter().map(Bytes::len).sum()
    }
}

impl Segmenter {
    /// A segmenter for an encoder that has just connected. `is_return`: there was one before.
    pub(crate) fn new(segment: Duration, longest: Duration, is_return: bool) -> Segmenter {
        let (segment, longest) = (ticks(segment), ticks(longest));
        Segmenter {
            lengths: Lengths { wanted: segment, forced: longest - segment / 4, longest },
            packets: Packets::default(),
            tables: Tables::new(),
            leader: None,
            open: None,
            is_interrupted: is_return,
            seen: HashSet::new(),
            counters: HashMap::new(),
            waiting_since: None,
            units: 0,
            output: Vec::new(),
        }
    }

    /// Reads bytes of the encoder.
    pub(crate) fn receive(&mut self, bytes: &[u8]) -> Vec<Output> {
        let mut packets = mem::take(&mut self.packets);
        packets.cut(bytes, |packet| {
            if let Some(packet) = Packet::try_new(packet) {
                self.read(&packet);
            }
        });
        self.packets = packets;
        self.hand_over_live();
        mem::take(&mut self.output)
    }

    /// Ends the stream of an encoder that is gone, perhaps in the middle of a picture: leaves out
    /// incomplete units.
    pub(crate) fn end(mut self) -> Option<Segment> {
        let open = self.open.take()?;
        let leader = self.leader?;
        let (bytes, lost) = without_unfinished(&open.pieces.concat(), |pid| self.tables.has(pid));
        let step = if lost.contains(&leader.pid) { 0 } else { open.step };
        open.close(vec![bytes.into()], step, self.lengths.longest)
    }

    /// The number of bytes skipped since the last packet.
    pub(crate) fn skipped(&self) -> usize {
        self.packets.skipped()
    }

    /// How many pictures, or pieces of sound, have moved the clock.
    pub(crate) fn units(&self) -> u64 {
        self.units
    }

    fn read(&mut self, packet: &Packet<'_>) {
        let pid = u16::from(packet.pid());
        if packet.pid() == STUFFING_PID || packet.transport_error_indicator() {
            return;
        }
        if self.tables.has(pid) {
            if self.tables.read(packet) {
                self.interrupt();
                self.leader = self.tables.leader();
            }
            return self.pass_on_table(packet.buffer(), pid);
        }
        if let Some(leader) = self.leader.filter(|leader| leader.pid == pid)
            && packet.payload_unit_start_indicator()
            && let Some(time) = packet.payload().and_then(time_of)
        {
            let is_entrance = !leader.is_video
                || packet.adaptation_field().is_some_and(|field| field.random_access_indicator());
            self.new_unit(time, is_entrance);
        }
        self.pass_on(packet, pid);
    }

    // ANCHOR: cut
    /// Handles the beginning of a picture or a piece of sound: a segment may begin here too.
    fn new_unit(&mut self, time: u64, is_entrance: bool) {
        let Some(open) = &mut self.open else { return self.begin_if(time, is_entrance) };
        let reached = since(time, open.first);
        let Lengths { wanted, forced, longest } = self.lengths;
        if reached < open.reached - STEP_BACK || reached > longest {
            self.interrupt();
            return self.begin_if(time, is_entrance);
        }
        if reached > open.reached {
            open.step = reached - open.reached;
            open.reached = reached;
            self.units += 1;
        }
        // Clocks are rounded: a group of pictures of 4 seconds may take 3.999.
        let is_due = reached + open.step / 2 >= wanted && is_entrance
            || reached >= forced
            || open.size() >= LARGEST;
        if is_due {
            self.close(0);
            self.begin(time);
        }
    }
    // ANCHOR_END: cut

    /// Begins a segment, if a player can begin here. If an encoder never marks such a place, a
    /// segment begins all the same after a while.
    fn begin_if(&mut self, time: u64, is_entrance: bool) {
        let waiting_since = *self.waiting_since.get_or_insert(time);
        let waited = since(time, waiting_since);
        if is_entrance || !(0..self.lengths.longest).contains(&waited) {
            self.waiting_since = None;
            self.units += 1;
            self.begin(time);
        }
    }

    fn begin(&mut self, time: u64) {
        self.open = Some(Open {
            pieces: Vec::new(),
            size: 0,
            bytes: Vec::new(),
            first: time,
            reached: 0,
            step: 0,
            is_discontinuous: mem::take(&mut self.is_interrupted),
        });
        let tables: Vec<Vec<u8>> = self.tables.packets().map(<[u8]>::to_vec).collect();
        for packet in tables {
            let pid = u16::from_be_bytes([packet[1], packet[2]]) & 0x1fff;
            self.pass_on_table(&packet, pid);
        }
    }

    /// Ends the growing segment, `step` ticks after its latest unit.
    fn close(&mut self, step: i64) {
        self.hand_over_live();
        if let Some(mut open) = self.open.take() {
            let pieces = mem::take(&mut open.pieces);
            let segment = open.close(pieces, step, self.lengths.longest);
            self.output.extend(segment.map(Output::Segment));
        }
    }

    /// Interrupts the stream: the following packets do not continue the earlier ones.
    fn interrupt(&mut self) {
        if let Some(open) = &self.open {
            self.close(open.step);
            self.is_interrupted = true;
        }
        self.seen.clear();
        self.waiting_since = None;
    }

    /// Packets of tables get new counters, since each segment has more of them than the encoder
    /// sends.
    fn pass_on_table(&mut self, packet: &[u8], pid: u16) {
        let Some(open) = &mut self.open else { return };
        let counter = self.counters.entry(pid).or_default();
        *counter = (*counter + 1) % 16;
        open.mark(&mut self.seen, pid, (*counter + 15) % 16);
        let begin = open.bytes.len();
        open.bytes.extend_from_slice(packet);
        open.bytes[begin + 3] = packet[3] & 0xf0 | *counter;
    }

    fn pass_on(&mut self, packet: &Packet<'_>, pid: u16) {
        let Some(open) = &mut self.open else { return };
        let has_payload = packet.adaptation_control().has_payload();
        // This is the end of a unit whose beginning is missing.
        if has_payload && !packet.payload_unit_start_indicator() && !self.seen.contains(&pid) {
            return;
        }
        let counter = packet.continuity_counter().count();
        open.mark(&mut self.seen, pid, if has_payload { (counter + 15) % 16 } else { counter });
        open.bytes.extend_from_slice(packet.buffer());
        if open.size() >= LARGEST + LARGEST / 8 {
            // This is in the middle of a unit, and its end is not known.
            let time = open.first.wrapping_add_signed(open.reached) % WRAP;
            self.close(0);
            self.begin(time);
        }
    }

    fn hand_over_live(&mut self) {
        let Some(open) = &mut self.open else { return };
        if !open.bytes.is_empty() {
            // Copied, so that it takes up no more than it needs.
            let bytes = Bytes::copy_from_slice(&open.bytes);
            open.bytes.clear();
            open.size += bytes.len();
            self.output.push(Output::Live { bytes: bytes.clone(), begins: open.pieces.is_empty() });
            open.pieces.push(bytes);
        }
    }
}

impl Open {
    /// After an interruption, puts a packet that marks it before the first packet of each PID.
    /// Otherwise a decoder would take the leap of the continuity counter for a loss.
    fn mark(&mut self, seen: &mut HashSet<u16>, pid: u16, counter: u8) {
        if seen.insert(pid) && self.is_discontinuous {
            self.bytes.extend_from_slice(&discontinuity(pid, counter));
        }
    }

    fn size(&self) -> usize {
        self.size + self.bytes.len()
    }

    fn close(self, pieces: Vec<Bytes>, step: i64, longest: i64) -> Option<Segment> {
        let duration = duration((self.reached + step).min(longest));
        let is_discontinuous = self.is_discontinuous;
        let segment = Segment { pieces, duration, is_discontinuous };
        (!duration.is_zero() || segment.size() >= LARGEST).then_some(segment)
    }
}

/// A packet without payload. It says that the counter of its PID goes on from `counter`
/// (discontinuity_indicator, ISO/IEC 13818-1, 2.4.3.5).
fn discontinuity(pid: u16, counter: u8) -> [u8; PACKET] {
    let mut packet = [0xff; PACKET];
    let [high, low] = pid.to_be_bytes();
    let adaptation_field_only = 0b10 << 4;
    let length = u8::try_from(PACKET - 5).expect("it is 183");
    packet[..6].copy_from_slice(&[0x47, high, low, adaptation_field_only | counter, length, 0x80]);
    packet
}
