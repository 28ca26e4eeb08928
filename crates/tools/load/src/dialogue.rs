//! The messages to a server and its expected answers; without a socket and without a clock.

use std::ops::Range;
use std::time::Duration;

use crate::faults::Faults;
use crate::tally::Tally;

/// The clients' side of a service, for all clients. They are numbered from 0, and times are counted
/// from the beginning of the run.
///
/// There is one object for all clients, since in a room the line of one client is answered when the
/// others have received it.
pub(crate) trait Dialogue {
    /// A client has connected, for the first time or again.
    fn connected(&mut self, client: usize);

    /// Whether the server has let the client in: it has answered it once. Before that, the client
    /// cannot know whether accept(2) has returned, since connect(2) returns earlier.
    fn is_in(&self, client: usize) -> bool;

    /// One more message of this client is due.
    fn say(&mut self, client: usize, due: Duration);

    /// The bytes that the client has to send now, or the first of them.
    fn output(&self, client: usize) -> &[u8];

    /// This many bytes of the output have been sent.
    fn sent(&mut self, client: usize, count: usize);

    /// The client has received these bytes.
    fn receive(&mut self, client: usize, bytes: &[u8], now: Duration, tally: &mut Tally);

    /// The connection has ended, in any way: missing bytes will never arrive.
    fn end(&mut self, client: usize, now: Duration, tally: &mut Tally);

    /// Whether each message of a speaker has its own connection.
    fn reconnects(&self) -> bool {
        false
    }

    /// Whether the client expects nothing more, so that it may half-close.
    fn has_enough(&self, client: usize) -> bool;

    /// A client that may send its next message, since one of its messages has been answered.
    fn next_answered(&mut self) -> Option<usize>;

    /// The number of messages of this client that have been due and are not answered.
    fn waiting(&self, client: usize) -> usize;

    /// The clients that send messages.
    fn speakers(&self) -> Range<usize>;

    /// The clients that get answers.
    fn listeners(&self) -> Range<usize>;

    /// The faults so far.
    fn faults(&self) -> Faults;
}
