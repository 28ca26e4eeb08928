//! The contents of an IGMP report.

// ANCHOR: membership
use std::net::Ipv4Addr;

/// A change of a membership.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// A host wants to receive the group from now on.
    Joined,
    /// A host no longer wants to receive the group.
    Left,
}

/// The first record of a version 3 report, or `None` if an IPv4 packet is not such a report (RFC
/// 3376, section 4.2).
pub fn membership(packet: &[u8]) -> Option<(Ipv4Addr, Change)> {
    // The header's length is in words of four bytes: a report's header has an option, so it is 24
    // bytes.
    let header = usize::from(packet.first()? & 0x0f) * 4;
    let (protocol, report) = (*packet.get(9)?, packet.get(header..)?);
    if protocol != 2 || *report.first()? != 0x22 {
        return None;
    }
    let record = report.get(8..16)?;
    let group = <[u8; 4]>::try_from(&record[4..]).ok()?;
    let change = match record[0] {
        4 => Change::Joined, // exclude no sender: receive all
        3 => Change::Left,   // include no sender
        _ => return None,
    };
    Some((group.into(), change))
}
// ANCHOR_END: membership

#[cfg(test)]
mod tests {
    use super::*;

    /// A report as Linux sends it: an IPv4 header with the router alert option, and one record.
    fn report(kind: u8) -> Vec<u8> {
        let mut packet = vec![0x46, 0xc0, 0, 40, 0, 0, 0x40, 0, 1, 2, 0, 0];
        packet.extend([10, 0, 0, 2, 224, 0, 0, 22, 0x94, 4, 0, 0]);
        packet.extend([0x22, 0, 0, 0, 0, 0, 0, 1, kind, 0, 0, 0, 224, 202, 20, 30]);
        packet
    }

    #[test]
    fn joins_and_leaves_are_recognized() {
        let group = Ipv4Addr::new(224, 202, 20, 30);
        assert_eq!(membership(&report(4)), Some((group, Change::Joined)));
        assert_eq!(membership(&report(3)), Some((group, Change::Left)));
    }

    #[test]
    fn other_and_short_packets_give_none() {
        assert_eq!(membership(&report(1)), None);
        for end in 0..report(4).len() {
            assert_eq!(membership(&report(4)[..end]), None, "{end}");
        }
        let mut udp = report(4);
        udp[9] = 17;
        assert_eq!(membership(&udp), None);
    }
}
