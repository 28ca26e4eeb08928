//! The output for the server's bytes, and its protection from them.
//!
//! A terminal obeys the bytes that it shows: escape sequences move its cursor, rename its window,
//! or write to its clipboard. So the bytes of other people are made safe first.

use std::io::{self, Write};
use std::str;

use protocol::text::is_unsafe;

/// An output for the server's bytes: unchanged, or made safe.
#[derive(Debug)]
pub struct Screen<W> {
    output: W,
    cleaner: Option<Cleaner>,
}

impl<W: Write> Screen<W> {
    /// For files and pipes: passes every byte unchanged.
    pub fn raw(output: W) -> Screen<W> {
        Screen { output, cleaner: None }
    }

    /// For terminals: passes only text; see [`Cleaner`].
    pub fn clean(output: W) -> Screen<W> {
        Screen { output, cleaner: Some(Cleaner::default()) }
    }

    /// Shows `bytes` before it returns; an empty slice means that the server has finished.
    ///
    /// It blocks if the output blocks, and its errors are those of write(2).
    pub fn show(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.cleaner {
            None => self.output.write_all(bytes)?,
            Some(cleaner) => {
                let mut text = String::new();
                cleaner.clean(bytes, &mut text);
                self.output.write_all(text.as_bytes())?;
            }
        }
        self.output.flush()
    }
}

/// Makes text from bytes that arrive in pieces, without control sequences for a terminal.
///
/// Bytes that are not UTF-8 become U+FFFD, and so does every character that [`is_unsafe`], except
/// LF. CR LF becomes LF; any other CR is unsafe, since the text after it would overwrite the line.
///
/// The cuts between the pieces make no difference: bytes whose meaning depends on the next piece
/// are held back until it arrives.
#[derive(Debug, Default)]
pub struct Cleaner {
    /// A CR, or the beginning of a character: at most three bytes between two calls.
    held: Vec<u8>,
}

impl Cleaner {
    /// Appends `bytes` to `text`, made safe; an empty slice means that nothing follows.
    pub fn clean(&mut self, bytes: &[u8], text: &mut String) {
        self.held.extend_from_slice(bytes);
        let complete = if bytes.is_empty() {
            self.held.len()
        } else {
            self.held.len() - unfinished(&self.held)
        };
        for chunk in self.held[..complete].utf8_chunks() {
            let lines = chunk.valid().replace("\r\n", "\n");
            text.extend(lines.chars().map(|c| match c {
                '\n' => c,
                c if is_unsafe(c) => char::REPLACEMENT_CHARACTER,
                c => c,
            }));
            if !chunk.invalid().is_empty() {
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
        self.held.drain(..complete);
    }
}

/// All bytes as text, made safe.
pub(crate) fn clean(bytes: &[u8]) -> String {
    let mut text = String::new();
    let mut cleaner = Cleaner::default();
    for piece in [bytes, b""] {
        cleaner.clean(piece, &mut text);
    }
    text
}

/// The number of bytes at the end whose meaning depends on the next ones.
fn unfinished(bytes: &[u8]) -> usize {
    if bytes.ends_with(b"\r") {
        return 1;
    }
    let end = bytes.utf8_chunks().last().map_or(&[][..], |chunk| chunk.invalid());
    match str::from_utf8(end) {
        // The error has no length: the input ended in the middle of a character.
        Err(error) if error.error_len().is_none() => end.len(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean_pieces(pieces: &[&[u8]]) -> String {
        let mut cleaner = Cleaner::default();
        let mut text = String::new();
        for piece in pieces.iter().filter(|piece| !piece.is_empty()) {
            cleaner.clean(piece, &mut text);
            assert!(cleaner.held.len() <= 3);
        }
        cleaner.clean(b"", &mut text);
        text
    }

    /// Every cut into three pieces, and a cut after each byte, must give the same text.
    #[track_caller]
    fn check(bytes: &[u8], expected: &str) {
        for second in 0..=bytes.len() {
            for first in 0..=second {
                let pieces = [&bytes[..first], &bytes[first..second], &bytes[second..]];
                assert_eq!(clean_pieces(&pieces), expected, "cut at {first} and {second}");
            }
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(clean_pieces(&single), expected, "byte by byte");
    }

    #[test]
    fn text_stays() {
        check(b"", "");
        check("a\tb\n汉语 Hànyǔ 🦀\n".as_bytes(), "a\tb\n汉语 Hànyǔ 🦀\n");
    }

    #[test]
    fn a_line_may_end_with_cr_lf() {
        check(b"one\r\n\r\ntwo\n", "one\n\ntwo\n");
    }

    #[test]
    fn a_bare_cr_overwrites_nothing() {
        check(b"[ada] hello\r[bob] hi\r\n", "[ada] hello\u{fffd}[bob] hi\n");
        check(b"a\r\r\nb\r", "a\u{fffd}\nb\u{fffd}");
        check(b"\r\xc3\r\n", "\u{fffd}\u{fffd}\n");
    }

    #[test]
    fn control_characters_are_replaced() {
        check(b"\x1b]52;c;eA==\x07", "\u{fffd}]52;c;eA==\u{fffd}");
        check("\u{9b}2J\x7f\0\x08".as_bytes(), "\u{fffd}2J\u{fffd}\u{fffd}\u{fffd}");
        check("a\u{202e}b\u{2028}c".as_bytes(), "a\u{fffd}b\u{fffd}c");
    }

    #[test]
    fn bytes_that_are_not_utf8_are_replaced() {
        check(b"a\xffb\xc3\xc3\xa9", "a\u{fffd}b\u{fffd}é");
        check(b"\xf0\x9f\xa6", "\u{fffd}");
        check(b"\xf0\x9f\xa6z\xe6\xb1", "\u{fffd}z\u{fffd}");
        check(b"\xed\xa0\x80\xc0\x80", "\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}");
    }

    #[test]
    fn a_file_gets_every_byte() {
        let every: Vec<u8> = (0..=255).collect();
        let mut output = Vec::new();
        let mut screen = Screen::raw(&mut output);
        screen.show(&every).unwrap();
        screen.show(b"").unwrap();
        assert_eq!(output, every);
    }

    #[test]
    fn a_terminal_gets_complete_text_at_once_and_the_rest_at_the_end() {
        let mut output = Vec::new();
        let mut screen = Screen::clean(&mut output);
        screen.show(b"\x1b[2Jhi\r\nhalf \xe6\xb1").unwrap();
        assert_eq!(screen.output, "\u{fffd}[2Jhi\nhalf ".as_bytes());
        screen.show(b"").unwrap();
        assert_eq!(output, "\u{fffd}[2Jhi\nhalf \u{fffd}".as_bytes());
    }
}
