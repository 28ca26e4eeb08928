//! Lines on the client's side, frames on the wire.

use std::io::{self, ErrorKind, Read, Write};
use std::mem;
use std::net::SocketAddr;
use std::os::fd::AsFd;

use protocol::frames::{FRAME_LIMIT, REFUSAL, VERSION};

use crate::converse::{Rest, converse_in};
use crate::screen::clean;
use crate::{Error, Failure, Screen, Stream};

/// The longest refusal: one sentence.
const REASON_LIMIT: u32 = 1024;

/// Sends each line as a frame, and shows each received frame as a line.
pub(crate) fn exchange<W: Write>(
    stream: &Stream,
    peer: SocketAddr,
    keyboard: impl Read + AsFd,
    screen: Screen<W>,
) -> Result<(), Error> {
    let mut framer = Framer::default();
    let mut answers = Answers { screen, place: Place::Header(Vec::new()), count: 0 };
    let form = |typed: &[u8], outgoing: &mut Vec<u8>| framer.frame(typed, outgoing);
    let exchanged = converse_in(stream, keyboard, Screen::raw(&mut answers), Rest::Left, form);
    match (answers.place, exchanged) {
        (Place::Refused(reason), _) => {
            Err(Error::Refused { peer, reason: clean(&reason), hint: "" })
        }
        (Place::Nowhere, _) => Err(Error::Foreign { peer, service: "frames" }),
        // The reader of our output, such as `head`, has read enough.
        (_, Err(Failure::Output(error))) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        (_, Err(failure)) => Err(Error::Conversation { peer, failure }),
        (Place::Header(header), Ok(())) if header.is_empty() => {
            match framer.count - answers.count.min(framer.count) {
                0 => Ok(()),
                count => Err(Error::Unanswered { peer, count }),
            }
        }
        (_, Ok(())) => Err(Error::Unfinished { peer, of: "a frame" }),
    }
}

/// Makes frames from lines.
#[derive(Debug, Default)]
struct Framer {
    /// The line received so far.
    line: Vec<u8>,
    /// The number of frames.
    count: u64,
}

impl Framer {
    /// Appends a frame for each complete line in `typed`; an empty piece is the end of the input,
    /// which also ends an unfinished line.
    fn frame(&mut self, typed: &[u8], outgoing: &mut Vec<u8>) -> io::Result<()> {
        for part in typed.split_inclusive(|&byte| byte == b'\n') {
            let text = part.strip_suffix(b"\n");
            self.line.extend_from_slice(text.unwrap_or(part));
            if self.line.len() > FRAME_LIMIT as usize {
                return Err(io::Error::other(format!(
                    "a frame holds {FRAME_LIMIT} bytes at most, but this line is longer"
                )));
            }
            if text.is_some() {
                self.end_line(outgoing);
            }
        }
        if typed.is_empty() && !self.line.is_empty() {
            self.end_line(outgoing);
        }
        Ok(())
    }

    fn end_line(&mut self, outgoing: &mut Vec<u8>) {
        let size = self.line.len() as u32;
        outgoing.extend_from_slice(&VERSION.to_be_bytes());
        outgoing.extend_from_slice(&size.to_be_bytes());
        outgoing.append(&mut self.line);
        self.count += 1;
    }
}

/// Shows the data of frames as they arrive.
#[derive(Debug)]
struct Answers<W> {
    screen: Screen<W>,
    place: Place,
    /// The number of complete frames.
    count: u64,
}

/// The place of the next byte in the stream of frames.
#[derive(Debug)]
enum Place {
    /// In a header, of which these bytes have arrived.
    Header(Vec<u8>),
    /// In data, of which this many bytes are missing.
    Data(u32),
    /// In a reason, of which this many bytes are missing.
    Reason(u32, Vec<u8>),
    /// After a reason.
    Refused(Vec<u8>),
    /// In something that is not a frame.
    Nowhere,
}

impl<W: Write> Answers<W> {
    fn take(&mut self, mut input: &[u8]) -> io::Result<()> {
        while !input.is_empty() {
            self.place = match mem::replace(&mut self.place, Place::Nowhere) {
                Place::Header(mut header) => {
                    header.push(input[0]);
                    input = &input[1..];
                    read_header(header)
                }
                Place::Data(left) => {
                    let (data, rest) = input.split_at(input.len().min(left as usize));
                    // If the output cannot be written, the place is still a frame.
                    self.place = Place::Data(left);
                    self.screen.show(data)?;
                    input = rest;
                    Place::Data(left - data.len() as u32)
                }
                Place::Reason(left, mut reason) => {
                    let (data, rest) = input.split_at(input.len().min(left as usize));
                    reason.extend_from_slice(data);
                    input = rest;
                    match left - data.len() as u32 {
                        0 => Place::Refused(reason),
                        left => Place::Reason(left, reason),
                    }
                }
                Place::Refused(reason) => {
                    self.place = Place::Refused(reason);
                    return Ok(());
                }
                Place::Nowhere => return Err(ErrorKind::InvalidData.into()),
            };
            if let Place::Data(0) = self.place {
                self.screen.show(b"\n")?;
                self.place = Place::Header(Vec::new());
                self.count += 1;
            }
        }
        match self.place {
            Place::Nowhere => Err(ErrorKind::InvalidData.into()),
            _ => Ok(()),
        }
    }
}

/// The place after a complete header.
fn read_header(header: Vec<u8>) -> Place {
    let Ok(&[a, b, c, d, e, f, g, h]) = <&[u8; 8]>::try_from(&header[..]) else {
        return Place::Header(header);
    };
    let size = u32::from_be_bytes([e, f, g, h]);
    match u32::from_be_bytes([a, b, c, d]) {
        VERSION if size <= FRAME_LIMIT => Place::Data(size),
        REFUSAL if (1..=REASON_LIMIT).contains(&size) => Place::Reason(size, Vec::new()),
        _ => Place::Nowhere,
    }
}

impl<W: Write> Write for Answers<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.take(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
