use alloc::borrow::Cow;
use core::fmt;

use crate::Posts;

/// One client's half of a conversation: bytes in, an answer out.
///
/// A session is only a state machine, so the same session runs in a forked process, on a thread, in
/// a slot of a table and in a task.
pub trait Session: Send {
    /// The answer as soon as the client has connected.
    fn greet(&mut self) -> Answer<'static> {
        Answer::default()
    }

    /// The answer to the bytes of a read. No bytes mean that the client will send no more.
    ///
    /// The answers do not depend on how the input was cut into reads.
    fn receive<'a>(&mut self, input: &'a [u8]) -> Answer<'a>;

    /// Hears that the client has sent `count` more bytes after the conversation had ended. They are
    /// discarded, and get no answer. Servers do not tell this to members of a room.
    fn discarded(&mut self, count: usize) {
        let _ = count;
    }

    /// Hears that the connection has been finished: nothing more comes. A forked child ends without
    /// dropping its session, so this is the place for last words.
    fn finished(&mut self) {}

    /// The answer when the client has completed nothing for `seconds`, the idle timeout.
    fn idle(&mut self, seconds: u64) -> Answer<'static> {
        let _ = seconds;
        Answer::finish()
    }
}

/// Everything that a session can ask of its server.
#[derive(Debug, Default)]
pub struct Answer<'a> {
    /// Bytes for this client. Echo borrows its input: no copy, no allocation.
    pub send: Cow<'a, [u8]>,
    /// Posts for the room.
    pub posts: Posts,
    /// The conversation ends: shut the sending side once all bytes have left. A member leaves the
    /// room ([`Hub::leave`](crate::Hub::leave)), and first gets the lines that wait in its mailbox.
    pub finish: bool,
    /// Whether the client has completed something, which restarts its idle clock. `None`: the
    /// client has completed something if the answer is not empty.
    ///
    /// Set it if an answer comes in pieces, or only later. Posts are always complete.
    pub completed: Option<bool>,
}

impl Answer<'_> {
    /// The answer that ends a conversation and sends nothing.
    pub fn finish() -> Self {
        Answer { finish: true, ..Answer::default() }
    }

    /// Whether the client's input has completed nothing, so that its idle clock runs on.
    pub fn completes_nothing(&self) -> bool {
        let is_answered = !self.send.is_empty() || self.finish;
        self.posts.is_empty() && !self.completed.unwrap_or(is_answered)
    }
}

/// A client's number, counted from 1 in the order of accepting and never used again.
///
/// A descriptor cannot serve as a number: the kernel gives it to the next client as soon as this
/// one is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(pub u64);

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "client {}", self.0)
    }
}

/// How many bytes to read at once from a client in a service without a room: 64 KiB. A server also
/// holds no more than that of answers which such a client has not read yet.
///
/// nginx reads 16 KiB from a proxied connection at once, redis 16 KiB from a query, socat 8 KiB.
pub const PLAIN_READ: usize = 64 * 1024;

/// How many bytes to read at once from a client if each of its lines gets an answer: 8 KiB.
///
/// An empty line has one byte and its answer five, so the answers are up to five times as long as
/// the input. They must not be longer than [`PLAIN_READ`] either, the most that a server holds.
pub const LINES_READ: usize = 8 * 1024;

/// How many bytes to read at once from a member of a room: 4 KiB.
///
/// If one read has one-letter lines, and the room sends on each with the longest name, the output
/// for each other member is 26 times as long, and should still leave in one write.
pub const MEMBER_READ: usize = 4 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Post;

    #[test]
    fn an_answer_means_that_something_was_completed_unless_it_says_otherwise() {
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
