//! A new session.

// ANCHOR: lengths
use std::borrow::Cow;

use protocol::{Answer, Session};

/// Answers each line with its length.
#[derive(Debug, Default)]
pub struct Lengths {
    /// The number of bytes since the last LF.
    length: usize,
}

impl Session for Lengths {
    fn receive<'a>(&mut self, input: &'a [u8]) -> Answer<'a> {
        let mut send = Vec::new();
        for byte in input {
            match byte {
                b'\n' => send.extend(self.end_line()),
                _ => self.length += 1,
            }
        }
        let finish = input.is_empty();
        if finish && self.length > 0 {
            send.extend(self.end_line());
        }
        Answer { send: Cow::Owned(send), finish, ..Answer::default() }
    }
}

impl Lengths {
    fn end_line(&mut self) -> Vec<u8> {
        let length = std::mem::take(&mut self.length);
        format!("{length}\n").into_bytes()
    }
}
// ANCHOR_END: lengths

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(input: &str, expected: &str) {
        for first in 0..=input.len() {
            for second in first..=input.len() {
                let mut session = Lengths::default();
                let mut answer: Vec<u8> = Vec::new();
                let pieces = [0..first, first..second, second..input.len()];
                // An empty piece would be the end.
                for piece in pieces.into_iter().filter(|piece| !piece.is_empty()) {
                    let part = session.receive(&input.as_bytes()[piece]);
                    assert!(!part.finish);
                    answer.extend(part.send.iter());
                }
                let end = session.receive(b"");
                assert!(end.finish);
                answer.extend(end.send.iter());
                assert_eq!(answer, expected.as_bytes(), "cut at {first} and {second}");
            }
        }
    }

    #[test]
    fn the_answers_do_not_depend_on_the_pieces() {
        check("one\n\nthree\n", "3\n0\n5\n");
    }

    #[test]
    fn a_last_line_counts_without_its_end() {
        check("one\ntwo", "3\n3\n");
        check("", "");
    }
}
