//! The line that the user types, as a table of keys: bytes of the keyboard in, lines and a picture
//! of the row out. It does no I/O.
//!
//! The terminal's own way to edit a line (canonical mode, termios(3)) cannot draw it again when a
//! text from the server has come in between. So the keys are read one by one, and what they do is
//! decided here.

use std::mem;
use std::str;

use protocol::text::is_unsafe;
use unicode_width::UnicodeWidthChar;

/// The most bytes of a line, without its end: what the terminal's canonical mode allows.
pub(crate) const LINE_LIMIT: usize = 4095;

/// The number of columns that stay visible behind the cursor, if the line goes on there.
const AHEAD: usize = 8;

/// A tab is drawn as this.
const TAB: &str = "    ";

/// The last row of the screen: a text that the server has not ended yet, and the line that is
/// being typed.
#[derive(Debug, Default)]
pub(crate) struct Row {
    /// The text of the server after its last line feed, made safe.
    prompt: String,
    line: Vec<char>,
    /// How many characters of the line are sent already: Ctrl-D sends an unfinished line.
    sent: usize,
    cursor: usize,
    place: Place,
    /// The beginning of a character in UTF-8.
    unfinished: Vec<u8>,
}

/// The place in a sequence of bytes that a key sends (ECMA-48; ctlseqs of xterm).
#[derive(Debug, Default, PartialEq)]
enum Place {
    #[default]
    Text,
    /// After ESC.
    Escape,
    /// After ESC O.
    Shifted,
    /// After ESC [, with the parameters so far.
    Sequence(String),
}

/// The effect of the keys.
#[derive(Debug, Default)]
pub(crate) struct Typed {
    /// The bytes to send.
    pub(crate) bytes: Vec<u8>,
    /// The lines that are finished, as they stay on the screen.
    pub(crate) shown: String,
    /// Ctrl-D at the beginning of a line: no more will be typed.
    pub(crate) is_over: bool,
    /// A key could not do anything, since the line is full.
    pub(crate) is_full: bool,
}

impl Row {
    /// Handles bytes of the keyboard.
    pub(crate) fn press(&mut self, bytes: &[u8]) -> Typed {
        let mut typed = Typed::default();
        self.unfinished.extend_from_slice(bytes);
        let bytes = mem::take(&mut self.unfinished);
        let mut chunks = bytes.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            for key in chunk.valid().chars() {
                self.press_key(key, &mut typed);
            }
            let invalid = chunk.invalid();
            let is_cut = str::from_utf8(invalid).is_err_and(|error| error.error_len().is_none());
            if is_cut && chunks.peek().is_none() {
                self.unfinished = invalid.to_vec();
            } else if !invalid.is_empty() {
                self.press_key(char::REPLACEMENT_CHARACTER, &mut typed);
            }
        }
        typed
    }

    fn press_key(&mut self, key: char, typed: &mut Typed) {
        if typed.is_over {
            return;
        }
        match (mem::take(&mut self.place), key) {
            (Place::Text, key) => self.press_plain(key, typed),
            (Place::Escape, '[') => self.place = Place::Sequence(String::new()),
            (Place::Escape, 'O') => self.place = Place::Shifted,
            // ESC and a key is that key with Alt, which does nothing here.
            (Place::Escape, _) => {}
            (Place::Shifted, key) => self.move_by(key, ""),
            (Place::Sequence(parameters), '\x40'..='\x7e') => self.move_by(key, &parameters),
            (Place::Sequence(parameters), _) if parameters.len() > 16 => {}
            (Place::Sequence(parameters), key) => {
                self.place = Place::Sequence(parameters + key.encode_utf8(&mut [0; 4]));
            }
        }
    }

    fn press_plain(&mut self, key: char, typed: &mut Typed) {
        match key {
            '\r' | '\n' => self.end_line(typed),
            '\x04' => self.send_unfinished(typed),
            '\x7f' | '\x08' => self.erase(self.before(self.cursor)..self.cursor),
            '\x15' => self.erase(self.sent..self.cursor), // Ctrl-U
            '\x17' => self.erase(self.word()..self.cursor), // Ctrl-W
            '\x0b' => self.erase(self.cursor..self.line.len()), // Ctrl-K
            '\x01' => self.cursor = self.sent,            // Ctrl-A
            '\x05' => self.cursor = self.line.len(),      // Ctrl-E
            '\x02' => self.cursor = self.before(self.cursor), // Ctrl-B
            '\x06' => self.cursor = self.after(self.cursor), // Ctrl-F
            '\x1b' => self.place = Place::Escape,
            key if key.is_control() && key != '\t' => {}
            key => self.insert(key, typed),
        }
    }

    /// A key that sends a sequence: its last character, and what stands before that.
    fn move_by(&mut self, key: char, parameters: &str) {
        match (key, parameters) {
            ('D', "") => self.cursor = self.before(self.cursor),
            ('C', "") => self.cursor = self.after(self.cursor),
            ('H', "") | ('~', "1" | "7") => self.cursor = self.sent,
            ('F', "") | ('~', "4" | "8") => self.cursor = self.line.len(),
            ('~', "3") => self.erase(self.cursor..self.after(self.cursor)), // Delete
            // Among them are the marks around a pasted text.
            _ => {}
        }
    }

    fn insert(&mut self, key: char, typed: &mut Typed) {
        let length: usize = self.line[self.sent..].iter().map(|c| c.len_utf8()).sum();
        if length + key.len_utf8() > LINE_LIMIT {
            typed.is_full = true;
            return;
        }
        self.line.insert(self.cursor, key);
        self.cursor += 1;
    }

    fn erase(&mut self, range: std::ops::Range<usize>) {
        self.cursor = range.start;
        self.line.drain(range);
    }

    fn end_line(&mut self, typed: &mut Typed) {
        typed.bytes.extend(self.unsent().bytes());
        typed.bytes.push(b'\n');
        typed.shown += &self.text();
        typed.shown.push('\n');
        self.prompt.clear();
        self.line.clear();
        (self.sent, self.cursor) = (0, 0);
    }

    fn send_unfinished(&mut self, typed: &mut Typed) {
        if self.unsent().is_empty() {
            typed.is_over = true;
        }
        typed.bytes.extend(self.unsent().bytes());
        self.sent = self.line.len();
        self.cursor = self.sent;
    }

    fn unsent(&self) -> String {
        self.line[self.sent..].iter().collect()
    }

    /// The place before the character on the left. A character without a width, such as an accent,
    /// belongs to the one before it.
    fn before(&self, cursor: usize) -> usize {
        let left = self.line[self.sent..cursor].iter().rposition(|c| width(*c) > 0);
        self.sent + left.unwrap_or(0)
    }

    /// The place behind the character on the right.
    fn after(&self, cursor: usize) -> usize {
        let right = self.line.iter().skip(cursor + 1).position(|c| width(*c) > 0);
        right.map_or(self.line.len(), |right| cursor + 1 + right)
    }

    /// The beginning of the word on the left.
    fn word(&self) -> usize {
        let left = &self.line[self.sent..self.cursor];
        let end = left.iter().rposition(|c| !c.is_whitespace()).map_or(0, |last| last + 1);
        let begin = left[..end].iter().rposition(|c| c.is_whitespace()).map_or(0, |gap| gap + 1);
        self.sent + begin
    }

    /// Takes a text of the server, made safe, and returns what of it is to stand above the row:
    /// whole lines, or rows that are full.
    pub(crate) fn hear(&mut self, text: &str, columns: usize) -> String {
        self.prompt += text;
        let end = self.prompt.rfind('\n').map_or(0, |end| end + 1);
        let mut rest = self.prompt.split_off(end);
        let mut above = mem::take(&mut self.prompt);
        while let Some(end) = full_row(&rest, columns) {
            let begin = rest.split_off(end);
            above += &mem::replace(&mut rest, begin);
            above.push('\n');
        }
        self.prompt = rest;
        above
    }

    /// Whether something stands in the row that the user has typed.
    pub(crate) fn has_line(&self) -> bool {
        !self.line.is_empty()
    }

    /// The whole row, as long as it is.
    pub(crate) fn text(&self) -> String {
        self.cells().map(|(cell, _)| cell).collect()
    }

    /// The part of the row that fits into these columns, and the number of columns from the cursor
    /// to its end.
    pub(crate) fn window(&self, columns: usize) -> (String, usize) {
        // A row that is quite full would wrap with the next character.
        let columns = columns.saturating_sub(1).max(1);
        let cells: Vec<_> = self.cells().collect();
        let cursor = self.prompt.chars().count() + self.cursor;
        let mut first = 0;
        let width = |cells: &[(String, usize)]| cells.iter().map(|(_, width)| width).sum::<usize>();
        let ahead = AHEAD.min(columns / 2).min(width(&cells[cursor..]));
        let mut before = width(&cells[..cursor]);
        while before + ahead > columns {
            before -= cells[first].1;
            first += 1;
        }
        let (mut shown, mut used) = (String::new(), 0);
        for (cell, width) in &cells[first..] {
            if used + width > columns {
                break;
            }
            used += width;
            shown += cell;
        }
        (shown, used - before)
    }

    /// The text that is drawn for each character, and its width.
    fn cells(&self) -> impl Iterator<Item = (String, usize)> {
        let line = self.line.iter().copied();
        self.prompt.chars().chain(line).map(|c| match c {
            '\t' => (TAB.to_owned(), TAB.len()),
            // A pasted text may come from a stranger, too.
            c if is_unsafe(c) => (char::REPLACEMENT_CHARACTER.to_string(), 1),
            c => (c.to_string(), width(c)),
        })
    }
}

/// The number of columns that a character takes.
fn width(c: char) -> usize {
    match c {
        '\t' => TAB.len(),
        c if is_unsafe(c) => 1,
        c => c.width().unwrap_or(0),
    }
}

/// The number of bytes that fill a row of the terminal, if the text goes on behind them.
fn full_row(text: &str, columns: usize) -> Option<usize> {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += width(c);
        if used > columns.max(TAB.len()) {
            return Some(at);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks the bytes that are sent and the row after these keys; `|` is the cursor.
    #[track_caller]
    fn check(keys: &str, sent: &str, row: &str) {
        // The cuts between the reads make no difference.
        for size in [1, 2, 3, keys.len().max(1)] {
            let mut edited = Row::default();
            let pieces = keys.as_bytes().chunks(size);
            let bytes: Vec<u8> = pieces.flat_map(|piece| edited.press(piece).bytes).collect();
            assert_eq!(str::from_utf8(&bytes), Ok(sent), "{keys:?} in pieces of {size}");
            let (left, right) = edited.line.split_at(edited.cursor);
            let left: String = left.iter().collect();
            let right: String = right.iter().collect();
            assert_eq!(format!("{left}|{right}"), row, "{keys:?} in pieces of {size}");
        }
    }

    #[test]
    fn lines_are_sent_when_they_end() {
        check("hello", "", "hello|");
        check("hello\rworld\n汉", "hello\nworld\n", "汉|");
    }

    #[test]
    fn keys_edit_the_line() {
        check("helo\x1b[Dl\x1b[C!\n", "hello!\n", "|");
        check("one two  \x17", "", "one |");
        check("one two\x15x", "", "x|");
        check("ab\x7f\x08\x7fc", "", "c|");
        check("ac\x1b[D\x1b[Db\x01_\x05!", "", "_bac!|");
        check("abc\x1b[H\x1b[3~\x1b[F.", "", "bc.|");
        check("abc\x1bOD\x0b", "", "ab|");
    }

    #[test]
    fn wide_characters_and_accents_are_one_step_each() {
        check("汉语\x7f", "", "汉|");
        check("ae\u{301}\x7f", "", "a|");
        check("e\u{301}b\x1b[D\x1b[D", "", "|e\u{301}b");
        check("ae\u{301}b\x1b[H\x1b[C\x1b[C", "", "ae\u{301}|b");
    }

    #[test]
    fn keys_without_a_meaning_do_nothing() {
        check("a\x1b[A\x1b[B\x1b[15~\x1bx\x1b[1;5Cb\0\x1f", "", "ab|");
        check("\x1b[200~pasted\rtwice\x1b[201~", "pasted\n", "twice|");
    }

    #[test]
    fn ctrl_d_sends_an_unfinished_line_and_ends_an_empty_one() {
        check("abc\x04", "abc", "abc|");
        check("abc\x04\x7f\x15de\x7ff\n", "abcdf\n", "|");
        let mut row = Row::default();
        assert!(!row.press(b"abc\x04").is_over);
        let typed = row.press(b"\x04ignored");
        assert!(typed.is_over && typed.bytes.is_empty());
        assert!(Row::default().press(b"\x04").is_over);
    }

    #[test]
    fn bytes_that_are_not_utf8_become_replacement_characters() {
        let mut row = Row::default();
        assert_eq!(row.press(b"a\xff\xe6\xb1").bytes, b"");
        assert_eq!(row.press(b"\x89\n").bytes, "a\u{fffd}汉\n".as_bytes());
    }

    #[test]
    fn a_line_is_as_long_as_the_terminal_allows() {
        let mut row = Row::default();
        assert!(!row.press(&[b'x'; LINE_LIMIT]).is_full);
        assert!(row.press(b"y").is_full);
        assert_eq!(row.press(b"\n").bytes.len(), LINE_LIMIT + 1);
    }

    #[test]
    fn whole_lines_go_above_and_the_rest_stands_before_the_typed_line() {
        let mut row = Row::default();
        row.press("he汉".as_bytes());
        assert_eq!(row.hear("* ada is here\nyour name? ", 20), "* ada is here\n");
        assert_eq!(row.window(20), ("your name? he汉".to_owned(), 0));
        assert_eq!(row.press(b"!\n").shown, "your name? he汉!\n");
        assert_eq!(row.hear("0123456789", 4), "0123\n4567\n");
        assert_eq!(row.window(20), ("89".to_owned(), 0));
    }

    #[test]
    fn a_long_line_shows_the_part_around_the_cursor() {
        let mut row = Row::default();
        row.press(b"0123456789abcdefghij");
        assert_eq!(row.window(11), ("abcdefghij".to_owned(), 0));
        row.press(b"\x01");
        assert_eq!(row.window(11), ("0123456789".to_owned(), 10));
        row.press(b"\x1b[C\x1b[C\x1b[C\x1b[C\x1b[C\x1b[C");
        assert_eq!(row.window(11), ("123456789a".to_owned(), 5));
        row.press("\x15汉汉汉".as_bytes());
        assert_eq!(row.window(6), ("汉678".to_owned(), 3));
        // However narrow the terminal is, nothing fails.
        for columns in 0..4 {
            row.window(columns);
        }
    }

    #[test]
    fn a_pasted_text_cannot_control_the_terminal() {
        let mut row = Row::default();
        row.press("a\u{202e}b\u{9b}2J\x1b]0;x\x07\n".as_bytes());
        row.press("a\u{202e}b".as_bytes());
        assert_eq!(row.text(), "a\u{fffd}b");
    }
}
