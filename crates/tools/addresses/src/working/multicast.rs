use std::net::Ipv6Addr;

use super::{by_octets, digit, dotted, part};
use crate::multicast::{self, Mac, groups_of_mac, lost_bits};

/// The MAC address of an IPv4 group, and which bits of the group it contains.
pub fn mac_of_group(group: u32) -> Option<String> {
    let mac = multicast::mac_of_group(group)?;
    let Mac([a, b, c, d, e, f]) = mac;
    let dotted_group = dotted(group);
    // The group is aligned with the last four bytes of the MAC, so equal bits are in the same
    // column.
    let bits = |bytes: u32| by_octets(9, |bit| digit(bytes, bit));
    let marks = by_octets(9, |bit| match bit {
        0..4 => '=',
        4..9 => '-',
        _ => 'k',
    });
    let pairs = mac.0.map(|byte| format!("{byte:02x}"));
    let mut text = format!("{dotted_group} -> {mac}\n\n");
    text += &format!("{:26}{marks}\n", "");
    text += &format!("  group {:18}{}\n", "", bits(group));
    let lower = u32::from_be_bytes([c, d, e, f]);
    text += &format!("  MAC   {a:08b} {b:08b} {}\n", bits(lower));
    text += &format!(
        "        {}        {}\n\n",
        pairs[..4].join("       "),
        pairs[4..].join("       ")
    );
    text += "  = as in every group: 1110     - lost     k kept: the lower 23 bits\n\nwhy\n";
    let [_, second, third, fourth] = group.to_be_bytes();
    text += &part(
        "block",
        "Ethernet's block for groups is 01:00:5e and then a 0 bit: 25 of 48\n\
         bits are given, and 23 are left (RFC 1112, section 6.4).",
    );
    let cleared = second & 0x7f;
    text += &part(
        "kept",
        &format!(
            "The group's lower 23 bits: {second} without its first bit is {cleared},\n\
             and {cleared}, {third}, {fourth} in hexadecimal are {cleared:02x}, {third:02x}, {fourth:02x}."
        ),
    );
    text += &part(
        "lost",
        &format!(
            "32 bits without 1110 are 28: 28 - 23 = 5 are lost, here {:05b}.\n\
             So 2^5 = 32 groups share this MAC, and a host that hears one\n\
             looks into the packet for the group itself:\n{}",
            lost_bits(group),
            others(group, mac).join("\n"),
        ),
    );
    Some(text)
}

/// The MAC address of an IPv6 group.
pub fn mac_of_ipv6_group(group: u128) -> Option<String> {
    let mac = multicast::mac_of_ipv6_group(group)?;
    let address = std::net::Ipv6Addr::from_bits(group);
    let groups = address.segments().map(|group| format!("{group:04x}"));
    let (lost, kept) = groups.split_at(6);
    let [a, b, rest @ ..] = mac.0.map(|byte| format!("{byte:02x}"));
    let rest = [rest[..2].concat(), rest[2..].concat()].join(":");
    let mut text = format!(
        "{address} -> {mac}\n\n  \
         {:6}{}|{}\n  group {}|{}\n  MAC   {:>29}|{rest}\n\n  \
         = every group's ff     - lost     k kept: the lower 32 bits\n\nwhy\n",
        "",
        "==--:----:----:----:----:----",
        "kkkk:kkkk",
        lost.join(":"),
        kept.join(":"),
        format!("{a}:{b}"),
    );
    text += &part(
        "block",
        "Ethernet's block for IPv6 groups is 33:33, 16 of 48 bits, so 32 are\n\
         left (RFC 2464, section 7).",
    );
    text += &part(
        "lost",
        "128 bits without ff are 120, of which 120 - 32 = 88 are lost. So\n\
         2^88 groups share a MAC, but few of them are in use: the 32\n\
         bits are the group's identifier (RFC 3307).",
    );
    Some(text)
}

/// The groups whose frames are sent to a MAC address.
pub fn groups(mac: Mac) -> Option<String> {
    if let Some(end) = multicast::end_of_ipv6_groups(mac) {
        let (high, low) = (end >> 16, end & 0xffff);
        let (group, members) = member_of(end);
        return Some(format!(
            "{mac} carries the IPv6 groups that end in {high:04x}:{low:04x}\n\n  \
             group ff__:____:____:____:____:____|{high:04x}:{low:04x}\n\n  \
             such as {}, {members}\n\nwhy\n{}",
            Ipv6Addr::from_bits(group),
            why_ipv6_groups(end),
        ));
    }
    let groups = groups_of_mac(mac)?;
    let mut text = format!("{mac} carries 32 groups\n\n  lost bits  ...0              ...1\n");
    for (at, pair) in groups.chunks(2).enumerate() {
        let [zero, one] = [pair[0], pair[1]].map(dotted);
        text += &format!("  {at:04b}_      {zero:<16}  {one}\n");
    }
    text += "\nwhy\n";
    text += &part(
        "bits",
        "A group begins with 1110. Then come 5 bits that the MAC does not\n\
         have, and then its lower 23. Each value of the 5 is another group:\n\
         four of them end the first octet, and the fifth leads the second,\n\
         which it makes 128 greater.",
    );
    Some(text)
}

/// The first of the last 32 bits of every solicited-node group, ff02::1:ff00:0/104: a byte.
const SOLICITED: u32 = 0xff;

/// A group with these last 32 bits that is in use, and who is in it.
fn member_of(end: u32) -> (u128, String) {
    let own = 0xff02 << 112 | u128::from(end);
    match end >> 24 {
        SOLICITED => {
            let (high, low) = (end >> 16 & 0xff, end & 0xffff);
            (own | 1 << 32, format!("the hosts whose address ends in {high:02x}:{low:04x}"))
        }
        _ => (own, "among the hosts of the link".to_owned()),
    }
}

fn why_ipv6_groups(end: u32) -> String {
    let text = part(
        "bits",
        "33:33 is followed by the lower 32 bits of the group (RFC 2464).\n\
         The 88 others behind ff are lost, so 2^88 groups share a MAC.",
    );
    if end >> 24 != SOLICITED {
        return text;
    }
    text + &part(
        "neighbors",
        "ff02::1:ff and the last 24 bits of an address: its solicited-node\n\
         group (RFC 4291, section 2.7.1). A host that wants the MAC of a\n\
         neighbor asks this group: few others have to listen.",
    )
}

/// Some groups with the same MAC. The first one differs only in the last of the lost bits.
fn others(group: u32, mac: Mac) -> Vec<String> {
    let groups = groups_of_mac(mac).unwrap_or_default();
    let near = group ^ 1 << 23;
    let far = groups.into_iter().rev().find(|other| *other != group && *other != near);
    let differs = |other: u32| {
        let signs: String = (4..9).map(|bit| digit(other, bit)).collect();
        format!("{:<16} lost bits {signs}", dotted(other))
    };
    [Some(near), far].into_iter().flatten().map(differs).collect()
}
