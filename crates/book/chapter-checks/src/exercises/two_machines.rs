//! Two machines.

use addresses::subnet::Network;

// ANCHOR: free_network
/// The first /24 of 192.168.0.0/16 that shares no address with the networks in use.
pub fn free_network(in_use: &[Network]) -> Option<Network> {
    let private = Network::of(u32::from_be_bytes([192, 168, 0, 0]), 16);
    private.split(24).find(|candidate| !in_use.iter().any(|used| overlap(*candidate, *used)))
}

/// Whether two networks overlap. They do if one contains the other; they cannot overlap in part.
fn overlap(one: Network, other: Network) -> bool {
    one.holds(other.address()) || other.holds(one.address())
}
// ANCHOR_END: free_network

#[cfg(test)]
mod tests {
    use super::*;

    fn network(address: [u8; 4], prefix: u8) -> Network {
        Network::of(u32::from_be_bytes(address), prefix)
    }

    #[test]
    fn overlapping_networks_are_skipped() {
        assert_eq!(free_network(&[]), Some(network([192, 168, 0, 0], 24)));
        let in_use = [
            network([10, 0, 0, 0], 8),
            network([192, 168, 0, 0], 23),
            network([192, 168, 2, 128], 30),
        ];
        assert_eq!(free_network(&in_use), Some(network([192, 168, 3, 0], 24)));
    }

    #[test]
    fn there_may_be_no_free_network() {
        assert_eq!(free_network(&[network([192, 168, 0, 0], 16)]), None);
        assert_eq!(free_network(&[network([0, 0, 0, 0], 0)]), None);
    }
}
