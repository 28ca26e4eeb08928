//! Questions about IPv6 networks, between the /48 of a site and the /64 of a link.

use std::net::Ipv6Addr;

use super::{Answer, Mistake, Numbers, Question};
use crate::ipv6::{highest, lowest, mask};
use crate::working;

const KEPT_HOST_BITS: Mistake = Mistake {
    name: "kept-host-bits",
    says: "you gave the address itself, but its host bits have to be 0",
};
const CUT_AT_GROUP: Mistake = Mistake {
    name: "cut-at-group",
    says: "you put the border between two groups, but it is inside one",
};
const CUT_AT_DIGIT: Mistake = Mistake {
    name: "cut-at-digit",
    says: "you put the border between two digits, but it is inside one",
};
const ONE_BIT_LESS: Mistake =
    Mistake { name: "one-bit-less", says: "you took one bit less for the network" };
const ONE_BIT_MORE: Mistake =
    Mistake { name: "one-bit-more", says: "you took one bit more for the network" };
const GAVE_FIRST: Mistake =
    Mistake { name: "gave-first", says: "you gave the first address, whose host bits are all 0" };
const LEFT_ONE_OUT: Mistake = Mistake {
    name: "left-one-out",
    says: "you left the last address out, but IPv6 has no broadcast",
};
const TOOK_TWO: Mistake =
    Mistake { name: "took-two", says: "you took two away, but no link is lost" };
const BITS_BEFORE: Mistake = Mistake {
    name: "bits-before",
    says: "you counted with the bits before the border, but those behind it are free",
};
const DECIMAL_AS_HEX: Mistake = Mistake {
    name: "decimal-as-hex",
    says: "you wrote the number in decimal, but a group is hexadecimal",
};
const COUNTED_FROM_1: Mistake =
    Mistake { name: "counted-from-1", says: "you counted from 1, but the first link is number 0" };
const NEXT_GROUP: Mistake = Mistake {
    name: "next-group",
    says: "you put the number behind the /64, but it is in the fourth group",
};

pub(super) const MISTAKES: &[Mistake] = &[
    KEPT_HOST_BITS,
    CUT_AT_GROUP,
    CUT_AT_DIGIT,
    ONE_BIT_LESS,
    ONE_BIT_MORE,
    GAVE_FIRST,
    LEFT_ONE_OUT,
    TOOK_TWO,
    BITS_BEFORE,
    DECIMAL_AS_HEX,
    COUNTED_FROM_1,
    NEXT_GROUP,
];

/// The prefix of 2001:db8::/32, the block for documentation (RFC 3849).
const DOCUMENTATION: u128 = 0x2001_0db8 << 96;

/// Draws a question. In this order it takes:
///
/// 1. below 4, the question: network, last address, number of links, the link of a number;
/// 2. the prefix: for network and last address below 15, plus 49; for the number of links below 15,
///    plus 48; for the link of a number below 3, times 4, plus 48;
/// 3. 32 bits: the third and the fourth group of the address;
/// 4. for the link of a number: below 9,990 in a /48, 990 in a /52, 90 in a /56, plus 10, the
///    number; for the others below 65,535, plus 1, the last group of the address.
pub(super) fn draw(numbers: &mut Numbers) -> AboutIpv6 {
    let wanted =
        [Wanted::Network, Wanted::Last, Wanted::Links, Wanted::Link][numbers.below(4) as usize];
    let step = match wanted {
        Wanted::Network | Wanted::Last => 1 + numbers.below(15),
        Wanted::Links => numbers.below(15),
        Wanted::Link => 4 * numbers.below(3),
    };
    let site = DOCUMENTATION | u128::from(numbers.draw()) << 64;
    let number = match (wanted, step) {
        (Wanted::Link, 0) => 10 + numbers.below(9990),
        (Wanted::Link, 4) => 10 + numbers.below(990),
        (Wanted::Link, _) => 10 + numbers.below(90),
        _ => 1 + numbers.below(65_535),
    };
    AboutIpv6 { wanted, prefix: 48 + step as u8, site, number }
}

#[derive(Debug)]
pub(super) struct AboutIpv6 {
    wanted: Wanted,
    prefix: u8,
    /// The first 64 bits; the others are 0.
    site: u128,
    /// The number of a link, or the last group of an address.
    number: u32,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Wanted {
    Network,
    Last,
    Links,
    Link,
}

impl Question for AboutIpv6 {
    fn text(&self) -> String {
        let AboutIpv6 { prefix, number, .. } = self;
        match self.wanted {
            Wanted::Network => {
                format!("What is the network of {}/{prefix}?", shown(self.address()))
            }
            Wanted::Last => {
                format!("Which address is the last in {}/{prefix}?", shown(self.address()))
            }
            Wanted::Links => format!("How many /64 networks are in a /{prefix}?"),
            Wanted::Link => {
                let whole = shown(lowest(self.site, *prefix));
                format!("Which /64 of {whole}/{prefix} is number {number}, from 0 on?")
            }
        }
    }

    fn right(&self) -> Answer {
        self.with_prefix(self.prefix)
    }

    fn slips(&self) -> Vec<(Mistake, Answer)> {
        let answer = |address| Answer::Ipv6(address);
        match self.wanted {
            Wanted::Network => {
                [self.other_borders(), vec![(KEPT_HOST_BITS, answer(self.address()))]].concat()
            }
            Wanted::Last => {
                let last = highest(self.site, self.prefix);
                let own = vec![
                    (GAVE_FIRST, answer(lowest(self.site, self.prefix))),
                    (LEFT_ONE_OUT, answer(last - 1)),
                ];
                [self.other_borders(), own].concat()
            }
            Wanted::Links => {
                let links = 1 << (64 - self.prefix);
                vec![
                    (ONE_BIT_LESS, Answer::Number(links * 2)),
                    (ONE_BIT_MORE, Answer::Number(links / 2)),
                    (TOOK_TWO, Answer::Number(links - 2)),
                    (BITS_BEFORE, Answer::Number(1 << self.prefix)),
                ]
            }
            Wanted::Link => {
                let decimal = u32::from_str_radix(&self.number.to_string(), 16);
                let decimal = decimal.expect("a decimal number is also a hexadecimal one");
                let next_group = lowest(self.site, self.prefix) | u128::from(self.number) << 48;
                vec![
                    (DECIMAL_AS_HEX, answer(self.link(decimal))),
                    (COUNTED_FROM_1, answer(self.link(self.number - 1))),
                    (NEXT_GROUP, answer(next_group)),
                ]
            }
        }
    }

    fn working(&self) -> String {
        let (site, prefix) = (self.site, self.prefix);
        let left = 64 - prefix;
        let row = |name, address| working::row_ipv6(name, address, prefix);
        let letters = working::letters_above_ipv6(prefix);
        match self.wanted {
            Wanted::Network => {
                letters
                    + &row("address", self.address())
                    + &row("mask", mask(prefix))
                    + &row("network", lowest(site, prefix))
                    + &working::why_network_ipv6(self.address(), prefix)
            }
            Wanted::Last => {
                letters
                    + &row("address", self.address())
                    + &row("last", highest(site, prefix))
                    + &working::why_network_ipv6(self.address(), prefix)
                    + &working::part(
                        "last",
                        "All bits behind the border are 1. IPv6 has no broadcast, so this\n\
                         address is like any other.",
                    )
            }
            Wanted::Links => working::part(
                "links",
                &format!(
                    "A /{prefix} leaves 64 - {prefix} = {left} bits for the number of a link:\n\
                     2^{left} = {}. Each of them can be used.",
                    1_u64 << left
                ),
            ),
            Wanted::Link => {
                letters
                    + &row("network", lowest(site, prefix))
                    + &row("link", self.link(self.number))
                    + &working::part(
                        "link",
                        &format!(
                            "{} is {:x} in hexadecimal, and goes into the {left} bits between\n\
                             /{prefix} and /64: at the end of the fourth group.",
                            self.number, self.number
                        ),
                    )
            }
        }
    }
}

impl AboutIpv6 {
    /// The address of a host.
    fn address(&self) -> u128 {
        self.site | u128::from(self.number)
    }

    /// The link with this number.
    fn link(&self, number: u32) -> u128 {
        lowest(self.site, self.prefix) | u128::from(number) << 64
    }

    /// The right answer for another prefix.
    fn with_prefix(&self, prefix: u8) -> Answer {
        match self.wanted {
            Wanted::Network => Answer::Ipv6(lowest(self.site, prefix)),
            Wanted::Last => Answer::Ipv6(highest(self.site, prefix)),
            Wanted::Links => Answer::Number(1 << (64 - prefix)),
            Wanted::Link => Answer::Ipv6(self.link(self.number)),
        }
    }

    /// The answers for a border in another place.
    fn other_borders(&self) -> Vec<(Mistake, Answer)> {
        let (group, digit) = (48, self.prefix / 4 * 4);
        let mut slips = vec![(CUT_AT_GROUP, self.with_prefix(group))];
        if digit != group && digit != self.prefix {
            slips.push((CUT_AT_DIGIT, self.with_prefix(digit)));
        }
        // If one bit less is the end of a digit, that is the likelier mistake.
        if self.prefix - 1 != digit && self.prefix - 1 != group {
            slips.push((ONE_BIT_LESS, self.with_prefix(self.prefix - 1)));
        }
        slips.push((ONE_BIT_MORE, self.with_prefix(self.prefix + 1)));
        slips
    }
}

fn shown(address: u128) -> String {
    Ipv6Addr::from_bits(address).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drill::{Verdict, judge};
    use crate::read;

    #[track_caller]
    fn check(wanted: Wanted, network: &str, number: u32, answer: &str, mistake: Mistake) {
        let Ok((read::Address::V6(site), prefix)) = read::address_and_prefix(network) else {
            panic!("{network}");
        };
        let question = AboutIpv6 { wanted, prefix, site, number };
        let answer = question.right().read_alike(answer).unwrap();
        assert_eq!(judge(&question, &answer), Verdict::Wrong(Some(mistake)));
    }

    #[test]
    fn each_mistake_is_known_by_its_answer() {
        const SITE: &str = "2001:db8:77:abff::/55";
        check(Wanted::Network, SITE, 0x99, "2001:db8:77:abff::99", KEPT_HOST_BITS);
        check(Wanted::Network, SITE, 0x99, "2001:db8:77::", CUT_AT_GROUP);
        check(Wanted::Network, SITE, 0x99, "2001:db8:77:a000::", CUT_AT_DIGIT);
        check(Wanted::Network, SITE, 0x99, "2001:db8:77:a800::", ONE_BIT_LESS);
        check(Wanted::Network, SITE, 0x99, "2001:db8:77:ab00::", ONE_BIT_MORE);
        let last = |group: &str| format!("2001:db8:77:{group}:ffff:ffff:ffff:ffff");
        check(Wanted::Last, SITE, 1, &last("afff"), CUT_AT_DIGIT);
        check(Wanted::Last, SITE, 1, "2001:db8:77:aa00::", GAVE_FIRST);
        let but_one = "2001:db8:77:abff:ffff:ffff:ffff:fffe";
        check(Wanted::Last, SITE, 1, but_one, LEFT_ONE_OUT);
        check(Wanted::Links, "2001:db8::/56", 0, "512", ONE_BIT_LESS);
        check(Wanted::Links, "2001:db8::/56", 0, "128", ONE_BIT_MORE);
        check(Wanted::Links, "2001:db8::/56", 0, "254", TOOK_TWO);
        check(Wanted::Links, "2001:db8::/56", 0, "72057594037927936", BITS_BEFORE);
        check(Wanted::Link, "2001:db8:77::/48", 300, "2001:db8:77:300::", DECIMAL_AS_HEX);
        check(Wanted::Link, "2001:db8:77::/48", 300, "2001:db8:77:12b::", COUNTED_FROM_1);
        check(Wanted::Link, "2001:db8:77::/48", 300, "2001:db8:77:0:12c::", NEXT_GROUP);
    }
}
