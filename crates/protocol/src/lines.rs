//! Lines: framing by a character that ends each message.
//!
//! TCP carries a stream of bytes and knows of no messages, so where one ends has to be said in the
//! stream itself. Here a LF says it, as in most protocols that people can type; [frames] say it by
//! a length, and echo leaves it to the end of the connection.
//!
//! Every line is answered by `=> TEXT`, an empty one too. What a line is, and what may be in it,
//! is the same as in chat.
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

/// The answers to what there was in a read, in order.
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
    fn no_answer_to_one_read_is_longer_than_what_a_server_holds() {
        for paste in [&b"\n"[..], b"\x80\n", b"\x80", b"x\n", b"\xff\xfd\x06"] {
            let read: Vec<_> = paste.iter().copied().cycle().take(LINES_READ).collect();
            let mut session = Lines::default();
            assert!(session.receive(&read).send.len() <= PLAIN_READ, "{paste:?}");
        }
    }
}
