//! Multicast to MAC.

use addresses::multicast::{Mac, mac_of_ipv6_group};

// ANCHOR: share_mac
/// Whether the frames of two IPv4 groups have the same MAC address.
pub fn share_mac(one: u32, other: u32) -> bool {
    // XOR leaves a 1 wherever they differ: none of the lower 23 bits may differ.
    (one ^ other) & 0x007f_ffff == 0
}
// ANCHOR_END: share_mac

// ANCHOR: solicited_node
/// The MAC address to which a host sends its question for the owner of this IPv6 address: that of
/// the group ff02::1:ffXX:XXXX, which ends in the lower 24 bits of the address (RFC 4291).
pub fn solicited_node(address: u128) -> Mac {
    let group = 0xff02_0000_0000_0000_0000_0001_ff00_0000 | address & 0xff_ffff;
    mac_of_ipv6_group(group).expect("it begins with ff")
}
// ANCHOR_END: solicited_node

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use addresses::multicast::{groups_of_mac, mac_of_group};

    use super::*;

    #[test]
    fn exactly_the_32_groups_of_a_mac_share_it() {
        let group = Ipv4Addr::new(224, 202, 20, 30).to_bits();
        let mac = mac_of_group(group).unwrap();
        assert!(groups_of_mac(mac).unwrap().iter().all(|other| share_mac(group, *other)));
        for bit in 0..28 {
            let other = group ^ 1 << bit;
            let same = mac_of_group(other).unwrap() == mac;
            assert_eq!(share_mac(group, other), same, "{}", Ipv4Addr::from_bits(other));
        }
    }

    #[test]
    fn addresses_with_the_same_end_share_a_group() {
        let check = |text: &str, mac: &str| {
            let address: Ipv6Addr = text.parse().unwrap();
            assert_eq!(solicited_node(address.to_bits()).to_string(), mac);
        };
        check("fe80::2", "33:33:ff:00:00:02");
        check("2001:db8::12:3456", "33:33:ff:12:34:56");
        check("2001:db8::ab12:3456", "33:33:ff:12:34:56");
    }
}
