//! A transport stream without an encoder: packets as in ISO/IEC 13818-1, around pictures and sound
//! that cannot be decoded.

use std::collections::HashMap;

const PACKET: usize = 188;

/// Ticks in a second.
const SECOND: u64 = 90_000;

const PMT: u16 = 0x1000;
const VIDEO: u16 = 0x100;
const AUDIO: u16 = 0x101;

/// The types of the streams: H.264, and MP3.
const H264: u8 = 0x1b;
const MP3: u8 = 0x03;

/// A stream of 25 pictures a second, or as many pieces of sound. The methods below change that.
#[derive(Clone, Debug)]
pub struct Mux {
    /// The time of the next picture, in ticks: 90,000 a second. It wraps after 2^33.
    pub time: u64,
    /// How many pictures there are from one key frame to the next. A key frame needs no other
    /// picture.
    group: u64,
    /// The size of a picture, in bytes.
    picture: usize,
    /// Ticks from one picture to the next.
    step: u64,
    has_video: bool,
    pictures: u64,
    counters: HashMap<u16, u8>,
}

impl Mux {
    /// Video with sound: pictures of 1,000 bytes, and a key frame each second.
    pub fn video() -> Mux {
        let counters = HashMap::new();
        let (group, picture, step) = (25, 1000, SECOND / 25);
        Mux { time: 0, group, picture, step, has_video: true, pictures: 0, counters }
    }

    /// Sound alone, as a radio sends it.
    pub fn audio() -> Mux {
        Mux { has_video: false, picture: 400, ..Mux::video() }
    }

    /// The same stream with this many pictures from one key frame to the next.
    pub fn group(self, group: u64) -> Mux {
        Mux { group, ..self }
    }

    /// The same stream with this many pictures a second.
    pub fn pictures_a_second(self, count: u64) -> Mux {
        Mux { step: SECOND / count, ..self }
    }

    /// The same stream with pictures of this many bytes.
    pub fn picture(self, picture: usize) -> Mux {
        Mux { picture, ..self }
    }

    /// The same stream from another time on.
    pub fn at(self, time: u64) -> Mux {
        Mux { time, ..self }
    }

    /// The next seconds of the stream.
    pub fn seconds(&mut self, seconds: u64) -> Vec<u8> {
        (0..SECOND / self.step * seconds).flat_map(|_| self.next_picture()).collect()
    }

    /// The next picture with the sound that belongs to it. The tables stand before each key frame.
    pub fn next_picture(&mut self) -> Vec<u8> {
        let is_entrance = self.pictures.is_multiple_of(self.group);
        let mut bytes = if is_entrance { self.tables() } else { Vec::new() };
        if self.has_video {
            bytes.extend(self.unit(VIDEO, 0xe0, self.picture, is_entrance));
            // Encoders mark every piece of sound, since players may begin at each.
            bytes.extend(self.unit(AUDIO, 0xc0, 100, true));
        } else {
            bytes.extend(self.unit(AUDIO, 0xc0, self.picture, true));
        }
        self.pictures += 1;
        self.time = (self.time + self.step) % (1 << 33);
        bytes
    }

    /// The tables: one program, and its streams.
    pub fn tables(&mut self) -> Vec<u8> {
        let programs = section(0, &[&[0, 1][..], &pid(PMT)].concat());
        let [video, audio] = [(H264, VIDEO), (MP3, AUDIO)]
            .map(|(kind, number)| [&[kind][..], &pid(number), &[0xf0, 0]].concat());
        let leader = if self.has_video { VIDEO } else { AUDIO };
        let video = if self.has_video { video } else { Vec::new() };
        let streams = section(2, &[&pid(leader)[..], &[0xf0, 0], &video, &audio].concat());
        [self.packets(0, &programs, false), self.packets(PMT, &streams, false)].concat()
    }

    /// A unit of one stream: a picture, or a piece of sound.
    fn unit(&mut self, pid: u16, id: u8, size: usize, is_entrance: bool) -> Vec<u8> {
        // Most encoders do not say how long a picture is.
        let length = if pid == VIDEO { 0 } else { u16::try_from(size + 8).unwrap_or(0) };
        let header = [&[0, 0, 1, id][..], &length.to_be_bytes(), &[0x80, 0x80, 5]].concat();
        // The payload contains 0x47, the byte with which packets begin.
        let bytes = [&header[..], &time(self.time), &vec![0x47; size]].concat();
        self.packets(pid, &bytes, is_entrance)
    }

    /// Spreads bytes over packets. The last one is filled up before its payload.
    fn packets(&mut self, number: u16, bytes: &[u8], is_entrance: bool) -> Vec<u8> {
        let mut packets = Vec::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            let begins = rest.len() == bytes.len();
            let flags = if begins && is_entrance { vec![0x40] } else { Vec::new() };
            let room = PACKET - 4 - if flags.is_empty() { 0 } else { 2 };
            let (now, later) = rest.split_at(room.min(rest.len()));
            packets.extend(self.packet(number, begins, flags, now));
            rest = later;
        }
        packets
    }

    fn packet(&mut self, number: u16, begins: bool, mut field: Vec<u8>, now: &[u8]) -> Vec<u8> {
        let counter = self.counters.entry(number).or_insert(15);
        *counter = (*counter + 1) % 16;
        let [high, low] = number.to_be_bytes();
        let missing = PACKET - 4 - now.len();
        let control = if missing == 0 { 0x10 } else { 0x30 };
        let start = if begins { 0x40 } else { 0 };
        let mut packet = vec![0x47, start | high, low, control | *counter];
        if missing > 0 {
            packet.push((missing - 1) as u8);
            if missing > 1 && field.is_empty() {
                field.push(0);
            }
            field.resize(missing - 1, 0xff);
            packet.extend(field);
        }
        packet.extend(now);
        packet
    }
}

/// A PID, with the reserved bits before it.
fn pid(number: u16) -> [u8; 2] {
    (0xe000 | number).to_be_bytes()
}

/// A section of a table, with the pointer to it before it.
fn section(id: u8, said: &[u8]) -> Vec<u8> {
    let length = u16::try_from(5 + said.len() + 4).expect("it is short");
    let [high, low] = (0xb000 | length).to_be_bytes();
    let section = [&[id, high, low, 0, 1, 0xc1, 0, 0], said].concat();
    [&[0][..], &section, &crc(&section).to_be_bytes()].concat()
}

/// A time, as 33 bits between marker bits.
fn time(time: u64) -> [u8; 5] {
    [
        0x21 | ((time >> 29) as u8 & 0x0e),
        (time >> 22) as u8,
        (time >> 14) as u8 | 1,
        (time >> 7) as u8,
        ((time << 1) as u8) | 1,
    ]
}

/// The checksum of sections: CRC-32 with the polynomial 0x04C11DB7, not reflected.
fn crc(bytes: &[u8]) -> u32 {
    bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte) << 24, |crc, _| {
            if crc >> 31 == 1 { crc << 1 ^ 0x04c1_1db7 } else { crc << 1 }
        })
    })
}
