//! Bytes to lines: the rules that chat and every line-oriented service share.

use alloc::{format, string::String, vec::Vec};

use crate::telnet::{Heard, Telnet};
use crate::{Post, Posts, text};

/// The longest line in bytes, counted after telnet's commands are removed, without CR and LF.
///
/// IRC allows 510 (RFC 2812), SMTP 998 (RFC 5321).
pub const LINE_LIMIT: usize = 1024;

/// One client's unfinished line. It never keeps more than one.
#[derive(Debug, Default)]
pub(crate) struct LineBuffer {
    telnet: Telnet,
    unfinished: Vec<u8>,
    /// The current line is too long and was refused: the rest is ignored up to its end.
    skipping: bool,
    /// The last byte was a CR, kept or ignored.
    after_cr: bool,
}

/// The answer to a line that is too long, in every service of lines.
pub(crate) fn too_long() -> String {
    format!("* a line has at most {LINE_LIMIT} bytes; that one was dropped\r\n")
}

/// The last line for a client that has completed no line for `seconds`.
pub(crate) fn goodbye_to_idle(seconds: u64) -> String {
    format!("* idle for {seconds} s, goodbye\r\n")
}

impl LineBuffer {
    /// Takes the bytes of a read, and returns each line that they complete. No bytes mean the end
    /// of input: then the last line needs no end of its own.
    pub(crate) fn receive(&mut self, input: &[u8]) -> Posts {
        let mut posts = Posts::default();
        for &byte in input {
            match self.telnet.hear(byte) {
                Heard::Byte(byte) if self.is_end(byte) => self.end_line(&mut posts),
                Heard::Byte(byte) => self.extend_line(byte, &mut posts),
                Heard::TimingMark => posts.push(Post::TimingMark),
                Heard::Nothing => {}
            }
        }
        if input.is_empty() && !self.unfinished.is_empty() {
            self.end_line(&mut posts);
        }
        posts
    }

    /// Whether this byte is the LF or the CR NUL of a line. For Enter, a telnet that passes on each
    /// character sends CR NUL (RFC 1123, 3.3.1).
    fn is_end(&mut self, byte: u8) -> bool {
        let after_cr = core::mem::replace(&mut self.after_cr, byte == b'\r');
        byte == b'\n' || (after_cr && byte == b'\0')
    }

    // ANCHOR: extend_line
    fn extend_line(&mut self, byte: u8, posts: &mut Posts) {
        if self.skipping {
            return;
        }
        self.unfinished.push(byte);
        // One byte over the limit may still be the CR of an end, which does not count.
        let room_for_cr = self.unfinished.len() == LINE_LIMIT + 1 && byte == b'\r';
        if self.unfinished.len() > LINE_LIMIT && !room_for_cr {
            posts.push(Post::TooLong);
            self.unfinished = Vec::new();
            self.skipping = true;
        }
    }
    // ANCHOR_END: extend_line

    fn end_line(&mut self, posts: &mut Posts) {
        if core::mem::take(&mut self.skipping) {
            return;
        }
        let line = self.unfinished.strip_suffix(b"\r").unwrap_or(&self.unfinished);
        let mut shown = String::with_capacity(line.len());
        text::show(line, &mut shown);
        posts.push(Post::Line(&shown));
        self.unfinished.clear();
    }
}

#[cfg(test)]
mod tests {
    use alloc::{string::ToString, vec};

    use super::*;

    fn posted(reads: &[&[u8]]) -> Vec<String> {
        let mut lines = LineBuffer::default();
        let mut posted = Vec::new();
        // An empty read is the end of input, which comes last.
        let reads = reads.iter().copied().filter(|read| !read.is_empty());
        for read in reads.chain([&b""[..]]) {
            let posts = lines.receive(read);
            posted.extend(posts.iter().map(|post| format!("{post:?}")));
        }
        posted
    }

    #[track_caller]
    fn check(input: &[u8], expected: &[Post]) {
        let expected: Vec<_> = expected.iter().map(|post| format!("{post:?}")).collect();
        assert_eq!(posted(&[input]), expected, "in one read");
        for cut in 0..input.len() {
            let (one, two) = input.split_at(cut);
            assert_eq!(posted(&[one, two]), expected, "cut at {cut}");
        }
        let bytes: Vec<_> = input.chunks(1).collect();
        assert_eq!(posted(&bytes), expected, "a byte a read");
    }

    #[test]
    fn lines_end_with_lf_or_cr_lf_or_cr_nul_or_the_input() {
        check(b"one\ntwo\r\nthree", &[Post::Line("one"), Post::Line("two"), Post::Line("three")]);
        check(b"\r\n\n", &[Post::Line(""), Post::Line("")]);
        check(b"a\rb\n", &[Post::Line("a\u{fffd}b")]);
        check(b"one\r\0\r\0two\r\0", &[Post::Line("one"), Post::Line(""), Post::Line("two")]);
        check(b"a\r\xff\xf1\0b\r\0", &[Post::Line("a"), Post::Line("b")]);
        check(b"a\0b\r\r\0", &[Post::Line("a\u{fffd}b\u{fffd}")]);
        check(b"a\r\n\0\n", &[Post::Line("a"), Post::Line("\u{fffd}")]);
    }

    #[test]
    fn telnet_inside_a_character_is_removed_first() {
        check(b"caf\xc3\xff\xf1\xa9\n", &[Post::Line("café")]);
        check(b"hi\xff\xfd\x06\n", &[Post::TimingMark, Post::Line("hi")]);
        check(b"\xff\xff\n", &[Post::Line("\u{fffd}")]);
    }

    #[test]
    fn the_longest_line_passes_and_one_byte_more_is_refused_once() {
        let longest = "x".repeat(LINE_LIMIT);
        check(format!("{longest}\r\n").as_bytes(), &[Post::Line(&longest)]);
        check(format!("{longest}\n").as_bytes(), &[Post::Line(&longest)]);
        check(format!("{longest}\r\0").as_bytes(), &[Post::Line(&longest)]);
        check(longest.as_bytes(), &[Post::Line(&longest)]);
        let too_long = "x".repeat(3 * LINE_LIMIT);
        check(format!("{too_long}\nnext\n").as_bytes(), &[Post::TooLong, Post::Line("next")]);
        check(format!("{too_long}\r\0next\n").as_bytes(), &[Post::TooLong, Post::Line("next")]);
        check(format!("{longest}\r\r\nnext\n").as_bytes(), &[Post::TooLong, Post::Line("next")]);
        check(format!("{longest}x").as_bytes(), &[Post::TooLong]);
    }

    #[test]
    fn an_endless_line_keeps_nothing() {
        let mut lines = LineBuffer::default();
        let mut posted = Vec::new();
        for _ in 0..1000 {
            let posts = lines.receive(&vec![b'x'; 4096]);
            posted.extend(posts.iter().map(|post| format!("{post:?}")));
            assert!(lines.unfinished.capacity() <= 2 * LINE_LIMIT);
        }
        assert_eq!(posted, ["TooLong".to_string()]);
    }
}
