//! What is said to a server, and what it should answer; without a socket and without a clock.

use std::ops::Range;
use std::time::Duration;

use crate::faults::Faults;
use crate::tally::Tally;

/// All clients' half of a service. Clients are numbered from 0, and times are counted from the
/// beginning of the run.
///
/// One object for all of them, since in a room what one says is answered by what the others hear.
pub(crate) trait Dialogue {
    /// A client has connected, for the first time or anew.
    fn connected(&mut self, client: usize);

    /// Whether the server has let the client in: it has answered it for the first time. Before
    /// that, nobody knows whether accept(2) has returned (connect(2) does before).
    fn is_in(&self, client: usize) -> bool;

    /// One more message of this client is due.
    fn say(&mut self, client: usize, due: Duration);

    /// What the client has to send now, or the beginning of it.
    fn output(&self, client: usize) -> &[u8];

    /// So many bytes of the output have been sent.
    fn sent(&mut self, client: usize, count: usize);

    /// The client has got these bytes.
    fn receive(&mut self, client: usize, bytes: &[u8], now: Duration, tally: &mut Tally);

    /// The connection has ended, in whatever way: what has not come yet never will.
    fn end(&mut self, client: usize, now: Duration, tally: &mut Tally);

    /// Whether each message of a speaker has a connection of its own.
    fn reconnects(&self) -> bool {
        false
    }

    /// Whether the client waits for nothing more, so that it may half-close.
    fn has_enough(&self, client: usize) -> bool;

    /// A client that may say its next message, since one of its messages has been answered.
    fn next_answered(&mut self) -> Option<usize>;

    /// How many messages of this client have been due and not been answered.
    fn waiting(&self, client: usize) -> usize;

    /// The clients who say something.
    fn speakers(&self) -> Range<usize>;

    /// The clients who get answers.
    fn listeners(&self) -> Range<usize>;

    /// What went wrong so far.
    fn faults(&self) -> Faults;
}
