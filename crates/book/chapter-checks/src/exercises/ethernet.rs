//! Ethernet, MAC addresses and ARP.

use addresses::multicast::Mac;

// ANCHOR: kinds
/// Whether a frame to this address is for a group: the lowest bit of the first byte.
pub fn is_group(mac: Mac) -> bool {
    mac.0[0] & 0b01 != 0
}

/// Whether this address was assigned locally and not by a manufacturer: the next bit.
pub fn is_local(mac: Mac) -> bool {
    mac.0[0] & 0b10 != 0
}
// ANCHOR_END: kinds

// ANCHOR: arp_request
/// The frame with which a host asks all hosts on the link for the MAC address of another one.
pub fn arp_request(own_mac: Mac, own: u32, wanted: u32) -> Vec<u8> {
    let header = [&[0xff; 6][..], &own_mac.0, &0x0806_u16.to_be_bytes()];
    let message = [
        &1_u16.to_be_bytes()[..],  // Ethernet addresses
        &0x0800_u16.to_be_bytes(), // for IPv4 addresses:
        &[6, 4],                   // 6 bytes and 4 bytes long
        &1_u16.to_be_bytes(),      // 1 is a request, 2 a reply
        &own_mac.0,
        &own.to_be_bytes(),
        &[0; 6], // this is the question
        &wanted.to_be_bytes(),
    ];
    [header.concat(), message.concat()].concat()
}
// ANCHOR_END: arp_request

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_bits_tell_the_kind_of_a_mac() {
        let check = |first, group, local| {
            let mac = Mac([first, 0, 0, 0, 0, 1]);
            assert_eq!((is_group(mac), is_local(mac)), (group, local), "{mac}");
        };
        check(0x00, false, false);
        check(0x01, true, false); // IPv4's groups
        check(0x02, false, true); // the lab's machines
        check(0x33, true, true); // IPv6's groups
        check(0xff, true, true); // broadcast
    }

    #[test]
    fn the_request_is_the_one_in_the_lab() {
        let left = Mac([0x02, 0, 0, 0, 0, 0x01]);
        let frame = arp_request(left, 0x0a00_0001, 0x0a00_0002);
        let digits: String = frame.iter().map(|byte| format!("{byte:02x}")).collect();
        let shown = "ffffffffffff 020000000001 0806 \
                     0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a000002";
        assert_eq!(digits, shown.replace(' ', ""));
    }
}
