//! The input of clients that look for a weak spot, and the number of tries.

use std::env;

use proptest::prelude::*;

/// `quick` cases, which take seconds, or as many as `PROPTEST_CASES` says: a hundred thousand are
/// some minutes of fuzzing, with `--release`.
///
/// proptest makes a failing input small, and keeps it in a file beside the test. From then on, it
/// tries the inputs of that file first.
pub(crate) fn cases(quick: u32) -> ProptestConfig {
    let said = env::var("PROPTEST_CASES").ok();
    let cases = said.map_or(quick, |cases| cases.parse().expect("PROPTEST_CASES is a number"));
    ProptestConfig::with_cases(cases)
}

/// Bytes that a client might send to find a weak spot.
pub(crate) fn hostile_input() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => prop::sample::select(PIECES).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..8),
        1 => any::<char>().prop_map(|c| c.to_string().into_bytes()),
        1 => "[ -~]{0,20}".prop_map(String::into_bytes),
        1 => (1000..1100_usize).prop_map(|length| vec![b'x'; length]),
    ];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

const PIECES: &[&[u8]] = &[
    // Ends of lines, and bytes that look like them.
    b"\n",
    b"\n",
    b"\r\n",
    b"\r",
    b"\r\0",
    "\u{2028}".as_bytes(),
    "\u{85}".as_bytes(),
    // Telnet: IAC alone and twice, commands, options, subnegotiations, TIMING-MARK.
    b"\xff",
    b"\xff\xff",
    b"\xff\xf1",
    b"\xff\xfb\x1f",
    b"\xff\xfd\x06",
    b"\xff\xfa\x1f\0\n",
    b"\xff\xf0",
    b"\xf0",
    b"\x06",
    // Characters that drive a terminal or turn its text around.
    b"\x1b[2J",
    b"\x1b]52;c;",
    b"\x9b",
    b"\x7f",
    b"\0",
    b"\t",
    "\u{9b}".as_bytes(),
    "\u{202e}".as_bytes(),
    "\u{2066}".as_bytes(),
    // Characters, whole and in parts.
    "é汉🦀".as_bytes(),
    b"\xc3",
    b"\xa9",
    b"\xe6\xb1",
    b"\xf0\x9f\xa6",
    b"\xed\xa0\x80",
    // Commands, and texts that forge the server's lines.
    b"/",
    b"//",
    b"/nick ",
    b"/who",
    b"/help\n",
    b"/quit\n",
    b"ada",
    b"ADA\n",
    b" ",
    b"* ada left",
    b"[ada] ",
];
