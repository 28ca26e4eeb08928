//! Broadcast.

use addresses::broadcast::Broadcast;

// ANCHOR: hears
/// Whether a host with this address and prefix accepts a packet to `destination` that was sent on
/// its own link.
pub fn hears(host: u32, prefix: u8, destination: u32) -> bool {
    let alive = Broadcast::ALL.into_iter().filter(|kind| kind.is_alive());
    let mut addresses = alive.filter_map(|kind| kind.address(host, prefix));
    destination == host || addresses.any(|address| address == destination)
}
// ANCHOR_END: hears

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::hears;

    #[test]
    fn a_host_hears_itself_its_subnet_and_everyone() {
        let host = Ipv4Addr::new(150, 164, 34, 99).to_bits();
        let check = |destination: [u8; 4], expected| {
            let heard = hears(host, 26, u32::from_be_bytes(destination));
            assert_eq!(heard, expected, "{destination:?}");
        };
        check([150, 164, 34, 99], true);
        check([150, 164, 34, 127], true);
        check([255, 255, 255, 255], true);
        check([150, 164, 34, 100], false);
        check([150, 164, 34, 255], false); // of a /24
        check([150, 164, 255, 255], false); // of all subnets: no longer used
    }

    #[test]
    fn a_link_of_two_has_no_broadcast_of_its_own() {
        let host = Ipv4Addr::new(192, 0, 2, 6).to_bits();
        assert!(!hears(host, 31, Ipv4Addr::new(192, 0, 2, 7).to_bits()));
        assert!(hears(host, 31, Ipv4Addr::BROADCAST.to_bits()));
    }
}
