//! Frames: framing by a length before each message.
//!
//! ```text
//! 0              4              8                     8 + size
//! ├──────────────┼──────────────┼───────────── ─ ─ ───┤
//! │ version      │ size         │ data                │
//! └──────────────┴──────────────┴───────────── ─ ─ ───┘
//! ```
//!
//! Both numbers are u32 in big-endian. The server answers each frame with the same frame. It
//! answers a wrong frame with a frame of version 0, whose data says in English what is wrong, and
//! then ends the connection: it cannot know where the next frame begins.
//!
//! The server does not trust an announced size, and allocates nothing for it. It answers data as it
//! comes, so a frame of a megabyte takes no more memory than a frame of a byte.

use alloc::{borrow::Cow, format, string::String, vec::Vec};

use tracing::info;

use crate::{Answer, ClientId, Session};

/// The only version that the server knows.
pub const VERSION: u32 = 1;

/// The version of an answer that is not the client's frame, but the reason of a refusal.
pub const REFUSAL: u32 = 0;

/// The largest size of a frame's data: 1 MiB.
///
/// HTTP/2 allows 16 KiB unless the peers agree on more (RFC 9113), Kafka 1 MiB, redis 512 MB.
pub const FRAME_LIMIT: u32 = 1024 * 1024;

/// The size of a header.
const HEADER: usize = 8;

/// One client's conversation.
#[derive(Debug)]
pub struct Frames {
    client: ClientId,
    place: Place,
}

/// Where in the stream of frames the next byte belongs.
#[derive(Debug)]
enum Place {
    /// In a header, of which these bytes have come.
    Header(Vec<u8>),
    /// In data, of which this many bytes are still to come.
    Data(usize),
    /// After something that was not a frame.
    Nowhere,
}

impl Frames {
    /// The conversation with a client.
    pub fn new(client: ClientId) -> Frames {
        let place = Place::Header(Vec::new());
        Frames { client, place }
    }

    /// Ends the conversation. The end of input is clean between frames; inside a frame it truncates
    /// the answer.
    fn end(&mut self) -> Answer<'static> {
        let client = self.client;
        match &self.place {
            Place::Header(header) if header.is_empty() => {}
            Place::Header(header) => {
                info!("{client} ended inside a header: {} of {HEADER} bytes", header.len());
            }
            Place::Data(left) => info!("{client} ended inside a frame: {left} bytes are missing"),
            Place::Nowhere => {}
        }
        self.place = Place::Nowhere;
        Answer::finish()
    }
}

impl Session for Frames {
    fn receive<'a>(&mut self, mut input: &'a [u8]) -> Answer<'a> {
        if input.is_empty() {
            return self.end();
        }
        let mut send = Vec::with_capacity(HEADER + input.len());
        let (mut completed, mut finish) = (false, false);
        while !input.is_empty() && !finish {
            match &mut self.place {
                Place::Header(header) => {
                    header.extend(take(&mut input, HEADER - header.len()));
                    match read_header(header) {
                        None => {}
                        Some(Ok(size)) => {
                            send.append(header);
                            self.place = Place::Data(size);
                        }
                        Some(Err(reason)) => {
                            info!("{} is refused: {reason}", self.client);
                            send.extend(refusal(&reason));
                            self.place = Place::Nowhere;
                        }
                    }
                }
                Place::Data(left) => {
                    let data = take(&mut input, *left);
                    send.extend(data);
                    *left -= data.len();
                }
                Place::Nowhere => finish = true,
            }
            if let Place::Data(0) = self.place {
                self.place = Place::Header(Vec::new());
                completed = true;
            }
        }
        finish |= matches!(self.place, Place::Nowhere);
        Answer {
            send: Cow::Owned(send),
            finish,
            // The beginning of a frame, sent back before the rest has come, does not count.
            completed: Some(completed || finish),
            ..Answer::default()
        }
    }

    fn idle(&mut self, _seconds: u64) -> Answer<'static> {
        self.end()
    }
}

// ANCHOR: read_header
/// The size of the data after a header, or why the header is wrong. `None` while a part of it is
/// missing.
fn read_header(header: &[u8]) -> Option<Result<usize, String>> {
    let (version, size) = header.split_first_chunk::<4>()?;
    let size = u32::from_be_bytes(size.try_into().ok()?);
    let version = u32::from_be_bytes(*version);
    Some(if version != VERSION {
        let hint = hint(version, |version| version == VERSION);
        Err(format!("version {version} is not known, only {VERSION} is{hint}"))
    } else if size > FRAME_LIMIT {
        let hint = hint(size, |size| size <= FRAME_LIMIT);
        Err(format!("a frame holds at most {FRAME_LIMIT} bytes, and {size} were announced{hint}"))
    } else {
        Ok(size as usize)
    })
}
// ANCHOR_END: read_header

fn refusal(reason: &str) -> Vec<u8> {
    let size = reason.len() as u32;
    [&REFUSAL.to_be_bytes(), &size.to_be_bytes(), reason.as_bytes()].concat()
}

/// A question for the sender of a number that would be right if its bytes were in the other order.
pub(crate) fn hint(number: u32, is_right: impl Fn(u32) -> bool) -> &'static str {
    match is_right(number.swap_bytes()) {
        true => "; did you send it little-endian?",
        false => "",
    }
}

/// Takes bytes off the front of the input: `count`, or all if there are fewer.
pub(crate) fn take<'a>(input: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (taken, rest) = input.split_at(count.min(input.len()));
    *input = rest;
    taken
}
