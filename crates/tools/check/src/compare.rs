//! Compares what has come with what is expected, as it comes.

use crate::text::Part;

/// Whether the bytes that have come are the expected ones.
#[derive(Debug, PartialEq)]
pub(crate) enum Match {
    /// They are, up to here.
    Whole(usize),
    /// They are so far.
    Unfinished,
    /// From here on they are not.
    Differs(usize),
}

/// Compares what has come with what is expected. A gap at the end goes on to the end of the input.
pub(crate) fn compare(input: &[u8], parts: &[Part], is_over: bool) -> Match {
    let mut at = 0;
    let mut is_open = false;
    for part in parts {
        match part {
            Part::Gap => is_open = true,
            Part::Bytes(bytes) if is_open => {
                let found = input[at..].windows(bytes.len().max(1)).position(|part| part == bytes);
                match found {
                    Some(place) => at += place + bytes.len(),
                    None => return Match::Unfinished,
                }
                is_open = false;
            }
            Part::Bytes(bytes) => {
                let came = &input[at..input.len().min(at + bytes.len())];
                if let Some(place) = first_difference(came, bytes) {
                    return Match::Differs(at + place);
                }
                if came.len() < bytes.len() {
                    return Match::Unfinished;
                }
                at += bytes.len();
            }
        }
    }
    match (is_open, is_over) {
        (false, _) => Match::Whole(at),
        (true, true) => Match::Whole(input.len()),
        (true, false) => Match::Unfinished,
    }
}

/// The first place where both have a byte, and not the same one.
pub(crate) fn first_difference(one: &[u8], other: &[u8]) -> Option<usize> {
    one.iter().zip(other).position(|(a, b)| a != b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_is_compared_as_it_comes() {
        let bytes = |text: &str| Part::Bytes(text.as_bytes().to_vec());
        let line = [bytes("* "), Part::Gap, bytes(" here\r\n")];
        assert_eq!(compare(b"* 1 he", &line, false), Match::Unfinished);
        assert_eq!(compare(b"* 1 here\r\nmore", &line, false), Match::Whole(10));
        assert_eq!(compare(b"- 1", &line, false), Match::Differs(0));
        let open = [bytes("refused: "), Part::Gap];
        assert_eq!(compare(b"refused: it", &open, false), Match::Unfinished);
        assert_eq!(compare(b"refused: it", &open, true), Match::Whole(11));
        assert_eq!(compare(b"", &[bytes("a")], true), Match::Unfinished);
    }
}
