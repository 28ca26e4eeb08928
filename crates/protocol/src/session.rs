use alloc::borrow::Cow;
use core::fmt;

use crate::Posts;

/// One client's half of a conversation: bytes in, an answer out.
///
/// A session is a state machine and nothing else, so the same one runs in a forked process, on a
/// thread, in a slot of a table and in a task.
pub trait Session: Send {
    /// What to do as soon as the client has connected.
    fn greet(&mut self) -> Answer<'static> {
        Answer::default()
    }

    /// What to do about bytes just read; none at all mean that the client will send no more.
    ///
    /// How the bytes were cut into reads makes no difference to what is answered.
    fn receive<'a>(&mut self, input: &'a [u8]) -> Answer<'a>;

    /// What to do when the client has completed nothing for `seconds`, which is all it was given.
    fn idle(&mut self, seconds: u64) -> Answer<'static> {
        let _ = seconds;
        Answer::finish()
    }
}

/// All that a session can ask of its server.
#[derive(Debug, Default)]
pub struct Answer<'a> {
    /// Bytes for this client. Echo borrows its input: no copy, no allocation.
    pub send: Cow<'a, [u8]>,
    /// What the room shall hear.
    pub posts: Posts,
    /// Nothing more comes: shut the sending side once all bytes have left. A member leaves the
    /// room ([`Hub::leave`](crate::Hub::leave)), and what waits in its mailbox is sent first.
    pub finish: bool,
    /// Whether the client has completed something, which sets its idle clock back. Where it is not
    /// said, whatever is answered was completed.
    ///
    /// It is to be said where an answer comes in pieces, or only later. Posts are always complete.
    pub completed: Option<bool>,
}

impl Answer<'_> {
    /// The answer that ends a conversation without another word.
    pub fn finish() -> Self {
        Answer { finish: true, ..Answer::default() }
    }

    /// Whether the client has completed nothing by what it sent, so that its idle clock runs on.
    pub fn completes_nothing(&self) -> bool {
        let is_answered = !self.send.is_empty() || self.finish;
        self.posts.is_empty() && !self.completed.unwrap_or(is_answered)
    }
}

/// A client's number, counted from 1 in the order of accepting and never used again.
///
/// A descriptor would not do: the system gives it to the next client as soon as this one is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(pub u64);

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "client {}", self.0)
    }
}

/// How many bytes to take in one read from a client that is answered alone: 64 KiB, which is also
/// all that a server holds of what such a client has not read back yet.
///
/// nginx takes 16 KiB from a proxied connection at once, redis 16 KiB from a query, socat 8 KiB.
pub const PLAIN_READ: usize = 64 * 1024;

/// How many bytes to take in one read from a client whose lines are answered one by one: 8 KiB.
///
/// An empty line is one byte and its answer five, so an answer is up to five times as long as what
/// it answers: it shall not be longer than [`PLAIN_READ`] either, which is what a server holds.
pub const LINES_READ: usize = 8 * 1024;

/// How many bytes to take in one read from a member of a room: 4 KiB.
///
/// One read of one-letter lines, each sent on under the longest name, is 26 times as long for
/// everybody else, and is to reach them in one write.
pub const MEMBER_READ: usize = 4 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Post;

    #[test]
    fn what_is_answered_was_completed_unless_it_is_said() {
        let sends = || Answer { send: Cow::Borrowed(b"x"), ..Answer::default() };
        assert!(Answer::default().completes_nothing());
        assert!(!sends().completes_nothing());
        assert!(!Answer::finish().completes_nothing());
        let said = |completed, answer| Answer { completed: Some(completed), ..answer };
        assert!(said(false, sends()).completes_nothing());
        assert!(!said(true, Answer::default()).completes_nothing());
    }

    #[test]
    fn posts_are_always_complete() {
        let mut posts = Posts::default();
        posts.push(Post::Line("hello"));
        let answer = Answer { posts, completed: Some(false), ..Answer::default() };
        assert!(!answer.completes_nothing());
    }
}
