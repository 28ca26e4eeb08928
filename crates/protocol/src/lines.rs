//! Lines: framing by a character that ends each message.
//!
//! TCP carries a stream of bytes and knows no messages, so the stream itself has to mark where a
//! message ends. Here an LF marks it, as in most protocols that people can type; [frames] use a
//! length, and for echo the end of the connection is the end of the message.
//!
//! The server answers each line with `=> TEXT`, even an empty one. The rules for lines are those of
//! chat.
//!
//! [frames]: crate::frames

use alloc::{borrow::Cow, vec::Vec};

use crate::line::{LineBuffer, goodbye_to_idle, too_long};
use crate::telnet::WONT_TIMING_MARK;
use crate::{Answer, Post, Posts, Session};

/// One client's conversation.
#[derive(Debug, Default)]
pub struct Lines {
    lines: LineBuffer,
}

impl Session for Lines {
    fn receive<'a>(&mut self, input: &'a [u8]) -> Answer<'a> {
        Answer {
            send: answer(&self.lines.receive(input)),
            finish: input.is_empty(),
            ..Answer::default()
        }
    }

    fn idle(&mut self, seconds: u64) -> Answer<'static> {
        let mut posts = Posts::default();
        posts.push(Post::Idle(seconds));
        Answer { send: answer(&posts), ..Answer::finish() }
    }
}

/// The answers to the posts of one read, in order.
fn answer(posts: &Posts) -> Cow<'static, [u8]> {
    let mut send = Vec::new();
    for post in posts.iter() {
        match post {
            Post::Line(text) => {
                for part in ["=> ", text, "\r\n"] {
                    send.extend(part.bytes());
                }
            }
            Post::TooLong => send.extend(too_long().bytes()),
            Post::TimingMark => send.extend(WONT_TIMING_MARK),
            Post::Idle(seconds) => send.extend(goodbye_to_idle(seconds).bytes()),
        }
    }
    Cow::Owned(send)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LINES_READ, PLAIN_READ};

    #[test]
    fn no_answer_to_one_read_is_longer_than_a_server_holds() {
        for paste in [&b"\n"[..], b"\x80\n", b"\x80", b"x\n", b"\xff\xfd\x06"] {
            let read: Vec<_> = paste.iter().copied().cycle().take(LINES_READ).collect();
            let mut session = Lines::default();
            assert!(session.receive(&read).send.len() <= PLAIN_READ, "{paste:?}");
        }
    }
}
