//! What an IGMP report says.

// ANCHOR: membership
use std::net::Ipv4Addr;

/// What becomes of a membership.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// The group shall be heard from now on.
    Joined,
    /// It shall not be heard any more.
    Left,
}

/// What the first record of a version 3 report tells, or `None` if an IPv4 packet is no such
/// report (RFC 3376, section 4.2).
pub fn membership(packet: &[u8]) -> Option<(Ipv4Addr, Change)> {
    // The header tells its length in words of four bytes: a report's has an option, so it is 24.
    let header = usize::from(packet.first()? & 0x0f) * 4;
    let (protocol, report) = (*packet.get(9)?, packet.get(header..)?);
    if protocol != 2 || *report.first()? != 0x22 {
        return None;
    }
    let record = report.get(8..16)?;
    let group = <[u8; 4]>::try_from(&record[4..]).ok()?;
    let change = match record[0] {
        4 => Change::Joined, // exclude nobody: hear all senders
        3 => Change::Left,   // include nobody
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
    fn who_joins_and_who_leaves_is_told() {
        let group = Ipv4Addr::new(224, 202, 20, 30);
        assert_eq!(membership(&report(4)), Some((group, Change::Joined)));
        assert_eq!(membership(&report(3)), Some((group, Change::Left)));
    }

    #[test]
    fn what_is_no_report_or_ends_early_tells_nothing() {
        assert_eq!(membership(&report(1)), None);
        for end in 0..report(4).len() {
            assert_eq!(membership(&report(4)[..end]), None, "{end}");
        }
        let mut udp = report(4);
        udp[9] = 17;
        assert_eq!(membership(&udp), None);
    }
}
