use alloc::string::String;
use core::fmt::Write;

/// One thing that a session tells the room.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Post<'a> {
    /// A complete line of text, safe to show, without its end.
    Line(&'a str),
    /// The client's line was longer than [`LINE_LIMIT`](crate::LINE_LIMIT).
    TooLong,
    /// The client's telnet waits for the answer to DO TIMING-MARK.
    TimingMark,
    /// The client completed nothing for this many seconds, and leaves.
    Idle(u64),
}

/// The posts of a session after one read, in order.
///
/// They are kept as text, one post a line with its kind in front. So they cross a process boundary
/// without translation, and `strace` shows them as they are:
///
/// ```text
/// >hello everybody
/// !
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Posts(String);

const LINE: char = '>';
const TOO_LONG: char = '!';
const TIMING_MARK: char = '^';
const IDLE: char = 'z';

impl Posts {
    /// Adds a post behind the others.
    pub fn push(&mut self, post: Post<'_>) {
        match post {
            // An LF in the text would forge a post. There is none, since `text::show` replaces it.
            Post::Line(text) => self.0.extend([">", text]),
            Post::TooLong => self.0.push(TOO_LONG),
            Post::TimingMark => self.0.push(TIMING_MARK),
            Post::Idle(seconds) => write!(self.0, "{IDLE}{seconds}").expect("a string takes all"),
        }
        self.0.push('\n');
    }

    /// The posts in the order in which they were pushed.
    pub fn iter(&self) -> impl Iterator<Item = Post<'_>> {
        self.0.split_terminator('\n').filter_map(|line| {
            let mut rest = line.chars();
            match rest.next()? {
                LINE => Some(Post::Line(rest.as_str())),
                TOO_LONG => Some(Post::TooLong),
                TIMING_MARK => Some(Post::TimingMark),
                IDLE => rest.as_str().parse().ok().map(Post::Idle),
                _ => None,
            }
        })
    }

    /// Adds posts behind these.
    pub fn append(&mut self, posts: Posts) {
        if self.is_empty() {
            *self = posts;
        } else {
            self.0.push_str(&posts.0);
        }
    }

    /// All but the first `count` of them.
    pub fn without_first(&self, count: usize) -> Posts {
        Posts(self.0.split_inclusive('\n').skip(count).collect())
    }

    /// Whether nothing was posted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The posts as bytes that [`from_bytes`](Self::from_bytes) understands in another process.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Posts from the bytes of [`as_bytes`](Self::as_bytes).
    ///
    /// Lines that are not posts are ignored. The text is taken as it is: the session has made it
    /// safe.
    pub fn from_bytes(bytes: &[u8]) -> Posts {
        Posts(String::from_utf8_lossy(bytes).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn posts_cross_a_process_boundary_unchanged() {
        let pushed = [
            Post::Line("汉语"),
            Post::Line(""),
            Post::TooLong,
            Post::TimingMark,
            Post::Line(">!"),
            Post::Idle(300),
        ];
        let mut posts = Posts::default();
        pushed.into_iter().for_each(|post| posts.push(post));
        let arrived = Posts::from_bytes(posts.as_bytes());
        assert_eq!(arrived.iter().collect::<Vec<_>>(), pushed);
    }

    #[test]
    fn lines_that_are_not_posts_are_ignored() {
        let posts = Posts::from_bytes(b"\n\xff\nzebra\n>hello");
        assert_eq!(posts.iter().collect::<Vec<_>>(), [Post::Line("hello")]);
    }
}
