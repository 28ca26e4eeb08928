//! Each result as a text with its working: why it is so, bit by bit.
//!
//! A text fits a terminal of 80 columns. A border, `|`, and the letters above the bits separate the
//! network from the host, so no colour is needed.

mod broadcast;
mod byte_order;
mod class;
mod ipv6;
mod multicast;
mod subnet;

use std::net::Ipv4Addr;

pub use broadcast::broadcasts;
pub use byte_order::{bytes, reading, to_network, weights, writing};
pub use class::class;
pub use ipv6::{
    join_ipv6, letters_above_ipv6, row_ipv6, same_ipv6, split_ipv6, subnet_ipv6, why_network_ipv6,
};
pub use multicast::{groups, mac_of_group, mac_of_ipv6_group};
pub use subnet::{
    join, letters_above, row, same, split, subnet, why_broadcast, why_first, why_hosts, why_last,
    why_mask, why_network,
};

/// The number of networks that are listed before the last one: all if they are few, otherwise a
/// few.
fn listed(parts: u128) -> usize {
    const AT_A_GLANCE: u128 = 64;
    if parts <= AT_A_GLANCE { parts as usize - 1 } else { 4 }
}

/// The 32 bits of an address, by octets, with the border between network and host.
pub(crate) fn bits(address: u32, border: u8) -> String {
    by_octets(border, |bit| digit(address, bit))
}

/// The meaning of each of the 32 bits: n for the network, h for the host.
pub(crate) fn letters(border: u8) -> String {
    by_octets(border, |bit| if bit < border { 'n' } else { 'h' })
}

/// A character for each of 32 bits, by octets, with the border in place of a space where possible.
pub(crate) fn by_octets(border: u8, sign: impl Fn(u8) -> char) -> String {
    let mut text = String::new();
    for bit in 0..32 {
        if bit == border {
            text.push('|');
        } else if bit > 0 && bit % 8 == 0 {
            text.push(' ');
        }
        text.push(sign(bit));
    }
    if border == 32 {
        text.push('|');
    }
    text
}

/// The digit of a bit, where bit 0 is the leftmost.
pub(crate) fn digit(address: u32, bit: u8) -> char {
    if address << bit >> 31 == 1 { '1' } else { '0' }
}

pub(crate) fn dotted(address: u32) -> String {
    Ipv4Addr::from_bits(address).to_string()
}

/// `1 bit`, `2 bits`.
pub(crate) fn count(number: impl Into<u64>, noun: &str) -> String {
    let number = number.into();
    let plural = match noun {
        "address" if number != 1 => "es",
        _ if number != 1 => "s",
        _ => "",
    };
    format!("{} {noun}{plural}", grouped(number))
}

/// A number with separated thousands: 16,777,214.
pub(crate) fn grouped(number: impl Into<u64>) -> String {
    let digits = number.into().to_string();
    let mut text = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `first` for 0, and so on up to `fourth`.
pub(crate) fn ordinal(octet: u8) -> &'static str {
    ["first", "second", "third", "fourth"][usize::from(octet)]
}

/// A part of the working: its name, and the lines about it, aligned after the name.
pub(crate) fn part(name: &str, lines: &str) -> String {
    let mut text = String::new();
    for (at, line) in lines.lines().enumerate() {
        let name = if at == 0 { name } else { "" };
        let line = format!("  {name:<10} {line}");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
