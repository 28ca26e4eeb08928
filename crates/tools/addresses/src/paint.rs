//! The colours of bits: those of the network in one, those of the host in another.
//!
//! The texts say all without colours, by letters and a border, and the same texts stand in the book.
//! So they are painted only where they are printed, and anstream takes the colours out again if the
//! terminal is to have none.

use std::io::{self, Write};
use std::mem;
use std::ops::Range;

use anstyle::AnsiColor;

/// The length of an IPv6 address in hexadecimal digits, in full.
const FULL: usize = 39;

/// An output for texts, which paints their bits line by line.
#[derive(Debug)]
pub(crate) struct Painter<W> {
    output: W,
    /// The beginning of a line.
    line: Vec<u8>,
    /// The part of an IPv6 address that is the network, if the border cuts the digit behind it.
    cut: Option<usize>,
}

impl<W: Write> Painter<W> {
    pub(crate) fn new(output: W) -> Painter<W> {
        Painter { output, line: Vec::new(), cut: None }
    }

    fn print_line(&mut self) -> io::Result<()> {
        let line = mem::take(&mut self.line);
        let painted = self.painted(&String::from_utf8_lossy(&line));
        self.output.write_all(painted.as_bytes())
    }

    fn painted(&mut self, line: &str) -> String {
        let Some((network, host)) = border(line).or_else(|| self.cut_digits(line)) else {
            return line.to_owned();
        };
        let mut painted = line[..network.start].to_owned();
        painted += &coloured(AnsiColor::Blue, &line[network.clone()]);
        painted += &line[network.end..host.start];
        painted += &coloured(AnsiColor::Yellow, &line[host.clone()]);
        painted + &line[host.end..]
    }

    /// The digits of the network and of the host around a digit that has bits of both.
    fn cut_digits(&mut self, line: &str) -> Option<(Range<usize>, Range<usize>)> {
        let digits = line.trim_end().split(' ').next_back()?;
        let is_full = digits.len() == FULL && digits.matches(':').count() == 7;
        if !is_full || !digits.chars().all(|c| c == ':' || is_digit(c)) {
            return None;
        }
        if digits.starts_with(['n', 'x']) {
            self.cut = digits.find('x');
        }
        let begin = line.trim_end().len() - FULL;
        let cut = begin + self.cut?;
        Some((begin..cut, cut + 1..begin + FULL))
    }
}

impl<W: Write> Write for Painter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(part);
            if part.ends_with(b"\n") {
                self.print_line()?;
            }
        }
        Ok(bytes.len())
    }

    /// A prompt has no line end.
    fn flush(&mut self) -> io::Result<()> {
        self.print_line()?;
        self.output.flush()
    }
}

fn coloured(colour: AnsiColor, text: &str) -> String {
    let style = colour.on_default();
    format!("{style}{text}{style:#}")
}

/// The bits or digits on both sides of the border `|`.
fn border(line: &str) -> Option<(Range<usize>, Range<usize>)> {
    let border = line.find('|')?;
    let left = reach(line[..border].chars().rev());
    let right = reach(line[border + 1..].chars());
    let (network, host) = (border - left..border, border + 1..border + 1 + right);
    (left + right >= 2).then_some((network, host))
}

/// The length of the bits or digits at the beginning: between groups is a colon or one space. All of
/// them are ASCII characters.
fn reach(characters: impl Iterator<Item = char>) -> usize {
    let (mut reach, mut group) = (0, 0);
    for (at, c) in characters.enumerate() {
        match c {
            c if is_digit(c) => {
                group += 1;
                reach = at + 1;
            }
            // An octet is complete, and the border may have replaced the space behind it.
            ' ' | ':' if group > 0 => group = 0,
            _ => break,
        }
    }
    reach
}

/// Whether it is a bit, a hexadecimal digit, or a letter that stands for one.
fn is_digit(c: char) -> bool {
    c.is_ascii_hexdigit() || matches!(c, 'n' | 's' | 'h' | 'x')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::working;

    /// The text with N for each painted character of the network, and H for one of the host.
    fn marked(text: &str) -> String {
        let mut painter = Painter::new(Vec::new());
        painter.write_all(text.as_bytes()).unwrap();
        painter.flush().unwrap();
        let painted = String::from_utf8(painter.output).unwrap();
        let (mut marked, mut rest) = (String::new(), &painted[..]);
        for (begin, sign) in [("\x1b[34m", 'N'), ("\x1b[33m", 'H')].iter().cycle() {
            let Some((before, after)) = rest.split_once(begin) else {
                break;
            };
            let (bits, after) = after.split_once("\x1b[0m").unwrap();
            marked += before;
            marked.extend(bits.chars().map(|c| if c == ' ' || c == ':' { c } else { *sign }));
            rest = after;
        }
        marked + rest
    }

    #[test]
    fn the_bits_of_an_ipv4_network_and_its_hosts_are_painted() {
        let marked = marked(&working::subnet(0xc0a8_014d, 26));
        for line in [
            "                              NNNNNNNN NNNNNNNN NNNNNNNN NN|HHHHHH",
            "  address    192.168.1.77     NNNNNNNN NNNNNNNN NNNNNNNN NN|HHHHHH",
            "                 AND 192   NN|HHHHHH",
            "  class      C                part of a former /24",
        ] {
            assert!(marked.lines().any(|shown| shown == line), "{line:?} is not in {marked}");
        }
    }

    #[test]
    fn borders_may_stand_at_an_end_or_between_octets() {
        let row = |prefix| marked(&working::row("address", 0xffff_ffff, prefix));
        assert!(row(0).contains("  |HHHHHHHH HHHHHHHH HHHHHHHH HHHHHHHH\n"));
        assert!(row(32).contains("  NNNNNNNN NNNNNNNN NNNNNNNN NNNNNNNN|\n"));
        assert!(row(16).contains("  NNNNNNNN NNNNNNNN|HHHHHHHH HHHHHHHH\n"));
    }

    #[test]
    fn the_digits_of_ipv6_are_painted_though_the_border_may_cut_one() {
        let marked = |prefix| marked(&working::subnet_ipv6(0x2001_0db8 << 96 | 0x77, prefix));
        let whole = marked(64);
        assert!(
            whole.contains("  address    NNNN:NNNN:NNNN:NNNN|HHHH:HHHH:HHHH:HHHH\n"),
            "{whole}"
        );
        let cut = marked(61);
        assert!(cut.contains("             NNNN:NNNN:NNNN:NNNx:HHHH:HHHH:HHHH:HHHH\n"), "{cut}");
        assert!(cut.contains("  mask       NNNN:NNNN:NNNN:NNN8:HHHH:HHHH:HHHH:HHHH\n"), "{cut}");
    }

    #[test]
    fn other_texts_stay() {
        for text in ["a | b\n", "|\n", "> ", "", "prefix |\n", "  2^7 | 8\n"] {
            assert_eq!(marked(text), text);
        }
    }
}
