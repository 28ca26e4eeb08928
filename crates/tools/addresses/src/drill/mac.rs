//! Questions about the MAC addresses of multicast groups.

use std::net::Ipv6Addr;

use super::{Answer, Mistake, Numbers, Question};
use crate::multicast::{Mac, mac_of_group, mac_of_ipv6_group};
use crate::working::{self, dotted};

const KEPT_24TH_BIT: Mistake = Mistake {
    name: "kept-24th-bit",
    says: "you kept the 24th bit, but only the lower 23 bits are copied",
};
const LOST_ANOTHER_BIT: Mistake = Mistake {
    name: "lost-another-bit",
    says: "you dropped two bits of the second octet, but only the first is dropped",
};
const DECIMAL_AS_HEX: Mistake = Mistake {
    name: "decimal-as-hex",
    says: "you wrote the octets in decimal, but a MAC address is hexadecimal",
};
const NO_GROUP_BIT: Mistake = Mistake {
    name: "no-group-bit",
    says: "you left out the bit that makes it a group: the first byte is 01",
};
const RULE_OF_IPV6: Mistake =
    Mistake { name: "rule-of-ipv6", says: "you used the rule of IPv6: 33:33 and 32 bits" };
const RULE_OF_IPV4: Mistake =
    Mistake { name: "rule-of-ipv4", says: "you used the rule of IPv4: 01:00:5e and 23 bits" };
const FIRST_BITS: Mistake = Mistake {
    name: "first-bits",
    says: "you took the first 32 bits of the group, but the last 32 are kept",
};
const ONLY_24_BITS: Mistake = Mistake {
    name: "only-24-bits",
    says: "you kept 24 bits after ff, as in a solicited-node group; 32 are kept",
};

pub(super) const MISTAKES: &[Mistake] = &[
    KEPT_24TH_BIT,
    LOST_ANOTHER_BIT,
    DECIMAL_AS_HEX,
    NO_GROUP_BIT,
    RULE_OF_IPV6,
    RULE_OF_IPV4,
    FIRST_BITS,
    ONLY_24_BITS,
];

/// Draws a question. In this order it takes:
///
/// 1. below 4: 0 means IPv6, the others mean IPv4;
/// 2. for IPv4: below 16, plus 224, the first octet; then 32 bits, whose upper 24 are the rest;
/// 3. for IPv6: below 4, the scope in ff0_: 1, 2, 5, 14; then 32 bits, which are the end of the
///    group.
pub(super) fn draw(numbers: &mut Numbers) -> AboutMac {
    if numbers.below(4) == 0 {
        let scope = [0x1, 0x2, 0x5, 0xe][numbers.below(4) as usize];
        let end = numbers.draw();
        AboutMac::Ipv6((0xff00 | scope) << 112 | u128::from(end))
    } else {
        let first = 224 + numbers.below(16);
        AboutMac::Ipv4(first << 24 | numbers.draw() >> 8)
    }
}

#[derive(Debug)]
pub(super) enum AboutMac {
    /// A question about this IPv4 group.
    Ipv4(u32),
    /// A question about this IPv6 group.
    Ipv6(u128),
}

impl Question for AboutMac {
    fn text(&self) -> String {
        let group = match self {
            AboutMac::Ipv4(group) => dotted(*group),
            AboutMac::Ipv6(group) => Ipv6Addr::from_bits(*group).to_string(),
        };
        format!("What is the MAC address for packets to the group {group}?")
    }

    fn right(&self) -> Answer {
        let mac = match self {
            AboutMac::Ipv4(group) => mac_of_group(*group),
            AboutMac::Ipv6(group) => mac_of_ipv6_group(*group),
        };
        Answer::Mac(mac.expect("only groups are drawn"))
    }

    fn slips(&self) -> Vec<(Mistake, Answer)> {
        let slips = match self {
            AboutMac::Ipv4(group) => ipv4_slips(*group),
            AboutMac::Ipv6(group) => ipv6_slips(*group),
        };
        let answer = |(mistake, mac)| (mistake, Answer::Mac(Mac(mac)));
        slips.into_iter().map(answer).collect()
    }

    fn working(&self) -> String {
        let text = match self {
            AboutMac::Ipv4(group) => working::mac_of_group(*group),
            AboutMac::Ipv6(group) => working::mac_of_ipv6_group(*group),
        };
        text.expect("only groups are drawn")
    }
}

fn ipv4_slips(group: u32) -> Vec<(Mistake, [u8; 6])> {
    let [first, second, third, fourth] = group.to_be_bytes();
    let kept = second & 0x7f;
    let mut slips = vec![
        (KEPT_24TH_BIT, [0x01, 0x00, 0x5e, second, third, fourth]),
        (LOST_ANOTHER_BIT, [0x01, 0x00, 0x5e, second & 0x3f, third, fourth]),
        (NO_GROUP_BIT, [0x00, 0x00, 0x5e, kept, third, fourth]),
        (RULE_OF_IPV6, [0x33, 0x33, first, second, third, fourth]),
    ];
    if kept < 100 && third < 100 && fourth < 100 {
        let [kept, third, fourth] = [kept, third, fourth].map(|byte| 16 * (byte / 10) + byte % 10);
        slips.push((DECIMAL_AS_HEX, [0x01, 0x00, 0x5e, kept, third, fourth]));
    }
    slips
}

fn ipv6_slips(group: u128) -> Vec<(Mistake, [u8; 6])> {
    let [a, b, c, d, .., x, y, z] = group.to_be_bytes();
    vec![
        (FIRST_BITS, [0x33, 0x33, a, b, c, d]),
        (ONLY_24_BITS, [0x33, 0x33, 0xff, x, y, z]),
        (RULE_OF_IPV4, [0x01, 0x00, 0x5e, x & 0x7f, y, z]),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drill::{Verdict, judge};
    use crate::read;

    #[track_caller]
    fn check(group: &str, answer: &str, mistake: Mistake) {
        let question = match read::address(group).unwrap() {
            read::Address::V4(group) => AboutMac::Ipv4(group),
            read::Address::V6(group) => AboutMac::Ipv6(group),
        };
        let answer = question.right().read_alike(answer).unwrap();
        assert_eq!(judge(&question, &answer), Verdict::Wrong(Some(mistake)));
    }

    #[test]
    fn each_mistake_is_known_by_its_answer() {
        check("224.202.20.30", "01:00:5e:ca:14:1e", KEPT_24TH_BIT);
        check("224.202.20.30", "01:00:5e:0a:14:1e", LOST_ANOTHER_BIT);
        check("224.202.20.30", "01:00:5e:74:20:30", DECIMAL_AS_HEX);
        check("224.202.20.30", "00:00:5e:4a:14:1e", NO_GROUP_BIT);
        check("224.202.20.30", "33:33:e0:ca:14:1e", RULE_OF_IPV6);
        check("ff02::1:fa16:9e5e", "01:00:5e:16:9e:5e", RULE_OF_IPV4);
        check("ff02::1:fa16:9e5e", "33:33:ff:02:00:00", FIRST_BITS);
        check("ff02::1:fa16:9e5e", "33:33:ff:16:9e:5e", ONLY_24_BITS);
    }
}
