//! Fortune, the quote of the day (RFC 865, over TCP): one saying, and then the end.

use alloc::{borrow::Cow, string::String, sync::Arc, vec::Vec};
use core::fmt;

use crate::{Answer, ClientId, Session, text};

/// The longest fortune in bytes on the wire, line ends included. RFC 865 asks for this much.
pub const FORTUNE_LIMIT: usize = 512;

/// The fortunes that come with the program: each of them is a lesson in itself.
const BUILT_IN: &str = include_str!("fortunes.txt");

/// One client's conversation: the session greets it with its fortune, and ignores everything else.
#[derive(Debug)]
pub struct Fortune {
    fortunes: Fortunes,
    client: ClientId,
}

impl Fortune {
    /// The conversation with a client.
    pub fn new(fortunes: Fortunes, client: ClientId) -> Fortune {
        Fortune { fortunes, client }
    }
}

// ANCHOR: fortune
impl Session for Fortune {
    fn greet(&mut self) -> Answer<'static> {
        let fortune = self.fortunes.draw(self.client).as_bytes().to_vec();
        Answer { send: Cow::Owned(fortune), finish: true, ..Answer::default() }
    }

    fn receive<'a>(&mut self, _input: &'a [u8]) -> Answer<'a> {
        Answer::finish()
    }
}
// ANCHOR_END: fortune

/// Fortunes to choose from, ready for the wire, and the seed of the choice.
#[derive(Clone)]
pub struct Fortunes {
    fortunes: Arc<[String]>,
    seed: u64,
}

/// The contents of a file of fortunes.
#[derive(Debug)]
pub struct Parsed {
    /// The fortunes that can be told.
    pub fortunes: Fortunes,
    /// How many entries were left out because they are longer than [`FORTUNE_LIMIT`].
    pub too_long: usize,
}

impl Fortunes {
    /// The fortunes that come with the program.
    pub fn built_in(seed: u64) -> Fortunes {
        Fortunes::parse(BUILT_IN.as_bytes(), seed).expect("the built-in ones are valid").fortunes
    }

    /// Reads the fortune(6) format: entries separated by lines that hold a single `%`.
    ///
    /// Returns `None` if no entry can be told, since there is none or all are too long.
    pub fn parse(file: &[u8], seed: u64) -> Option<Parsed> {
        let mut fortunes = Vec::new();
        let mut too_long = 0;
        let mut lines =
            file.strip_suffix(b"\n").unwrap_or(file).split(|&byte| byte == b'\n').peekable();
        while lines.peek().is_some() {
            let entry = lines.by_ref().map(|line| line.strip_suffix(b"\r").unwrap_or(line));
            let mut fortune = String::new();
            for line in entry.take_while(|line| line != b"%") {
                text::show(line, &mut fortune);
                fortune.push_str("\r\n");
            }
            match fortune.len() {
                _ if fortune.trim().is_empty() => {}
                ..=FORTUNE_LIMIT => fortunes.push(fortune),
                _ => too_long += 1,
            }
        }
        let fortunes = Fortunes { fortunes: fortunes.into(), seed };
        (!fortunes.fortunes.is_empty()).then_some(Parsed { fortunes, too_long })
    }

    /// The fortune of a client. It depends only on the seed and the client's number, so it is the
    /// same in every style. All forked children would inherit the same random generator, and tell
    /// the same fortune.
    pub fn draw(&self, client: ClientId) -> &str {
        let hash = mix(self.seed ^ mix(client.0));
        // The upper half of hash × count: every fortune has the same share of all hashes.
        let index = (u128::from(hash) * self.fortunes.len() as u128) >> 64;
        &self.fortunes[index as usize]
    }
}

impl fmt::Debug for Fortunes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} fortunes", self.fortunes.len())
    }
}

/// Spreads similar numbers over all of u64: the finalizer of SplitMix64 (Steele, Lea and Flood,
/// 2014), with its increment so that 0 is not mapped to itself.
fn mix(n: u64) -> u64 {
    let n = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    #[track_caller]
    fn check(file: &[u8], told: &[&str], too_long: usize) {
        let parsed = Fortunes::parse(file, 0).expect("a fortune");
        assert_eq!(parsed.fortunes.fortunes.to_vec(), told);
        assert_eq!(parsed.too_long, too_long);
    }

    #[test]
    fn entries_are_separated_by_a_single_percent_sign() {
        check(b"one\n%\ntwo\nlines\n%\n", &["one\r\n", "two\r\nlines\r\n"], 0);
        check(
            b"one\r\n%\r\n100 %\n%%\n%\n%\n\n%\nlast",
            &["one\r\n", "100 %\r\n%%\r\n", "last\r\n"],
            0,
        );
    }

    #[test]
    fn characters_that_could_drive_a_terminal_are_replaced() {
        check(b"tab\there \x1b[2J \xff\n", &["tab\there \u{fffd}[2J \u{fffd}\r\n"], 0);
    }

    #[test]
    fn entries_over_the_limit_are_counted() {
        let fits = "x".repeat(510);
        let file = alloc::format!("{fits}\n%\n{fits}x\n%\nshort\n");
        check(file.as_bytes(), &[&alloc::format!("{fits}\r\n"), "short\r\n"], 1);
    }

    #[test]
    fn a_file_without_fortunes_is_none() {
        for file in [&b""[..], b"%\n%\n", b"\n \n", &[b'x'; 600]] {
            assert!(Fortunes::parse(file, 0).is_none());
        }
    }

    #[test]
    fn every_fortune_has_an_equal_chance() {
        let fortunes = Fortunes::parse(b"a\n%\nb\n%\nc\n%\nd\n%\ne\n", 7).unwrap().fortunes;
        let mut counts = vec![0; 5];
        for n in 1..=10_000 {
            counts[(fortunes.draw(ClientId(n)).as_bytes()[0] - b'a') as usize] += 1;
        }
        // Five standard deviations around 2,000; the seed is fixed, so the outcome is too.
        assert!(counts.iter().all(|count| (1800..=2200).contains(count)), "{counts:?}");
    }

    #[test]
    fn the_built_in_fortunes_are_some_fifty_lines_that_fit() {
        let parsed = Fortunes::parse(BUILT_IN.as_bytes(), 0).unwrap();
        assert_eq!(parsed.too_long, 0);
        assert!((45..=60).contains(&parsed.fortunes.fortunes.len()), "{:?}", parsed.fortunes);
        assert!(!BUILT_IN.contains('\u{fffd}'));
    }
}
