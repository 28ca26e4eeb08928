//! Text that is safe to show. Bytes that are not UTF-8, and characters that could drive a terminal,
//! reverse the text or forge a line, become U+FFFD, the replacement character.

use alloc::string::String;

/// Appends `bytes` to `shown`, as text without commands for a terminal.
///
/// Bytes that are not UTF-8 become U+FFFD as the Unicode Standard recommends (one for each maximal
/// part of a character, section 3.9). So does each character that [`is_unsafe`].
pub fn show(bytes: &[u8], shown: &mut String) {
    for chunk in bytes.utf8_chunks() {
        shown.extend(chunk.valid().chars().map(|c| if is_unsafe(c) { '\u{fffd}' } else { c }));
        if !chunk.invalid().is_empty() {
            shown.push('\u{fffd}');
        }
    }
}

/// Whether a character would control the terminal or the order of the text, instead of being shown.
///
/// These are the controls C0 (except TAB), DEL and C1 (ECMA-48), and Unicode's marks, separators,
/// embeddings, overrides and isolates (UAX #9), which can show a text in another order than it was
/// written in.
pub fn is_unsafe(c: char) -> bool {
    matches!(
        c,
        '\0'..='\x08'
            | '\x0a'..='\x1f'
            | '\x7f'..='\u{9f}'
            | '\u{061c}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expected: &str) {
        let mut shown = String::new();
        show(bytes, &mut shown);
        assert_eq!(shown, expected);
    }

    #[test]
    fn plain_text_stays() {
        check("汉语/漢語 Hànyǔ\tetc.".as_bytes(), "汉语/漢語 Hànyǔ\tetc.");
    }

    #[test]
    fn bytes_that_are_not_utf8_are_replaced() {
        check(b"a\xffb", "a\u{fffd}b");
        check(b"cut \xe6\xb1", "cut \u{fffd}");
        check(b"\xc3\xc3\xa9", "\u{fffd}é");
        check(b"\xed\xa0\x80", "\u{fffd}\u{fffd}\u{fffd}");
    }

    #[test]
    fn characters_that_drive_a_terminal_are_replaced() {
        check(b"\x1b]52;c;eA==\x07", "\u{fffd}]52;c;eA==\u{fffd}");
        check("\u{9b}2J\x7f\0".as_bytes(), "\u{fffd}2J\u{fffd}\u{fffd}");
    }

    #[test]
    fn characters_that_reverse_a_text_or_forge_a_line_are_replaced() {
        check(
            "a\u{202e}b\u{2066}c\u{200f}d\u{061c}".as_bytes(),
            "a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}",
        );
        check("one\u{2028}two\rthree\nfour".as_bytes(), "one\u{fffd}two\u{fffd}three\u{fffd}four");
    }
}
