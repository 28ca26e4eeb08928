//! Subnetting.

use addresses::subnet::{Network, hosts};

// ANCHOR: prefix_for
/// The longest prefix whose network has room for this many hosts.
pub fn prefix_for(wanted: u64) -> Option<u8> {
    (0..=32).rev().find(|prefix| hosts(*prefix) >= wanted)
}
// ANCHOR_END: prefix_for

// ANCHOR: summary
/// The fewest networks that contain exactly the same addresses as these.
pub fn summary(mut networks: Vec<Network>) -> Vec<Network> {
    // If two begin at the same address, the larger comes first, and so before all networks inside
    // it.
    networks.sort_by_key(|network| (network.address(), network.prefix()));
    let mut fewest: Vec<Network> = Vec::new();
    for mut network in networks {
        if fewest.last().is_some_and(|last| last.holds(network.address())) {
            continue;
        }
        // Two halves form a whole, which may itself be half of a larger one.
        while let Some(whole) = fewest.last().and_then(|last| last.join(network)) {
            fewest.pop();
            network = whole;
        }
        fewest.push(network);
    }
    fewest
}
// ANCHOR_END: summary

#[cfg(test)]
mod tests {
    use super::*;

    fn network(address: [u8; 4], prefix: u8) -> Network {
        Network::of(u32::from_be_bytes(address), prefix)
    }

    #[test]
    fn a_network_is_as_small_as_its_hosts_allow() {
        for (wanted, prefix) in [(1, 32), (2, 31), (3, 29), (6, 29), (7, 28), (62, 26), (63, 25)] {
            assert_eq!(prefix_for(wanted), Some(prefix), "{wanted} hosts");
        }
        assert_eq!(prefix_for(1 << 32), None);
    }

    #[test]
    fn halves_become_wholes_as_long_as_there_are_any() {
        let quarters = network([10, 0, 0, 0], 24).split(26).collect();
        assert_eq!(summary(quarters), [network([10, 0, 0, 0], 24)]);
        let all = network([0, 0, 0, 0], 0).split(10).collect();
        assert_eq!(summary(all), [network([0, 0, 0, 0], 0)]);
    }

    #[test]
    fn neighbours_that_are_not_halves_stay_two() {
        let two = vec![network([10, 0, 0, 128], 25), network([10, 0, 1, 0], 25)];
        assert_eq!(summary(two.clone()), two);
    }

    #[test]
    fn a_network_inside_another_adds_nothing() {
        let networks = vec![
            network([10, 0, 0, 64], 26),
            network([10, 0, 0, 0], 24),
            network([10, 0, 0, 0], 24),
            network([10, 0, 1, 0], 24),
        ];
        assert_eq!(summary(networks), [network([10, 0, 0, 0], 23)]);
    }
}
