use std::fmt::Write;

use super::{bits, by_octets, count, digit, dotted, grouped, letters, listed, ordinal, part};
use crate::class::Class;
use crate::special;
use crate::subnet::{
    Network, addresses, broadcast, common_prefix, first_host, highest, hosts, last_host, mask,
    network,
};

/// Everything about the network of an address and its prefix.
pub fn subnet(address: u32, prefix: u8) -> String {
    let row = |name, value| row(name, value, prefix);
    let note = |name: &str, value: &str, note: &str| {
        let line = format!("  {name:<10} {value:<16} {note}");
        format!("{}\n", line.trim_end())
    };
    let mut text = format!("{}/{prefix}\n\n", dotted(address));
    text += &letters_above(prefix);
    text += &row("address", address);
    text += &row("mask", mask(prefix));
    text += &row("network", network(address, prefix));
    text += &row("first", first_host(address, prefix));
    text += &row("last", last_host(address, prefix));
    text += &match broadcast(address, prefix) {
        Some(broadcast) => row("broadcast", broadcast),
        None if prefix == 31 => note("broadcast", "none", "RFC 3021"),
        None => note("broadcast", "none", "no other host is there"),
    };
    text += &note("hosts", &grouped(hosts(prefix)), &hosts_in_short(prefix));
    text += &match special::of_ipv4(address) {
        Some(special) => {
            let origin = format!("{}, RFC {}", special.range, special.rfc);
            note("range", special.purpose, &origin)
        }
        None => note("range", "public", ""),
    };
    text += &note("class", &format!("{:?}", Class::of(address)), &natural_prefix(address, prefix));
    text += "\nwhy\n";
    text += &why_mask(prefix);
    text += &why_network(address, prefix);
    text += &why_first(address, prefix);
    text += &why_last(address, prefix);
    text += &why_broadcast(address, prefix);
    text += &why_hosts(prefix);
    text
}

/// A named address, in numbers and in bits.
pub fn row(name: &str, address: u32, prefix: u8) -> String {
    let in_bits = bits(address, prefix);
    format!("  {name:<10} {:<16} {in_bits}\n", dotted(address))
}

/// The meaning of each bit of the rows below.
pub fn letters_above(prefix: u8) -> String {
    format!("{:30}{}\n", "", letters(prefix))
}

/// Whether two addresses are in the same network, and what follows.
pub fn same(one: u32, other: u32, prefix: u8) -> String {
    let [network_of_one, network_of_other] =
        [one, other].map(|address| Network::of(address, prefix));
    let (verdict, so) = if network_of_one == network_of_other {
        ("the same network", "each sends to the other directly, over the link that they share.")
    } else {
        ("two networks", "packets from one to the other go through a router.")
    };
    let [short_one, short_other] = [one, other].map(dotted);
    let mut text = format!("{short_one} and {short_other} with /{prefix}: {verdict}\n\n");
    text += &format!("{:19}{}\n", "", letters(prefix));
    text += &format!("  {short_one:<16} {}\n", bits(one, prefix));
    text += &format!("  {short_other:<16} {}\n", bits(other, prefix));
    let mark = |bit| match digit(one, bit) == digit(other, bit) {
        true => ' ',
        false => '^',
    };
    let marks = by_octets(prefix, mark).replace('|', " ");
    let line = format!("  {:<16} {marks}", "they differ at");
    text += &match one == other {
        true => String::new(),
        false => format!("{}\n", line.trim_end()),
    };
    text += "\nwhy\n";
    text += &part(
        "network",
        &format!(
            "address AND {}, the mask of /{prefix}:\n\
             {short_one:<15} is in {network_of_one}\n\
             {short_other:<15} is in {network_of_other}",
            dotted(mask(prefix)),
        ),
    );
    let common = common_prefix(one, other);
    text += &part(
        "bits",
        &match common {
            0 => "The very first bit differs, so only /0 has them in one network.".to_owned(),
            32 => "They are one address, in one network with every prefix.".to_owned(),
            _ => format!(
                "They begin with {} in common, so each prefix up to /{common}\n\
                 has them in one network, and each longer one in two.",
                count(common, "bit")
            ),
        },
    );
    text + &part("so", so)
}

/// The networks into which a network is split.
pub fn split(whole: Network, prefix: u8) -> String {
    let more = prefix - whole.prefix();
    let parts = 1_u64 << more;
    let mut text = format!(
        "{whole} into {}: each is a /{prefix} with {}\n\n",
        grouped(parts),
        count(hosts(prefix), "host")
    );
    text += &row_of_split("network", "first", "last", "broadcast");
    let row = |part: Network| {
        let (address, prefix) = (part.address(), part.prefix());
        row_of_split(
            &part.to_string(),
            &dotted(first_host(address, prefix)),
            &dotted(last_host(address, prefix)),
            &broadcast(address, prefix).map_or("none".to_owned(), dotted),
        )
    };
    let listed = listed(parts.into());
    text.extend(whole.split(prefix).take(listed).map(row));
    let left = parts - listed as u64 - 1;
    if left > 0 {
        text += &format!("  ... {} more ...\n", grouped(left));
    }
    let last = highest(whole.address(), whole.prefix());
    text + &row(Network::of(last, prefix)) + "\nwhy\n" + &why_split(whole, prefix)
}

/// Why there are this many parts, where they begin, and how many hosts the split costs.
fn why_split(whole: Network, prefix: u8) -> String {
    let more = prefix - whole.prefix();
    let parts = 1_u64 << more;
    let new_bits = by_octets(prefix, |bit| match bit {
        _ if bit < whole.prefix() => 'n',
        _ if bit < prefix => 's',
        _ => 'h',
    });
    let mut text = part(
        "bits",
        &format!(
            "{} = 2^{more}: {} of the host's now name the part,\n\
             and /{} becomes /{prefix}.\n\
             {}\n\
             {new_bits}\n\
             n the network as before, s the part of it, h the host",
            grouped(parts),
            count(more, "bit"),
            whole.prefix(),
            bits(whole.address(), prefix),
        ),
    );
    text += &part(
        "step",
        &format!(
            "2^{} = {}:\nthe parts begin {} apart.",
            32 - prefix,
            count(addresses(prefix), "address"),
            grouped(addresses(prefix)),
        ),
    );
    let before = hosts(whole.prefix());
    let after = parts * hosts(prefix);
    if before > after {
        text += &part(
            "cost",
            &format!(
                "{} before, now\n\
                 {} x {} = {}: each part has\n\
                 a network's address and a broadcast of its own.",
                count(before, "host"),
                grouped(parts),
                grouped(hosts(prefix)),
                grouped(after),
            ),
        );
    }
    text
}

/// The network that two networks form together.
pub fn join(one: Network, other: Network) -> String {
    let around = one.around(other);
    let whole = one.join(other);
    let mut text = match whole {
        Some(whole) => format!("{one} and {other} are the halves of {whole}\n\n"),
        None => format!("{one} and {other} do not join into one network\n\n"),
    };
    for network in [one, other, around] {
        let bits = bits(network.address(), network.prefix());
        text += &format!("  {network:<19} {bits}\n");
    }
    text += "\nwhy\n";
    text + &match whole {
        Some(whole) => why_halves(one, other, whole),
        None => why_no_halves(one, other, around),
    }
}

/// Why two networks are the halves of `whole`.
fn why_halves(one: Network, other: Network, whole: Network) -> String {
    let bits = format!(
        "Both are a /{}, and they differ only in its last bit, which is\n\
         0 in one and 1 in the other. Without that bit they are the\n\
         same: {whole}.",
        one.prefix(),
    );
    let hosts = format!(
        "{} + {} before, now {}.",
        grouped(hosts(one.prefix())),
        grouped(hosts(other.prefix())),
        grouped(hosts(whole.prefix())),
    );
    part("bits", &bits) + &part("hosts", &hosts)
}

/// Why two networks are not halves, and what else is in the smallest network `around` both.
fn why_no_halves(one: Network, other: Network, around: Network) -> String {
    let (small, large) = if one.prefix() >= other.prefix() { (one, other) } else { (other, one) };
    let why = if one == other {
        "They are the same network, not two halves.".to_owned()
    } else if large.holds(small.address()) {
        format!("{large} holds {small} already.")
    } else if small.prefix() != large.prefix() {
        let (one, other) = (one.prefix(), other.prefix());
        format!("Halves have the same size, but these are a /{one} and a /{other}.")
    } else {
        let buddies =
            [one, other].map(|half| half.buddy().map_or(String::new(), |b| b.to_string()));
        format!(
            "Halves differ only in the last bit of the network.\n\
             {one:<18} has its other half in {}\n\
             {other:<18} has its other half in {}",
            buddies[0], buddies[1],
        )
    };
    let mut text = part("bits", &why);
    if around != large {
        let more = addresses(around.prefix()) - addresses(one.prefix()) - addresses(other.prefix());
        text += &part(
            "around",
            &format!(
                "The smallest network with both is {around}, and it has\n\
                 {} of other networks in it.",
                count(more, "address")
            ),
        );
    }
    text
}

/// Why the mask has this value.
pub fn why_mask(prefix: u8) -> String {
    let ones = format!("{}, then {}.", count(prefix, "one"), count(32 - prefix, "zero"));
    let octet = match (prefix / 8, prefix % 8) {
        (_, 0) => "Each octet is all ones, 255, or all zeros, 0.".to_owned(),
        (octet, ones) => {
            let weights: Vec<_> = (0..ones).map(|bit| (128 >> bit).to_string()).collect();
            let value = octet_of(mask(prefix), octet);
            let sum = match ones {
                1 => String::new(),
                _ => format!("{} = ", weights.join(" + ")),
            };
            format!("Its {} octet is {value:08b}:\n{sum}{value}.", ordinal(octet))
        }
    };
    part("mask", &format!("{ones}\n{octet}"))
}

/// Why the network has this address.
pub fn why_network(address: u32, prefix: u8) -> String {
    let network = network(address, prefix);
    let mut text = "address AND mask: under a 1 a bit stays, under a 0 it becomes 0.\n".to_owned();
    let octet = prefix / 8;
    if prefix.is_multiple_of(8) {
        let cut = match prefix {
            0 => "The border is before all octets: none is left.".to_owned(),
            32 => "The border is after all octets: each stays.".to_owned(),
            _ => format!(
                "The border is after the {} octet: up to there each stays,\n\
                 and what follows becomes 0.",
                ordinal(octet - 1)
            ),
        };
        text += &cut;
        return part("network", &text);
    }
    let line = |operation: &str, value: u32| {
        let value = octet_of(value, octet);
        let (left, right) = (format!("{value:08b}"), prefix % 8);
        let (left, right) = left.split_at(right.into());
        format!("    {operation:>3} {value:>3}   {left}|{right}\n")
    };
    let step = 1_u16 << (8 - prefix % 8);
    let (own, begin) = (octet_of(address, octet), octet_of(network, octet));
    let _ = write!(
        text,
        "The border cuts the {} octet:\n{}{}{}\
         In short: a /{prefix} begins at every multiple of 256 - {} = {step} there;\n\
         {begin} = {} x {step} is the last multiple up to {own}.",
        ordinal(octet),
        line("", address),
        line("AND", mask(prefix)),
        line("=", network),
        octet_of(mask(prefix), octet),
        u16::from(begin) / step,
    );
    part("network", &text)
}

/// Why the first host has this address.
pub fn why_first(address: u32, prefix: u8) -> String {
    let own = dotted(network(address, prefix));
    part(
        "first",
        &match prefix {
            31 | 32 => "the lowest address: no host bit is taken for the network.".to_owned(),
            _ => format!("network + 1, since {own} itself stands for the network."),
        },
    )
}

/// Why the last host has this address.
pub fn why_last(address: u32, prefix: u8) -> String {
    part(
        "last",
        &match broadcast(address, prefix) {
            None => "the highest address: none is taken for a broadcast.".to_owned(),
            Some(broadcast) => {
                format!("broadcast - 1, since {} belongs to no host.", dotted(broadcast))
            }
        },
    )
}

/// Why the broadcast address has this value.
pub fn why_broadcast(address: u32, prefix: u8) -> String {
    let (octet, free) = (prefix / 8, 32 - prefix);
    let text = match prefix {
        32 => "There is one address, and no other host to hear.".to_owned(),
        31 => "Two addresses are the two ends of one link: what one sends is\n\
               for the other (RFC 3021)."
            .to_owned(),
        _ => {
            let begin = format!("network OR NOT mask: the {} become 1.\n", count(free, "host bit"));
            let rest = match prefix % 8 {
                0 => match prefix {
                    0 => "Each octet becomes 255.".to_owned(),
                    24 => "The fourth octet becomes 255.".to_owned(),
                    _ => format!("From the {} octet on, each becomes 255.", ordinal(octet)),
                },
                cut => {
                    let own = octet_of(network(address, prefix), octet);
                    let added = 255_u8 >> cut;
                    let rest = match octet {
                        3 => ".",
                        _ => ",\nand what follows becomes 255.",
                    };
                    format!(
                        "In the {} octet: {own} + {added} = {}{rest}",
                        ordinal(octet),
                        own + added
                    )
                }
            };
            begin + &rest
        }
    };
    part("broadcast", &text)
}

/// Why there are this many hosts.
pub fn why_hosts(prefix: u8) -> String {
    let free = 32 - prefix;
    let all = grouped(addresses(prefix));
    let text = match prefix {
        32 => "2^0 = 1 address, and it is the host's.".to_owned(),
        31 => "2^1 = 2 addresses, and both are for hosts: a network of two\n\
               ends needs no broadcast (RFC 3021)."
            .to_owned(),
        _ => format!(
            "32 - {prefix} = {} are left: 2^{free} = {all} addresses,\n\
             less the network's own and the broadcast: {}.",
            count(free, "bit"),
            grouped(hosts(prefix)),
        ),
    };
    part("hosts", &text)
}

fn hosts_in_short(prefix: u8) -> String {
    let free = 32 - prefix;
    match prefix {
        31 | 32 => format!("2^{free}: every address is for a host"),
        _ => format!("2^{free} - 2"),
    }
}

/// The prefix that its class gave the address, compared with this one.
fn natural_prefix(address: u32, prefix: u8) -> String {
    let Some(natural) = Class::of(address).prefix() else {
        return "never had networks".to_owned();
    };
    match prefix {
        _ if prefix > natural => format!("part of a former /{natural}"),
        _ if prefix < natural => format!("several former /{natural} networks"),
        _ => format!("a former /{natural}"),
    }
}

fn row_of_split(network: &str, first: &str, last: &str, broadcast: &str) -> String {
    format!("  {network:<19} {first:<16} {last:<16} {broadcast}\n")
}

/// One octet of an address; 0 is the leftmost.
fn octet_of(address: u32, octet: u8) -> u8 {
    address.to_be_bytes()[usize::from(octet)]
}
