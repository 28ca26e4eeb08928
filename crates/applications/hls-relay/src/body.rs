//! The bodies of the responses to players, piece by piece.
//!
//! A response does not hold a segment. It asks for the next piece when there is room for it, so a
//! slow player keeps only a piece or two in memory. If the segment is gone by then, the player gets
//! an error.

use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};

use crate::shared::Shared;
use crate::{ListenerId, Taken};

/// The size of a piece that is written at once, at most, in bytes.
const PIECE: usize = 64 << 10;

/// The result of asking a response for more.
type Polled = Poll<Option<io::Result<Frame<Bytes>>>>;

/// A segment, or a range of it.
#[derive(Debug)]
pub(crate) struct Part {
    shared: Arc<Shared>,
    number: u64,
    rest: Range<usize>,
}

/// The endless stream, for one listener.
#[derive(Debug)]
pub(crate) struct Endless {
    shared: Arc<Shared>,
    id: ListenerId,
}

impl Part {
    /// A range of bytes of the segment with this number.
    pub(crate) fn new(shared: Arc<Shared>, number: u64, bytes: Range<usize>) -> Part {
        Part { shared, number, rest: bytes }
    }
}

impl HttpBody for Part {
    type Data = Bytes;
    type Error = io::Error;

    // ANCHOR: piece
    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Polled {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let piece = self.shared.with(|relay| relay.piece(self.number, self.rest.start));
        let Some(mut piece) = piece else {
            // The headers give the length, so the player sees that this is not the end.
            return Poll::Ready(Some(Err(io::Error::other("the segment is gone"))));
        };
        piece.truncate(self.rest.len().min(PIECE));
        self.rest.start += piece.len();
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }
    // ANCHOR_END: piece

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

impl Endless {
    /// Joins the listeners.
    pub(crate) fn new(shared: Arc<Shared>) -> Endless {
        let id = shared.with(crate::Relay::join);
        Endless { shared, id }
    }
}

impl HttpBody for Endless {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Polled {
        match self.shared.take(self.id, context.waker()) {
            Taken::Bytes(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            Taken::Nothing => Poll::Pending,
            Taken::End => Poll::Ready(None),
            // This cuts the connection off: a clean end would mean that the stream is over.
            Taken::Dropped => Poll::Ready(Some(Err(io::Error::other("it does not read")))),
        }
    }
}

impl Drop for Endless {
    fn drop(&mut self) {
        self.shared.leave(self.id);
    }
}
