//! The bytes of a step, as a person writes them: `"* {ana} joined\r\n"`.

use std::collections::HashMap;
use std::fmt::Write;

/// Bytes with places that are known only while a case is played.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Text(Vec<Piece>);

#[derive(Clone, Debug, PartialEq)]
enum Piece {
    /// These bytes, this many times.
    Bytes(Vec<u8>, usize),
    /// `{ana}`: the address of a client, as chat servers show it; or `{n}`, the number of a turn.
    Named(String),
    /// `{...}`: any bytes, up to those that follow.
    Gap,
}

/// The values of names.
pub(crate) type Names = HashMap<String, String>;

/// A part of what is expected.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Part {
    Bytes(Vec<u8>),
    Gap,
}

impl Text {
    /// Reads one or more strings in quotation marks, each with how often it comes:
    /// `"x" * 1024 "\r\n"`.
    ///
    /// # Errors
    ///
    /// One line that says what is wrong.
    pub(crate) fn parse(written: &str) -> Result<Text, String> {
        let mut pieces = Vec::new();
        let mut rest = written.trim();
        if rest.is_empty() {
            return Err("want a text in quotes".to_owned());
        }
        while !rest.is_empty() {
            let string = rest.strip_prefix('"').ok_or(format!("want a text in quotes: {rest}"))?;
            let end = closing(string).ok_or(format!("the text has no end: {rest}"))?;
            let mut own = read_string(&string[..end])?;
            rest = string[end + 1..].trim_start();
            if let Some(after) = rest.strip_prefix('*') {
                let after = after.trim_start();
                let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
                let times = after[..end].parse().map_err(|_| format!("want a number: {after}"))?;
                let [Piece::Bytes(bytes, 1)] = &own[..] else {
                    return Err(format!("only plain bytes can be repeated: {written}"));
                };
                own = vec![Piece::Bytes(bytes.clone(), times)];
                rest = after[end..].trim_start();
            }
            pieces.extend(own);
        }
        Ok(Text(pieces))
    }

    /// The text with the values of its names, in parts between its gaps.
    ///
    /// # Errors
    ///
    /// There is no such name.
    pub(crate) fn parts(&self, names: &Names) -> Result<Vec<Part>, String> {
        let mut parts = vec![];
        for piece in &self.0 {
            let bytes = match piece {
                Piece::Bytes(bytes, times) => bytes.repeat(*times),
                Piece::Named(name) => {
                    let value = names.get(name).ok_or(format!("nobody is called {name} here"))?;
                    value.clone().into_bytes()
                }
                Piece::Gap => {
                    parts.push(Part::Gap);
                    continue;
                }
            };
            match parts.last_mut() {
                Some(Part::Bytes(before)) => before.extend(bytes),
                _ => parts.push(Part::Bytes(bytes)),
            }
        }
        Ok(parts)
    }

    /// The bytes to send: a text without gaps.
    pub(crate) fn bytes(&self, names: &Names) -> Result<Vec<u8>, String> {
        match &self.parts(names)?[..] {
            [] => Ok(Vec::new()),
            [Part::Bytes(bytes)] => Ok(bytes.clone()),
            _ => Err("a text with a gap cannot be sent".to_owned()),
        }
    }
}

/// Where a string ends: at the first quotation mark without a backslash.
fn closing(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    text.char_indices().find_map(|(at, c)| {
        let ends = c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        ends.then_some(at)
    })
}

fn read_string(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = vec![Piece::Bytes(Vec::new(), 1)];
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let Some(Piece::Bytes(bytes, _)) = pieces.last_mut() else {
            unreachable!("the last piece holds bytes");
        };
        match c {
            '\\' => match chars.next() {
                Some('r') => bytes.push(b'\r'),
                Some('n') => bytes.push(b'\n'),
                Some('t') => bytes.push(b'\t'),
                Some('0') => bytes.push(0),
                Some(c @ ('\\' | '"' | '{')) => bytes.push(c as u8),
                Some('x') => {
                    let digits: String = chars.by_ref().take(2).collect();
                    let byte = u8::from_str_radix(&digits, 16);
                    bytes.push(byte.map_err(|_| format!("\\x wants two digits, not {digits}"))?);
                }
                other => return Err(format!("no such escape: \\{}", other.unwrap_or(' '))),
            },
            '{' => {
                let name: String = chars.by_ref().take_while(|c| *c != '}').collect();
                pieces.push(match name.as_str() {
                    "..." => Piece::Gap,
                    _ => Piece::Named(name),
                });
                pieces.push(Piece::Bytes(Vec::new(), 1));
            }
            _ => bytes.extend(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    pieces.retain(|piece| *piece != Piece::Bytes(Vec::new(), 1));
    Ok(pieces)
}

/// Bytes as a person would write them, without quotation marks: printable characters as they are,
/// and the others as escapes.
pub(crate) fn escaped(bytes: &[u8]) -> String {
    let mut shown = String::new();
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\r' => shown += "\\r",
                '\n' => shown += "\\n",
                '\t' => shown += "\\t",
                '\0' => shown += "\\0",
                '"' | '\\' => {
                    shown.push('\\');
                    shown.push(c);
                }
                _ if is_plain(c) => shown.push(c),
                _ => hexadecimal(c.encode_utf8(&mut [0; 4]).as_bytes(), &mut shown),
            }
        }
        hexadecimal(chunk.invalid(), &mut shown);
    }
    shown
}

fn hexadecimal(bytes: &[u8], shown: &mut String) {
    for byte in bytes {
        let _ = write!(shown, "\\x{byte:02x}");
    }
}

/// Whether a terminal shows the character as itself, in one direction and one place.
fn is_plain(c: char) -> bool {
    let is_odd = matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}');
    !c.is_control() && !is_odd
}

/// The most characters of a text that are shown before its middle is left out.
pub(crate) const SHOWN: usize = 60;

/// Bytes in quotation marks. Of long ones the middle is left out, and their length is said.
pub(crate) fn quoted(bytes: &[u8]) -> String {
    let whole = escaped(bytes);
    if whole.chars().count() <= SHOWN {
        return format!("\"{whole}\"");
    }
    let begin = escaped(&bytes[..bytes.len().min(SHOWN / 3)]);
    let end = escaped(&bytes[bytes.len() - bytes.len().min(SHOWN / 4)..]);
    format!("\"{begin} … {end}\" ({} bytes)", bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_gaps_and_repetitions_have_their_places() {
        let text = Text::parse(r#""* {ana}" "x" * 3 "{...}\r\n""#).unwrap();
        let names = Names::from([("ana".to_owned(), "127.0.0.1:7".to_owned())]);
        let parts = text.parts(&names).unwrap();
        let bytes = |bytes: &[u8]| Part::Bytes(bytes.to_vec());
        assert_eq!(parts, [bytes(b"* 127.0.0.1:7xxx"), Part::Gap, bytes(b"\r\n")]);
        assert!(text.bytes(&names).is_err() && text.parts(&Names::new()).is_err());
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (written, error) in [
            ("", "want a text in quotes"),
            ("hello", "want a text in quotes: hello"),
            ("\"hello", "the text has no end: \"hello"),
            (r#""\q""#, "no such escape: \\q"),
            (r#""\xzz""#, "\\x wants two digits, not zz"),
            (r#""x" * y"#, "want a number: y"),
        ] {
            assert_eq!(Text::parse(written), Err(error.to_owned()));
        }
    }

    proptest! {
        /// What is shown can be typed into a case, and means the same bytes.
        #[test]
        fn what_is_shown_can_be_read_again(bytes: Vec<u8>) {
            let shown = escaped(&bytes).replace('{', "\\{");
            let read = Text::parse(&format!("\"{shown}\"")).unwrap();
            prop_assert_eq!(read.bytes(&Names::new()).unwrap(), bytes);
        }
    }
}
