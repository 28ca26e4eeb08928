//! A clock that starts again at 0, and the header of a packet.

// ANCHOR: since
/// The clock of a stream has 33 bits and starts again after this many ticks.
const WRAP: u64 = 1 << 33;

/// The number of ticks from `earlier` to `later`, the shorter way around the clock; negative if
/// `later` comes first.
pub fn since(later: u64, earlier: u64) -> i64 {
    let ahead = (later + WRAP - earlier) % WRAP;
    let ahead = ahead as i64;
    if ahead < 1 << 32 { ahead } else { ahead - (1 << 33) }
}
// ANCHOR_END: since

// ANCHOR: header
/// The contents of the first four bytes of a packet.
#[derive(Debug, PartialEq, Eq)]
pub struct Header {
    /// Whether a picture, a piece of sound or a table begins in it.
    pub is_start: bool,
    /// The stream of the packet.
    pub pid: u16,
    /// Its number among the packets of its stream, modulo 16.
    pub counter: u8,
}

/// Reads the header of a packet. `None` if the packet does not begin with one.
pub fn header(packet: &[u8; 188]) -> Option<Header> {
    let [0x47, high, low, last] = packet[..4] else { return None };
    Some(Header {
        is_start: high & 0x40 != 0,
        pid: u16::from_be_bytes([high & 0x1f, low]),
        counter: last & 0x0f,
    })
}
// ANCHOR_END: header

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_begins_again_and_time_goes_on() {
        let table = [(0, 0, 0), (90, 0, 90), (0, 90, -90), (10, WRAP - 10, 20), (WRAP - 1, 0, -1)];
        for (later, earlier, expected) in table {
            assert_eq!(since(later, earlier), expected, "{later} after {earlier}");
        }
    }

    #[test]
    fn a_header_is_read_bit_by_bit() {
        let packet = |first: [u8; 4]| {
            let mut packet = [0x47; 188];
            packet[..4].copy_from_slice(&first);
            header(&packet)
        };
        let said = |is_start, pid, counter| Some(Header { is_start, pid, counter });
        assert_eq!(packet([0x47, 0x40, 0x00, 0x11]), said(true, 0, 1));
        assert_eq!(packet([0x47, 0x41, 0x00, 0x30]), said(true, 0x100, 0));
        assert_eq!(packet([0x47, 0x1f, 0xff, 0x1f]), said(false, 0x1fff, 15));
        assert_eq!(packet([0x48, 0x40, 0x00, 0x11]), None);
    }
}
