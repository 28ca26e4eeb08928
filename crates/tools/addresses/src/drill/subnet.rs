//! Questions about IPv4 networks.

use super::{Answer, Mistake, Numbers, Question};
use crate::subnet::{addresses, first_host, highest, hosts, last_host, mask, network};
use crate::working::{self, dotted};

const KEPT_HOST_BITS: Mistake = Mistake {
    name: "kept-host-bits",
    says: "you gave the address itself, but its host bits have to be 0",
};
const CUT_AT_OCTET: Mistake = Mistake {
    name: "cut-at-octet",
    says: "you put the border between two octets, but it is inside one",
};
const ONE_BIT_LESS: Mistake =
    Mistake { name: "one-bit-less", says: "you took one bit less for the network" };
const ONE_BIT_MORE: Mistake =
    Mistake { name: "one-bit-more", says: "you took one bit more for the network" };
const GAVE_NETWORK: Mistake = Mistake {
    name: "gave-network",
    says: "you gave the network's own address, whose host bits are all 0",
};
const GAVE_BROADCAST: Mistake = Mistake {
    name: "gave-broadcast",
    says: "you gave the broadcast address, whose host bits are all 1",
};
const GAVE_LAST: Mistake = Mistake {
    name: "gave-last",
    says: "you gave the last host, but the broadcast is the next address",
};
const INVERTED: Mistake = Mistake {
    name: "inverted",
    says: "you gave the bits of the host, but the mask has 1s for the network",
};
const NETWORK_BITS: Mistake = Mistake {
    name: "network-bits",
    says: "you counted with the bits of the network, but hosts have the others",
};
const KEPT_BOTH: Mistake =
    Mistake { name: "kept-both", says: "you counted the network's own address and the broadcast" };
const TOOK_ONE: Mistake = Mistake {
    name: "took-one",
    says: "you took off one address, but two addresses belong to no host",
};
const LIKE_A_30: Mistake = Mistake {
    name: "like-a-30",
    says: "you counted it like a /30: a /31 and a /32 have no address to take off",
};

pub(super) const MISTAKES: &[Mistake] = &[
    KEPT_HOST_BITS,
    CUT_AT_OCTET,
    ONE_BIT_LESS,
    ONE_BIT_MORE,
    GAVE_NETWORK,
    GAVE_BROADCAST,
    GAVE_LAST,
    INVERTED,
    NETWORK_BITS,
    KEPT_BOTH,
    TOOK_ONE,
    LIKE_A_30,
];

/// Draws a question. In this order it takes:
///
/// 1. below 6, the question: mask, network, first, last, broadcast, hosts;
/// 2. below 25, plus 8: the prefix; for first, last and broadcast below 23, so that the network has
///    a broadcast;
/// 3. below 223, plus 1: the first octet of the address;
/// 4. 32 bits, whose upper 24 are the rest of the address.
pub(super) fn draw(numbers: &mut Numbers) -> AboutSubnet {
    let wanted = [
        Wanted::Mask,
        Wanted::Network,
        Wanted::First,
        Wanted::Last,
        Wanted::Broadcast,
        Wanted::Hosts,
    ][numbers.below(6) as usize];
    let prefix = match wanted {
        Wanted::Mask | Wanted::Network | Wanted::Hosts => 8 + numbers.below(25),
        Wanted::First | Wanted::Last | Wanted::Broadcast => 8 + numbers.below(23),
    };
    let first = 1 + numbers.below(223);
    AboutSubnet { wanted, prefix: prefix as u8, address: first << 24 | numbers.draw() >> 8 }
}

#[derive(Debug)]
pub(super) struct AboutSubnet {
    wanted: Wanted,
    address: u32,
    prefix: u8,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Wanted {
    Mask,
    Network,
    First,
    Last,
    Broadcast,
    Hosts,
}

impl Question for AboutSubnet {
    fn text(&self) -> String {
        let network = format!("{}/{}", dotted(self.address), self.prefix);
        match self.wanted {
            Wanted::Mask => format!("What is the mask of /{}?", self.prefix),
            Wanted::Network => format!("What is the network address of {network}?"),
            Wanted::First => format!("What is the first host in the network of {network}?"),
            Wanted::Last => format!("What is the last host in the network of {network}?"),
            Wanted::Broadcast => format!("What is the broadcast address of {network}?"),
            Wanted::Hosts => format!("How many hosts can a /{} have?", self.prefix),
        }
    }

    fn right(&self) -> Answer {
        self.with_prefix(self.prefix)
    }

    fn slips(&self) -> Vec<(Mistake, Answer)> {
        let (address, prefix) = (self.address, self.prefix);
        let network = Answer::Address(network(address, prefix));
        let broadcast = Answer::Address(highest(address, prefix));
        let mut slips = self.other_borders();
        slips.extend(match self.wanted {
            Wanted::Mask => vec![(INVERTED, Answer::Address(!mask(prefix)))],
            Wanted::Network => {
                vec![(KEPT_HOST_BITS, Answer::Address(address)), (GAVE_BROADCAST, broadcast)]
            }
            Wanted::First => {
                vec![(KEPT_HOST_BITS, Answer::Address(address)), (GAVE_NETWORK, network)]
            }
            Wanted::Last => vec![(GAVE_BROADCAST, broadcast), (GAVE_NETWORK, network)],
            Wanted::Broadcast => vec![
                (GAVE_NETWORK, network),
                (GAVE_LAST, Answer::Address(last_host(address, prefix))),
            ],
            Wanted::Hosts => self.other_counts(),
        });
        slips
    }

    fn working(&self) -> String {
        let (address, prefix) = (self.address, self.prefix);
        let why = match self.wanted {
            Wanted::Mask => working::why_mask(prefix),
            Wanted::Network => working::why_network(address, prefix),
            Wanted::First => {
                working::why_network(address, prefix) + &working::why_first(address, prefix)
            }
            Wanted::Last => {
                working::why_network(address, prefix)
                    + &working::why_broadcast(address, prefix)
                    + &working::why_last(address, prefix)
            }
            Wanted::Broadcast => {
                working::why_network(address, prefix) + &working::why_broadcast(address, prefix)
            }
            Wanted::Hosts => return working::why_hosts(prefix),
        };
        let row = |name, value| working::row(name, value, prefix);
        let bits = match self.wanted {
            Wanted::Mask => row("mask", mask(prefix)),
            _ => row("address", address) + &row("mask", mask(prefix)),
        };
        format!("{}{bits}{why}", working::letters_above(prefix))
    }
}

impl AboutSubnet {
    /// The right answer for another prefix.
    fn with_prefix(&self, prefix: u8) -> Answer {
        match self.wanted {
            Wanted::Mask => Answer::Address(mask(prefix)),
            Wanted::Network => Answer::Address(network(self.address, prefix)),
            Wanted::First => Answer::Address(first_host(self.address, prefix)),
            Wanted::Last => Answer::Address(last_host(self.address, prefix)),
            Wanted::Broadcast => Answer::Address(highest(self.address, prefix)),
            Wanted::Hosts => Answer::Number(hosts(prefix).into()),
        }
    }

    /// The answers for a border in another place.
    fn other_borders(&self) -> Vec<(Mistake, Answer)> {
        let octet = self.prefix / 8 * 8;
        let mut slips = vec![(CUT_AT_OCTET, self.with_prefix(octet))];
        // If one bit less is the end of an octet, that is the likelier mistake.
        if self.prefix - 1 != octet {
            slips.push((ONE_BIT_LESS, self.with_prefix(self.prefix - 1)));
        }
        // From /31 on, a network has other rules; confusing them is a separate mistake.
        if self.prefix < 30 {
            slips.push((ONE_BIT_MORE, self.with_prefix(self.prefix + 1)));
        }
        slips
    }

    fn other_counts(&self) -> Vec<(Mistake, Answer)> {
        let number = |number: u64| Answer::Number(number.into());
        let all = addresses(self.prefix);
        let by_network_bits = number((1 << self.prefix) - 2);
        let mut slips = vec![(NETWORK_BITS, by_network_bits)];
        if self.prefix >= 31 {
            slips.push((LIKE_A_30, number(all.saturating_sub(2))));
        } else {
            slips.extend([(KEPT_BOTH, number(all)), (TOOK_ONE, number(all - 1))]);
        }
        slips
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drill::{Verdict, judge};
    use crate::read;

    #[track_caller]
    fn check(wanted: Wanted, network: &str, answer: &str, mistake: Mistake) {
        let Ok((read::Address::V4(address), prefix)) = read::address_and_prefix(network) else {
            panic!("{network}");
        };
        let question = AboutSubnet { wanted, address, prefix };
        let answer = question.right().read_alike(answer).unwrap();
        assert_eq!(judge(&question, &answer), Verdict::Wrong(Some(mistake)));
    }

    #[test]
    fn each_mistake_is_known_by_its_answer() {
        const NETWORK: &str = "192.168.77.150/21";
        check(Wanted::Mask, NETWORK, "0.0.7.255", INVERTED);
        check(Wanted::Mask, NETWORK, "255.255.0.0", CUT_AT_OCTET);
        check(Wanted::Mask, NETWORK, "255.255.240.0", ONE_BIT_LESS);
        check(Wanted::Mask, NETWORK, "255.255.252.0", ONE_BIT_MORE);
        check(Wanted::Network, NETWORK, "192.168.77.150", KEPT_HOST_BITS);
        check(Wanted::Network, NETWORK, "192.168.79.255", GAVE_BROADCAST);
        check(Wanted::Network, NETWORK, "192.168.0.0", CUT_AT_OCTET);
        check(Wanted::Network, NETWORK, "192.168.64.0", ONE_BIT_LESS);
        check(Wanted::Network, NETWORK, "192.168.76.0", ONE_BIT_MORE);
        check(Wanted::First, NETWORK, "192.168.72.0", GAVE_NETWORK);
        check(Wanted::First, NETWORK, "192.168.76.1", ONE_BIT_MORE);
        check(Wanted::Last, NETWORK, "192.168.79.255", GAVE_BROADCAST);
        check(Wanted::Last, NETWORK, "192.168.255.254", CUT_AT_OCTET);
        check(Wanted::Broadcast, NETWORK, "192.168.79.254", GAVE_LAST);
        check(Wanted::Broadcast, NETWORK, "192.168.72.0", GAVE_NETWORK);
        check(Wanted::Broadcast, NETWORK, "192.168.255.255", CUT_AT_OCTET);
        check(Wanted::Hosts, NETWORK, "2048", KEPT_BOTH);
        check(Wanted::Hosts, NETWORK, "2047", TOOK_ONE);
        check(Wanted::Hosts, NETWORK, "2097150", NETWORK_BITS);
        check(Wanted::Hosts, NETWORK, "4094", ONE_BIT_LESS);
        check(Wanted::Hosts, NETWORK, "1022", ONE_BIT_MORE);
        check(Wanted::Hosts, "10.0.0.0/31", "0", LIKE_A_30);
        check(Wanted::Hosts, "10.0.0.0/32", "0", LIKE_A_30);
    }
}
