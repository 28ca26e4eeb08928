//! Chat: the treatment of a client's bytes, wherever reads cut them.

use std::collections::VecDeque;

use test_kit::chat::{expect_silence, join, room, welcome};
use test_kit::{Server, Style, each_style};

const TOO_LONG: &str = "* a line has at most 1024 bytes; that one was dropped";

each_style!(
    lines_end_with_lf_or_cr_lf_or_cr_nul_or_the_input,
    the_longest_line_has_1024_bytes,
    text_that_is_not_english_passes_unchanged,
    bytes_that_are_not_utf8_become_replacement_characters (row 33),
    any_byte_can_be_sent (row 33),
    characters_that_could_control_a_terminal_are_replaced (row 34),
    characters_that_could_control_a_terminal_are_not_in_the_log (row 34),
    telnet_commands_are_removed (row 35),
    ctrl_c_is_answered (row 35),
    every_cut_of_the_input_has_the_same_result (rows 22, 33, 35),
    one_byte_per_read_has_the_same_result (row 22),
    a_line_stays_whole_while_others_speak (row 22),
);

/// Returns the lines that the others receive from a client that sends this and half-closes, and the
/// lines that it receives itself after the welcome.
fn say(style: Style, input: &[u8]) -> (Vec<String>, Vec<u8>) {
    let server = Server::start(style, "chat");
    let mut listener = style.serves_many().then(|| join(&server, 1));
    let mut speaker = join(&server, if listener.is_some() { 2 } else { 1 });
    let prefix = format!("[{}] ", speaker.name());
    speaker.send(input);
    speaker.half_close();
    let answers = speaker.read_to_end();

    let mut heard = Vec::new();
    let end = match &mut listener {
        Some(listener) => {
            listener.expect_line(format!("* {} joined", speaker.name()));
            format!("* {} left", speaker.name())
        }
        None => {
            drop(speaker);
            let next = listener.insert(join(&server, 1));
            next.send("/end\r\n");
            "* no command /end; try /help".to_owned()
        }
    };
    let listener = listener.as_mut().expect("a member listens");
    loop {
        let line = listener.read_line();
        if line == end {
            return (heard, answers);
        }
        let said = line.strip_prefix(&prefix);
        heard.push(said.unwrap_or_else(|| panic!("{line:?} is not speech")).to_owned());
    }
}

/// The others receive these lines, and the speaker receives nothing.
#[track_caller]
fn check(style: Style, input: impl AsRef<[u8]>, expected: &[&str]) {
    let (heard, answers) = say(style, input.as_ref());
    assert_eq!(heard, expected);
    assert_eq!(String::from_utf8_lossy(&answers), "");
}

fn lines_end_with_lf_or_cr_lf_or_cr_nul_or_the_input(style: Style) {
    check(style, "one\ntwo\r\n\r\n\n\n  \nfive\r\nsix", &["one", "two", "  ", "five", "six"]);
    check(style, "one\r\0\r\0two\r\0thr\0ee", &["one", "two", "thr\u{fffd}ee"]);
}

fn the_longest_line_has_1024_bytes(style: Style) {
    let longest = "x".repeat(1024);
    let two_bytes_each = "é".repeat(512);
    check(
        style,
        format!("{longest}\n{longest}\r\n{two_bytes_each}\r\n{longest}"),
        &[&longest, &longest, &two_bytes_each, &longest],
    );
    let (heard, answers) =
        say(style, format!("{longest}x\nnext\r\n{two_bytes_each}é and so on\r\nlast").as_bytes());
    assert_eq!(heard, ["next", "last"]);
    let expected = format!("{TOO_LONG}\r\n{TOO_LONG}\r\n");
    assert_eq!(String::from_utf8_lossy(&answers), expected);
}

fn text_that_is_not_english_passes_unchanged(style: Style) {
    check(style, "汉语/漢語 Hànyǔ\r\n", &["汉语/漢語 Hànyǔ"]);
}

fn bytes_that_are_not_utf8_become_replacement_characters(style: Style) {
    check(
        style,
        b"a\xfeb\ncut \xe6\xb1\n\xc3\xc3\xa9\nlatin \xe9\n\xed\xa0\x80",
        &["a\u{fffd}b", "cut \u{fffd}", "\u{fffd}é", "latin \u{fffd}", "\u{fffd}\u{fffd}\u{fffd}"],
    );
}

fn any_byte_can_be_sent(style: Style) {
    // IAC has to be doubled to stand for itself.
    let input: Vec<u8> = (0..=255).filter(|byte| *byte != b'\n').chain([255]).collect();
    let ascii: String = (' '..='~').collect();
    let controls = |count| "\u{fffd}".repeat(count);
    // LF is not among the characters below the space, and those from DEL on are not ASCII.
    let expected = format!("{}\t{}{ascii}{}", controls(9), controls(21), controls(129));
    check(style, input, &[&expected]);
}

/// Characters that could control a terminal, reverse its text or forge a line. They may not pass.
fn unsafe_characters() -> Vec<char> {
    let ranges = [
        '\0'..='\x08',
        '\x0b'..='\x1f',
        '\x7f'..='\u{9f}',
        '\u{61c}'..='\u{61c}',
        '\u{200e}'..='\u{200f}',
        '\u{2028}'..='\u{202e}',
        '\u{2066}'..='\u{2069}',
    ];
    ranges.into_iter().flatten().collect()
}

fn characters_that_could_control_a_terminal_are_replaced(style: Style) {
    let characters = unsafe_characters();
    let input: String = characters.iter().map(|c| format!("{c}.")).collect();
    check(
        style,
        format!("{input}\r\ntab\there\n\x1b]52;c;eA==\x07\n\u{9b}2J\n"),
        &[
            &"\u{fffd}.".repeat(characters.len()),
            "tab\there",
            "\u{fffd}]52;c;eA==\u{fffd}",
            "\u{fffd}2J",
        ],
    );
}

fn characters_that_could_control_a_terminal_are_not_in_the_log(style: Style) {
    let server = Server::start(style, "chat");
    let mut client = join(&server, 1);
    let characters = unsafe_characters();
    for c in &characters {
        client.send(format!("say {c}[2J\r\n/nick {c}\r\n/{c}\r\n"));
    }
    // A single 0x9b is a C1 control for a terminal without UTF-8.
    client.send(b"raw \x9b2J \x90\n\"quoted\\\"\r\nthe end\r\n");
    server.wait_for_log(|line| line.contains("the end"));
    let log = server.log();
    for line in &log {
        let bad = line.chars().find(|c| characters.contains(c));
        assert_eq!(bad, None, "{line:?}");
    }
    let said = log.iter().filter(|line| line.contains("said"));
    assert_eq!(said.count(), characters.len() + 3);
}

fn telnet_commands_are_removed(style: Style) {
    check(
        style,
        [
            b"two\xff\xf1 bytes\r\n".as_slice(),
            b"three\xff\xfb\x01\xff\xfc\x0a\xff\xfd\x0d\xff\xfe\xff bytes\r\n",
            b"sub\xff\xfa\x18\0xterm\n\xff\xff\xf0\n\xff\xf0negotiation\r\n",
            b"caf\xc3\xff\xf1\xa9\r\n",
            b"the byte \xff\xff itself\r\n",
        ]
        .concat(),
        &["two bytes", "three bytes", "subnegotiation", "café", "the byte \u{fffd} itself"],
    );
    // Telnet commands do not count.
    let longest = "x".repeat(1024);
    let mut input = longest.clone().into_bytes();
    input.splice(512..512, *b"\xff\xf1\xff\xfb\x01");
    check(style, input, &[&longest]);
}

fn ctrl_c_is_answered(style: Style) {
    let (heard, answers) = say(style, b"hel\xff\xf4\xff\xfd\x06lo\r\n\xff\xfb\x06\xff\xfe\x06");
    assert_eq!(heard, ["hello"]);
    assert_eq!(answers, b"\xff\xfc\x06");
}

/// A line with a bit of everything, and a command.
const SCRIPT: &[u8] = b"\xe6\xb1\xff\xf1\x89\xff\xfa\x18\xff\xff\xf0\xff\xf0 caf\xc3\xff\xfd\x06\xa9 \xff\xff\x1b\r\n/who\r\0//bye";

/// The speech in the script.
const SAID: [&str; 2] = ["汉 café \u{fffd}\u{fffd}", "/bye"];

/// Sends the script in pieces, with one client after the other, and checks the lines that each
/// receives.
fn check_pieces<'a>(style: Style, cuts: impl Iterator<Item = Vec<&'a [u8]>>) {
    let server = Server::start(style, "chat");
    let mut history: VecDeque<String> = VecDeque::new();
    for pieces in cuts {
        let mut client = server.connect();
        for piece in &pieces {
            client.send_apart(piece);
        }
        client.half_close();
        let mut expected = format!("{}\r\n", welcome(&client, 1)).into_bytes();
        expected.extend(history.iter().flat_map(|said| said.bytes()));
        expected.extend(b"\xff\xfc\x06");
        expected.extend(format!("* here: {}\r\n", client.name()).bytes());
        assert_eq!(
            String::from_utf8_lossy(&client.read_to_end()),
            String::from_utf8_lossy(&expected),
            "in {} pieces, the first of {}",
            pieces.len(),
            pieces[0].len()
        );
        history.extend(SAID.map(|said| format!("[{}] {said}\r\n", client.name())));
        history.drain(..history.len().saturating_sub(20));
    }
    let mut last = join(&server, 1);
    for said in history {
        last.expect_line(said.trim_end());
    }
    expect_silence(&mut last);
}

fn every_cut_of_the_input_has_the_same_result(style: Style) {
    check_pieces(style, (1..SCRIPT.len()).map(|cut| vec![&SCRIPT[..cut], &SCRIPT[cut..]]));
}

fn one_byte_per_read_has_the_same_result(style: Style) {
    check_pieces(style, [SCRIPT.chunks(1).collect()].into_iter());
}

/// Lines that are typed in parts, and what the others hear of each.
const TYPED: [(&[&[u8]], &str); 4] = [
    (&[b"half a", b" line\r\n"], "half a line"),
    (&[b"a line ", b"in three", b" parts\r\n"], "a line in three parts"),
    (&[b"a character in two: caf\xc3", b"\xa9\r\n"], "a character in two: café"),
    (&[b"and a line end in two\r", b"\n"], "and a line end in two"),
];

/// A member hears the others while it types, and each time the server has something to do for it
/// between two parts of its line.
fn a_line_stays_whole_while_others_speak(style: Style) {
    let server = Server::start(style, "chat");
    if !style.serves_many() {
        let mut ada = join(&server, 1);
        ada.send_apart("half a");
        let mut bob = server.connect();
        assert!(bob.has_nothing(), "the second client waits");
        ada.send(" line\r\n/quit\r\n");
        let heard = format!("[{}] half a line", ada.name());
        drop(ada);
        bob.expect_line(welcome(&bob, 1));
        return bob.expect_line(heard);
    }
    let [mut ada, mut bob] = room(&server, ["ada", "bob"]);
    for (parts, said) in TYPED {
        let (last, first) = parts.split_last().expect("there are parts");
        for part in first {
            ada.send_apart(part);
            bob.send("meanwhile\r\n");
            ada.expect_line("[bob] meanwhile");
        }
        ada.send(last);
        bob.expect_line(format!("[ada] {said}"));
    }
}
