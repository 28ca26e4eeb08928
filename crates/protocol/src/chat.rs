//! Chat, the client's half: bytes become lines, and lines are posted to the room.
//!
//! The session only posts. Everything that a member gets, even the answers to its own commands,
//! comes from the room through its mailbox: with two writers, answers would overtake the talk.

use crate::line::LineBuffer;
use crate::{Answer, Post, Posts, Session};

/// The session of one member.
#[derive(Debug, Default)]
pub struct Chat {
    lines: LineBuffer,
}

impl Session for Chat {
    fn receive<'a>(&mut self, input: &'a [u8]) -> Answer<'a> {
        Answer { posts: self.lines.receive(input), finish: input.is_empty(), ..Answer::default() }
    }

    fn idle(&mut self, seconds: u64) -> Answer<'static> {
        let mut posts = Posts::default();
        posts.push(Post::Idle(seconds));
        Answer { posts, ..Answer::default() }
    }
}
