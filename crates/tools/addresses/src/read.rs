//! Reads what people type, strictly, and shows them where it is wrong.

use std::error::Error;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

use crate::byte_order::Integer;
use crate::multicast::{Mac, end_of_ipv6_groups, groups_of_mac, mac_of_group, mac_of_ipv6_group};

/// An error in a text, and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    text: String,
    place: Range<usize>,
    why: String,
}

impl Wrong {
    /// The reason alone, for those who show the text themselves.
    pub fn why(&self) -> &str {
        &self.why
    }

    /// The text before the wrong part, the wrong part itself, and the text after it. The text may
    /// contain control sequences for a terminal, so it is shown escaped.
    pub fn parts(&self) -> [String; 3] {
        let Range { start, end } = self.place;
        let parts = [&self.text[..start], &self.text[start..end], &self.text[end..]];
        parts.map(|part| part.escape_debug().to_string())
    }
}

/// The color of the carets in the alternate form.
const CARETS: Style = AnsiColor::BrightRed.on_default().bold();

/// The reason, the text, and carets below the wrong part, as rustc has them. The alternate form
/// (`{:#}`) is for a terminal: the carets have a color.
///
/// ```text
/// one byte holds 0 to 255
///   10.0.0.256
///          ^^^
/// ```
impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [before, wrong, after] = self.parts();
        let space = " ".repeat(before.width());
        // If something is missing, one caret shows where.
        let carets = "^".repeat(wrong.width().max(1));
        let style = if f.alternate() { CARETS } else { Style::new() };
        let why = &self.why;
        write!(f, "{why}\n  {before}{wrong}{after}\n  {space}{style}{carets}{style:#}")
    }
}

impl Error for Wrong {}

/// An address of either kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address {
    /// 32 bits.
    V4(u32),
    /// 128 bits.
    V6(u128),
}

/// Reads an IPv4 or an IPv6 address.
pub fn address(text: &str) -> Result<Address, Wrong> {
    no_space(text)?;
    address_in(text, 0..text.len())
}

/// Reads an IPv6 address.
pub fn ipv6(text: &str) -> Result<u128, Wrong> {
    match address(text)? {
        Address::V6(address) => Ok(address),
        Address::V4(_) => {
            Err(wrong(text, 0..text.len(), "this is an address of IPv4; one of IPv6 has colons"))
        }
    }
}

/// Reads ADDRESS/PREFIX.
pub fn address_and_prefix(text: &str) -> Result<(Address, u8), Wrong> {
    no_space(text)?;
    let end = text.find('/').unwrap_or(text.len());
    let address = address_in(text, 0..end)?;
    let bits = match address {
        Address::V4(_) => 32,
        Address::V6(_) => 128,
    };
    prefix_behind(text, end, bits).map(|prefix| (address, prefix))
}

/// Reads ADDRESS/PREFIX of IPv4.
pub fn ipv4_and_prefix(text: &str) -> Result<(u32, u8), Wrong> {
    no_space(text)?;
    let end = text.find('/').unwrap_or(text.len());
    let address = ipv4_in(text, 0..end)?;
    prefix_behind(text, end, 32).map(|prefix| (address, prefix))
}

/// Reads a prefix of an address with this number of bits.
pub fn prefix(text: &str, bits: u8) -> Result<u8, Wrong> {
    no_space(text)?;
    prefix_in(text, 0..text.len(), bits)
}

/// Reads an IPv4 address: four decimal numbers of a byte each.
pub fn ipv4(text: &str) -> Result<u32, Wrong> {
    no_space(text)?;
    ipv4_in(text, 0..text.len())
}

/// Refuses spaces, which come with copied text, before the rest of it is looked at.
fn no_space(text: &str) -> Result<(), Wrong> {
    let is_space = |sign: char| matches!(sign, ' ' | '\t' | '\u{a0}');
    let Some(start) = text.find(is_space) else {
        return Ok(());
    };
    let end = text[start..].find(|sign| !is_space(sign)).map_or(text.len(), |at| start + at);
    Err(wrong(text, start..end, "leave the space out"))
}

/// Reads a number that the type holds, in decimal, or in hexadecimal after 0x.
pub fn integer(text: &str, integer: Integer) -> Result<i128, Wrong> {
    let number = number(text)?;
    if (integer.least()..=integer.most()).contains(&number) {
        return Ok(number);
    }
    let (name, least, most) = (integer.name(), integer.least(), integer.most());
    let fitting =
        Integer::ALL.iter().find(|other| (other.least()..=other.most()).contains(&number));
    let advice = match fitting {
        Some(fitting) => format!("try --as {}", fitting.name()),
        None => "it needs more than 64 bits".to_owned(),
    };
    let why = format!("{name} holds {least} to {most}; {advice}");
    Err(wrong(text, 0..text.len(), why))
}

/// Reads a number, in decimal, or in hexadecimal after 0x.
pub fn number(text: &str) -> Result<i128, Wrong> {
    no_space(text)?;
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (digits, radix) = match unsigned.strip_prefix("0x").or(unsigned.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None => (unsigned, 10),
    };
    let begin = text.len() - digits.len();
    if digits.is_empty() {
        return Err(wrong(text, begin..begin, "a number is missing"));
    }
    if let Some((at, sign)) = digits.char_indices().find(|(_, c)| !c.is_digit(radix)) {
        let place = begin + at..begin + at + sign.len_utf8();
        let why = match radix {
            16 => "a hexadecimal number is made of 0 to 9 and a to f",
            _ if is_power_of_ten(digits) => {
                let why = format!(
                    "not a decimal digit; 0x{digits} is hexadecimal, \
                     and a power of ten is written out, with its zeros"
                );
                return Err(wrong(text, place, why));
            }
            _ if sign.is_ascii_hexdigit() => {
                "not a decimal digit; a hexadecimal number begins with 0x"
            }
            _ => "a number is made of 0 to 9; write 16909060, or 0x01020304",
        };
        return Err(wrong(text, place, why));
    }
    if radix == 10 && is_octal_to_some(digits) {
        return Err(wrong(text, begin..text.len(), OCTAL));
    }
    let number = i128::from_str_radix(digits, radix)
        .map_err(|_| wrong(text, 0..text.len(), "this needs more than 64 bits"))?;
    Ok(if unsigned == text { number } else { -number })
}

/// Whether this is written like 96e7, which may be meant as 96 x 10^7 or as hexadecimal.
fn is_power_of_ten(digits: &str) -> bool {
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    let parts = digits.split_once(['e', 'E']);
    parts.is_some_and(|(factor, power)| are_digits(factor) && are_digits(power))
}

/// Reads the number with which a drill is answered.
pub fn answer(text: &str) -> Result<i128, Wrong> {
    let number = number(text)?;
    if (Integer::I64.least()..=Integer::I64.most()).contains(&number) {
        return Ok(number);
    }
    Err(wrong(text, 0..text.len(), "no answer needs as many bits as this"))
}

/// Reads the seed of a drill.
pub fn seed(text: &str) -> Result<u32, Wrong> {
    let why = || wrong(text, 0..text.len(), "a seed is a number from 0 to 4294967295");
    u32::try_from(number(text)?).map_err(|_| why())
}

/// Reads a MAC address: six pairs of hexadecimal digits, between colons or hyphens.
pub fn mac(text: &str) -> Result<Mac, Wrong> {
    let separator = if text.contains('-') { '-' } else { ':' };
    let pairs = pairs(text, separator)?;
    let pairs = <[u8; 6]>::try_from(pairs).map_err(|pairs| {
        let why = format!(
            "a MAC address has six bytes, and this has {}; write 01:00:5e:4a:14:1e, for example",
            pairs.len()
        );
        wrong(text, text.len()..text.len(), why)
    })?;
    Ok(Mac(pairs))
}

/// Reads a multicast group of either kind.
pub fn group(text: &str) -> Result<Address, Wrong> {
    let address = address(text)?;
    let (is_group, separator, why) = match address {
        Address::V4(address) => (
            mac_of_group(address).is_some(),
            '.',
            "not a multicast group: their first number is 224 to 239",
        ),
        Address::V6(address) => (
            mac_of_ipv6_group(address).is_some(),
            ':',
            "not a multicast group: those of IPv6 begin with ff",
        ),
    };
    if is_group {
        return Ok(address);
    }
    let first = text.find(separator).unwrap_or(text.len());
    Err(wrong(text, 0..first, why))
}

/// Reads a MAC address that carries multicast groups of either kind.
pub fn mac_of_groups(text: &str) -> Result<Mac, Wrong> {
    let mac = mac(text)?;
    if groups_of_mac(mac).is_some() || end_of_ipv6_groups(mac).is_some() {
        return Ok(mac);
    }
    // All pairs of digits have the same length, so counting gives the place of the error.
    let (place, why) = match mac.0 {
        [0x01, 0x00, 0x5e, ..] => (9..11, "not an IPv4 group: after 01:00:5e a byte is at most 7f"),
        _ => (0..8, "not a multicast group of IP: they begin with 01:00:5e or 33:33"),
    };
    Err(wrong(text, place, why))
}

/// Reads bytes: pairs of hexadecimal digits, between spaces.
pub fn bytes(text: &str) -> Result<Vec<u8>, Wrong> {
    pairs(text, ' ')
}

fn pairs(text: &str, separator: char) -> Result<Vec<u8>, Wrong> {
    let read = |place: Range<usize>| {
        let pair = &text[place.clone()];
        match u8::from_str_radix(pair, 16) {
            // `from_str_radix` would also accept a sign before a single digit.
            Ok(byte) if pair.len() == 2 && !pair.starts_with('+') => Ok(byte),
            _ => Err(wrong(text, place, "a byte is two hexadecimal digits, like 5e")),
        }
    };
    pieces(text, 0..text.len(), separator).into_iter().map(read).collect()
}

fn address_in(text: &str, place: Range<usize>) -> Result<Address, Wrong> {
    if text[place.clone()].contains(':') {
        ipv6_in(text, place).map(Address::V6)
    } else {
        ipv4_in(text, place).map(Address::V4)
    }
}

fn ipv4_in(text: &str, place: Range<usize>) -> Result<u32, Wrong> {
    let pieces = pieces(text, place.clone(), '.');
    let mut address = 0;
    for piece in pieces.iter().take(4) {
        address = address << 8 | u32::from(octet_in(text, piece.clone())?);
    }
    match pieces.len() {
        4 => Ok(address),
        few @ ..4 => {
            let why = format!("an IPv4 address has four numbers, and this has {few}");
            Err(wrong(text, place.end..place.end, why))
        }
        _ => {
            let why = "an IPv4 address has four numbers, and no more";
            // The dot before the fifth number is too much as well.
            Err(wrong(text, pieces[4].start - 1..place.end, why))
        }
    }
}

fn octet_in(text: &str, place: Range<usize>) -> Result<u8, Wrong> {
    let piece = &text[place.clone()];
    let why = if piece.is_empty() {
        "a number is missing; an IPv4 address is written like 192.0.2.1"
    } else if !piece.bytes().all(|byte| byte.is_ascii_digit()) {
        "not a number; an IPv4 address is written like 192.0.2.1"
    } else if is_octal_to_some(piece) {
        OCTAL
    } else if let Ok(octet) = piece.parse() {
        return Ok(octet);
    } else {
        "one byte holds 0 to 255"
    };
    Err(wrong(text, place, why))
}

/// Whether a number of decimal digits begins with a 0 that is not all of it.
fn is_octal_to_some(digits: &str) -> bool {
    digits.len() > 1 && digits.starts_with('0')
}

/// C, and programs made in it, read such a number as octal: 010 is 8 to them.
const OCTAL: &str =
    "some programs take a number that begins with 0 for an octal one; leave the 0 out";

fn ipv6_in(text: &str, place: Range<usize>) -> Result<u128, Wrong> {
    let address = &text[place.clone()];
    if let Ok(address) = address.parse::<Ipv6Addr>() {
        return Ok(address.to_bits());
    }
    // The standard library only says that the address is wrong, not where.
    let groups = pieces(text, place.clone(), ':');
    for group in &groups {
        let digits = &text[group.clone()];
        let ends_in_ipv4 = group.end == place.end && digits.contains('.');
        if ends_in_ipv4 {
            ipv4_in(text, group.clone())?;
        } else if digits.len() > 4 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let why = "a group of an IPv6 address is one to four hexadecimal digits";
            return Err(wrong(text, group.clone(), why));
        }
    }
    let gap = address.find("::").map(|at| place.start + at);
    if let Some(gap) = gap
        && let Some(second) = text[gap + 1..place.end].find("::")
    {
        let at = gap + 1 + second;
        let why = "only one :: can stand for groups that are 0";
        return Err(wrong(text, at..at + 2, why));
    }
    let why = "an IPv6 address has eight groups, or fewer and one ::";
    Err(wrong(text, place, why))
}

/// Reads the prefix behind an address that ends here.
fn prefix_behind(text: &str, end: usize, bits: u8) -> Result<u8, Wrong> {
    if end == text.len() {
        let why = format!("a network has a prefix: write {text}/24, for example");
        return Err(wrong(text, end..end, why));
    }
    prefix_in(text, end + 1..text.len(), bits)
}

fn prefix_in(text: &str, place: Range<usize>, bits: u8) -> Result<u8, Wrong> {
    let piece = &text[place.clone()];
    if !piece.is_empty() && piece.bytes().all(|byte| byte.is_ascii_digit()) {
        if is_octal_to_some(piece) {
            return Err(wrong(text, place, OCTAL));
        }
        if let Ok(prefix) = piece.parse()
            && prefix <= bits
        {
            return Ok(prefix);
        }
    }
    let kind = if bits == 32 { "IPv4" } else { "IPv6" };
    let why = match piece.parse::<Ipv4Addr>() {
        Ok(mask) if bits == 32 => instead_of_mask(mask.to_bits()),
        _ => format!("the prefix of an {kind} address is a number from 0 to {bits}"),
    };
    Err(wrong(text, place, why))
}

/// The prefix to write instead of a mask.
fn instead_of_mask(mask: u32) -> String {
    let prefix = |mask: u32| {
        let ones = mask.leading_ones();
        (ones + mask.trailing_zeros() == 32).then_some(ones)
    };
    match (prefix(mask), prefix(!mask)) {
        (Some(prefix), _) => format!("this is a mask; the prefix is {prefix}"),
        (None, Some(prefix)) => format!(
            "this is the opposite of a mask, which access lists of routers call a wildcard; \
             the prefix is {prefix}"
        ),
        (None, None) => "a mask is ones and then zeros, and this has a 1 behind a 0; \
                         write a prefix, a number from 0 to 32"
            .to_owned(),
    }
}

/// The ranges of the pieces between the separators.
fn pieces(text: &str, place: Range<usize>, separator: char) -> Vec<Range<usize>> {
    let mut begin = place.start;
    let mut pieces = Vec::new();
    for piece in text[place].split(separator) {
        pieces.push(begin..begin + piece.len());
        begin += piece.len() + separator.len_utf8();
    }
    pieces
}

/// The error in `text`, at `place`.
pub(crate) fn wrong(text: &str, place: Range<usize>, why: impl Into<String>) -> Wrong {
    Wrong { text: text.to_owned(), place, why: why.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected text has its wrong part between `<` and `>`, and the reason behind it.
    #[track_caller]
    fn check<T: std::fmt::Debug>(result: Result<T, Wrong>, expected: &str) {
        let error = result.unwrap_err();
        let [before, wrong, after] = error.parts();
        assert_eq!(format!("{before}<{wrong}>{after}: {}", error.why()), expected);
    }

    #[test]
    fn carets_stand_below_the_wrong_part() {
        #[track_caller]
        fn check<T: std::fmt::Debug>(result: Result<T, Wrong>, text: &str, carets: &str) {
            let shown = result.unwrap_err().to_string();
            let (_why, rest) = shown.split_once('\n').unwrap();
            assert_eq!(rest, format!("  {text}\n  {carets}"));
        }
        check(ipv4("10.0.0.256"), "10.0.0.256", "       ^^^");
        check(ipv4("10.0.0"), "10.0.0", "      ^");
        check(ipv4("10.0.x.1"), "10.0.x.1", "     ^");
        // A sign of two columns, one of none, and one that is shown escaped.
        check(ipv4("10.\u{4e00}.0"), "10.\u{4e00}.0", "   ^^");
        check(ipv4("e\u{301}.x.0"), "e\u{301}.x.0", "^");
        check(ipv4("1.\x1b.0"), "1.\\u{1b}.0", "  ^^^^^^");
    }

    #[test]
    fn carets_have_a_color_for_a_terminal() {
        let error = ipv4("10.0.0.256").unwrap_err();
        assert!(format!("{error:#}").ends_with("\x1b[1m\x1b[91m^^^\x1b[0m"), "{error:#?}");
    }

    #[test]
    fn addresses_are_read() {
        assert_eq!(address("1.2.3.4"), Ok(Address::V4(0x0102_0304)));
        assert_eq!(address("::1"), Ok(Address::V6(1)));
        assert_eq!(address("::1.2.3.4"), Ok(Address::V6(0x0102_0304)));
        assert_eq!(address_and_prefix("0.0.0.0/0"), Ok((Address::V4(0), 0)));
        assert_eq!(address_and_prefix("::/128"), Ok((Address::V6(0), 128)));
        assert_eq!(mac("01-00-5E-00-00-FF"), Ok(Mac([1, 0, 0x5e, 0, 0, 255])));
        assert_eq!(integer("-0x2", Integer::I16), Ok(-2));
    }

    #[test]
    fn an_error_is_shown_in_its_place() {
        check(ipv4("10.0.0.256"), "10.0.0.<256>: one byte holds 0 to 255");
        check(ipv4("10.0.0"), "10.0.0<>: an IPv4 address has four numbers, and this has 3");
        check(ipv4("10.0.0.1.2"), "10.0.0.1<.2>: an IPv4 address has four numbers, and no more");
        check(
            ipv4("10..0.1"),
            "10.<>.0.1: a number is missing; an IPv4 address is written like 192.0.2.1",
        );
        check(
            ipv4("10.0.x.1"),
            "10.0.<x>.1: not a number; an IPv4 address is written like 192.0.2.1",
        );
        check(
            ipv4("10.0.010.1"),
            "10.0.<010>.1: some programs take a number that begins with 0 for an octal one; \
             leave the 0 out",
        );
        check(
            address_and_prefix("10.0.0.0"),
            "10.0.0.0<>: a network has a prefix: write 10.0.0.0/24, for example",
        );
        for prefix in ["33", "", "-1", "+8", "256", "8/8"] {
            check(
                address_and_prefix(&format!("10.0.0.0/{prefix}")),
                &format!(
                    "10.0.0.0/<{prefix}>: the prefix of an IPv4 address is a number from 0 to 32"
                ),
            );
        }
        check(
            address_and_prefix("10.0.0.0/255.255.255.192"),
            "10.0.0.0/<255.255.255.192>: this is a mask; the prefix is 26",
        );
        check(
            address("2001:db8:12345::"),
            "2001:db8:<12345>::: a group of an IPv6 address is one to four hexadecimal digits",
        );
        check(address("1::2::3"), "1::2<::>3: only one :: can stand for groups that are 0");
        check(address("1:2:3"), "<1:2:3>: an IPv6 address has eight groups, or fewer and one ::");
        check(address("::1.2.3.400"), "::1.2.3.<400>: one byte holds 0 to 255");
        check(
            mac("01:00:5e:4g:14:1e"),
            "01:00:5e:<4g>:14:1e: a byte is two hexadecimal digits, like 5e",
        );
        check(
            mac("01:00:5e"),
            "01:00:5e<>: a MAC address has six bytes, and this has 3; \
             write 01:00:5e:4a:14:1e, for example",
        );
        check(number("12a"), "12<a>: not a decimal digit; a hexadecimal number begins with 0x");
        check(number("-"), "-<>: a number is missing");
        check(integer("65536", Integer::U16), "<65536>: u16 holds 0 to 65535; try --as u32");
        check(integer("-2", Integer::U32), "<-2>: u32 holds 0 to 4294967295; try --as i16");
    }

    #[test]
    fn a_number_that_begins_with_0_is_refused() {
        for (text, shown) in [
            ("10.0.0.0/010", "10.0.0.0/<010>"),
            ("::1/064", "::1/<064>"),
            ("10.0.0.0/00", "10.0.0.0/<00>"),
            ("10.0.0.0/099", "10.0.0.0/<099>"),
        ] {
            check(address_and_prefix(text), &format!("{shown}: {OCTAL}"));
        }
        check(prefix("010", 32), &format!("<010>: {OCTAL}"));
        check(number("-010"), &format!("-<010>: {OCTAL}"));
        check(seed("4294967296"), "<4294967296>: a seed is a number from 0 to 4294967295");
    }

    #[test]
    fn what_was_meant_is_told() {
        assert_eq!(number("0XfF"), Ok(255));
        let power = "is hexadecimal, and a power of ten is written out, with its zeros";
        check(number("96e7"), &format!("96<e>7: not a decimal digit; 0x96e7 {power}"));
        check(
            address_and_prefix("10.0.0.1/255.0.255.0"),
            "10.0.0.1/<255.0.255.0>: a mask is ones and then zeros, and this has a 1 behind a 0; \
             write a prefix, a number from 0 to 32",
        );
        check(
            address_and_prefix("10.0.0.1/0.0.0.255"),
            "10.0.0.1/<0.0.0.255>: this is the opposite of a mask, which access lists of routers \
             call a wildcard; the prefix is 24",
        );
        check(address_and_prefix("10.0.0.1 /24"), "10.0.0.1< >/24: leave the space out");
        check(number("16 909 060"), "16< >909 060: leave the space out");
        check(
            answer("18446744073709551615"),
            "<18446744073709551615>: no answer needs as many bits as this",
        );
    }

    #[test]
    fn control_sequences_are_shown_escaped() {
        check(
            ipv4("1.2.\x1b[2J.4"),
            "1.2.<\\u{1b}[2J>.4: not a number; an IPv4 address is written like 192.0.2.1",
        );
    }
}
