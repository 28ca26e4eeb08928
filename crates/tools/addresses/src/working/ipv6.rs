use std::net::Ipv6Addr;

use super::{count, grouped, listed, part};
use crate::ipv6::{Network, common_prefix, highest, lowest, mask};
use crate::special;

/// Everything about the network of an IPv6 address and its prefix.
pub fn subnet_ipv6(address: u128, prefix: u8) -> String {
    let row = |name, value| row_ipv6(name, value, prefix);
    let short = |name: &str, value: String| format!("  {name:<10} {value}\n");
    let mut text = format!("{}/{prefix}\n\n", Ipv6Addr::from_bits(address));
    text += &letters_above_ipv6(prefix);
    text += &row("address", address);
    text += &row("mask", mask(prefix));
    text += &row("first", lowest(address, prefix));
    text += &row("last", highest(address, prefix));
    text += &short("network", Network::of(address, prefix).to_string());
    text += &short("addresses", format!("2^{}", 128 - prefix));
    text += &match prefix {
        0..64 => short("links", format!("2^{}, a /64 each", 64 - prefix)),
        64 => short("links", "1, as large as every link is".to_owned()),
        _ => short("links", "a part of one, whose size is /64".to_owned()),
    };
    text += &short(
        "range",
        match special::of_ipv6(address) {
            Some(special) => format!("{}: {}, RFC {}", special.purpose, special.range, special.rfc),
            None if address >> 125 == 1 => "public".to_owned(),
            None => "unassigned".to_owned(),
        },
    );
    text += "\nwhy\n";
    text += &part("bits", &why_bits(address, prefix));
    text += &part(
        "hosts",
        "They are not counted: a link has 2^64 addresses, whatever it needs.\n\
         There is no broadcast, so the last address is like any other. The\n\
         first belongs to every router on it (RFC 4291, section 2.6.1).",
    );
    text
}

/// Whether two IPv6 addresses are in the same network.
pub fn same_ipv6(one: u128, other: u128, prefix: u8) -> String {
    let [first, second] = [one, other].map(|address| Network::of(address, prefix));
    let common = common_prefix(one, other);
    let [short_one, short_other] = [one, other].map(Ipv6Addr::from_bits);
    let (verdict, so) = if first == second {
        (
            format!("the same network, {first}"),
            "each sends to the other directly, over the link that they share.",
        )
    } else {
        ("two networks".to_owned(), "packets from one to the other go through a router.")
    };
    let mut text = format!("{short_one}\n{short_other}\nwith /{prefix}: {verdict}\n\n");
    text += &format!("  {}\n", letters(prefix));
    text += &format!("  {}\n  {}\n\nwhy\n", full(one, prefix), full(other, prefix));
    text += &part("network", &format!("the first {}: {first}\nand {second}", count(prefix, "bit")));
    text += &part(
        "bits",
        &format!(
            "They have {} in common, so each prefix up to /{common} has\n\
             them in one network.",
            count(common, "bit")
        ),
    );
    text + &part("so", so)
}

/// The networks into which an IPv6 network is split.
pub fn split_ipv6(whole: Network, prefix: u8) -> String {
    let more = prefix - whole.prefix();
    let shown = match more {
        0..64 => grouped(1_u64 << more),
        _ => format!("2^{more}"),
    };
    let mut text = format!("{whole} into {shown}: each is a /{prefix}\n\n");
    // 2^128 does not fit into 128 bits; one bit less is also more than enough.
    let parts = 1_u128 << more.min(127);
    let listed = listed(parts);
    let row = |part: Network| format!("  {part}\n");
    text.extend(whole.split(prefix).take(listed).map(row));
    if parts > listed as u128 + 1 {
        text += "  ...\n";
    }
    let last = highest(whole.address(), whole.prefix());
    text += &row(Network::of(last, prefix));
    text += "\nwhy\n";
    text + &part(
        "bits",
        &format!(
            "{shown} = 2^{more}:\n\
             /{} becomes /{prefix}, and {} name the part.\n\
             No address is lost: no part needs a broadcast.",
            whole.prefix(),
            count(more, "bit"),
        ),
    )
}

/// The network that two IPv6 networks form together.
pub fn join_ipv6(one: Network, other: Network) -> String {
    let around = one.around(other);
    let whole = one.join(other);
    let mut text = match whole {
        Some(whole) => format!("{one}\n{other}\nare the halves of {whole}\n\n"),
        None => format!("{one}\n{other}\ndo not join into one network\n\n"),
    };
    for network in [one, other, around] {
        let prefix = network.prefix();
        text += &format!("  {} /{prefix}\n", full(network.address(), prefix));
    }
    text += "\nwhy\n";
    text + &part(
        "bits",
        &match (whole, one.buddy()) {
            (Some(_), _) => format!(
                "Both are a /{}, and they differ only in its last bit.\n\
                 Without that bit they are the same.",
                one.prefix()
            ),
            (None, Some(buddy)) => format!(
                "The other half of {one} is\n{buddy}.\nThe smallest network with both is\n{around}."
            ),
            (None, None) => format!("{one} already contains all addresses."),
        },
    )
}

/// The letters above the rows of [`row_ipv6`].
pub fn letters_above_ipv6(prefix: u8) -> String {
    format!("{:13}{}\n", "", letters(prefix))
}

/// An address with its name, and with the border of a prefix.
pub fn row_ipv6(name: &str, address: u128, prefix: u8) -> String {
    format!("  {name:<10} {}\n", full(address, prefix))
}

/// Why the network of an address ends where it does.
pub fn why_network_ipv6(address: u128, prefix: u8) -> String {
    part("bits", &why_bits(address, prefix))
}

/// Why the border is in this place, in hexadecimal digits.
fn why_bits(address: u128, prefix: u8) -> String {
    let begin = format!(
        "The same idea as in IPv4, with {} for the network and\n\
         128 - {prefix} = {} for what is in it. A hexadecimal digit is four bits:\n",
        count(prefix, "bit"),
        128 - prefix
    );
    let (digits, cut) = (prefix / 4, prefix % 4);
    if cut == 0 {
        return format!("{begin}/{prefix} is {} of 32 digits.", digits);
    }
    let at = 124 - 4 * u32::from(digits);
    let line = |operation: &str, value: u128| {
        let digit = value >> at & 0xf;
        let bits = format!("{digit:04b}");
        let (left, right) = bits.split_at(cut.into());
        format!("    {operation:>3} {digit:x}   {left}|{right}")
    };
    format!(
        "{begin}/{prefix} is {digits} digits and {} of the next one, which is marked x:\n{}\n{}\n{}",
        count(cut, "bit"),
        line("", address),
        line("AND", mask(prefix)),
        line("=", lowest(address, prefix)),
    )
}

/// All 32 digits, with the border if it is between two of them.
fn full(address: u128, border: u8) -> String {
    by_digits(border, |digit| {
        let value = (address >> (124 - 4 * u32::from(digit)) & 0xf) as u32;
        char::from_digit(value, 16).unwrap_or('?')
    })
}

/// The meaning of each digit: n for the network, h for the rest, x if the border cuts it.
fn letters(border: u8) -> String {
    by_digits(border, |digit| match border {
        _ if 4 * digit + 4 <= border => 'n',
        _ if 4 * digit >= border => 'h',
        _ => 'x',
    })
}

fn by_digits(border: u8, sign: impl Fn(u8) -> char) -> String {
    let mut text = String::new();
    for digit in 0..32 {
        if 4 * digit == border {
            text.push('|');
        } else if digit > 0 && digit % 4 == 0 {
            text.push(':');
        }
        text.push(sign(digit));
    }
    if border == 128 {
        text.push('|');
    }
    text
}
