//! From a multicast group to the MAC address of its frames, and back to the groups.

use std::fmt;

/// An Ethernet address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mac(pub [u8; 6]);

// ANCHOR: mac_of_group
/// The MAC address of an IPv4 group: 01:00:5e, a 0 bit, and the group's lower 23 bits (RFC 1112,
/// section 6.4). `None` if the address is not a group's.
pub fn mac_of_group(group: u32) -> Option<Mac> {
    let [first, second, third, fourth] = group.to_be_bytes();
    (first >> 4 == 0b1110).then_some(Mac([0x01, 0x00, 0x5e, second & 0x7f, third, fourth]))
}
// ANCHOR_END: mac_of_group

// ANCHOR: mac_of_ipv6_group
/// The MAC address of an IPv6 group: 33:33 and the group's lower 32 bits (RFC 2464, section 7).
/// `None` if the address is not a group's.
pub fn mac_of_ipv6_group(group: u128) -> Option<Mac> {
    let [.., a, b, c, d] = group.to_be_bytes();
    (group >> 120 == 0xff).then_some(Mac([0x33, 0x33, a, b, c, d]))
}
// ANCHOR_END: mac_of_ipv6_group

// ANCHOR: groups_of_mac
/// The 32 IPv4 groups of a MAC address, in ascending order: one for each value of the 5 lost bits.
/// `None` if it carries no IPv4 group.
pub fn groups_of_mac(mac: Mac) -> Option<[u32; 32]> {
    let Mac([0x01, 0x00, 0x5e, high @ 0..=0x7f, middle, low]) = mac else {
        return None;
    };
    let kept = u32::from_be_bytes([0, high, middle, low]);
    // The lost bits are between the 1110 of every group and the 23 bits that are kept.
    Some(std::array::from_fn(|lost| 0b1110 << 28 | (lost as u32) << 23 | kept))
}
// ANCHOR_END: groups_of_mac

/// The last 32 bits of all IPv6 groups of a MAC address. `None` if it carries no group.
pub fn end_of_ipv6_groups(mac: Mac) -> Option<u32> {
    let Mac([0x33, 0x33, end @ ..]) = mac else {
        return None;
    };
    Some(u32::from_be_bytes(end))
}

/// The 5 bits of an IPv4 group that its MAC address does not contain.
pub fn lost_bits(group: u32) -> u8 {
    (group >> 23 & 0b11111) as u8
}

/// Like 01:00:5e:4a:14:1e.
impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pairs = self.0.map(|byte| format!("{byte:02x}"));
        f.pad(&pairs.join(":"))
    }
}
