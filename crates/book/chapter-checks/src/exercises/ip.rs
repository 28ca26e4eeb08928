//! IPv4 and IPv6 addresses.

use addresses::subnet::Network;

// ANCHOR: route
/// The route by which a router sends a packet: among the routes whose networks contain the address,
/// the one with the longest prefix.
pub fn route<'a>(table: &[(Network, &'a str)], address: u32) -> Option<&'a str> {
    let holding = table.iter().filter(|(network, _)| network.holds(address));
    let longest = holding.max_by_key(|(network, _)| network.prefix())?;
    Some(longest.1)
}
// ANCHOR_END: route

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn network(address: [u8; 4], prefix: u8) -> Network {
        Network::of(u32::from_be_bytes(address), prefix)
    }

    #[test]
    fn the_longest_prefix_wins_in_any_order() {
        let mut table = [
            (network([0, 0, 0, 0], 0), "the provider"),
            (network([10, 0, 0, 0], 8), "the office"),
            (network([10, 9, 0, 0], 16), "the laboratory"),
            (network([10, 9, 8, 7], 32), "the printer"),
        ];
        let expected = [
            (Ipv4Addr::new(10, 9, 8, 7), "the printer"),
            (Ipv4Addr::new(10, 9, 8, 8), "the laboratory"),
            (Ipv4Addr::new(10, 10, 8, 7), "the office"),
            (Ipv4Addr::new(11, 9, 8, 7), "the provider"),
        ];
        for _ in 0..2 {
            for (address, way) in expected {
                assert_eq!(route(&table, address.to_bits()), Some(way), "{address}");
            }
            table.reverse();
        }
    }

    #[test]
    fn without_a_default_route_an_address_may_be_unreachable() {
        let table = [(network([10, 0, 0, 0], 24), "wire")];
        assert_eq!(route(&table, Ipv4Addr::new(10, 0, 0, 2).to_bits()), Some("wire"));
        assert_eq!(route(&table, Ipv4Addr::new(192, 0, 2, 1).to_bits()), None);
    }
}
