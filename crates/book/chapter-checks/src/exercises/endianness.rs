//! Endianness.

// ANCHOR: snapshot_length
/// The number of bytes of each packet that a capture file in tcpdump's format keeps, from its
/// header: pcap-savefile(5).
///
/// Its first four bytes are the number 0xa1b2c3d4, in the byte order of the machine that wrote the
/// file, and all other numbers have the same order. The length is at byte 16.
pub fn snapshot_length(header: [u8; 24]) -> Option<u32> {
    let number = |at: usize| [header[at], header[at + 1], header[at + 2], header[at + 3]];
    match number(0) {
        [0xa1, 0xb2, 0xc3, 0xd4] => Some(u32::from_be_bytes(number(16))),
        [0xd4, 0xc3, 0xb2, 0xa1] => Some(u32::from_le_bytes(number(16))),
        _ => None,
    }
}
// ANCHOR_END: snapshot_length

#[cfg(test)]
mod tests {
    use super::snapshot_length;

    #[test]
    fn a_file_of_either_order_is_read() {
        // The header that `tcpdump -w` writes on x86: the magic number, version 2.4, no time zone,
        // no accuracy, 262144 bytes a packet, Ethernet.
        let mut little = [0; 24];
        little[..8].copy_from_slice(&[0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0]);
        little[16..].copy_from_slice(&[0, 0, 4, 0, 1, 0, 0, 0]);
        assert_eq!(snapshot_length(little), Some(262_144));

        let mut big = [0; 24];
        big[..8].copy_from_slice(&[0xa1, 0xb2, 0xc3, 0xd4, 0, 2, 0, 4]);
        big[16..].copy_from_slice(&[0, 4, 0, 0, 0, 0, 0, 1]);
        assert_eq!(snapshot_length(big), Some(262_144));
    }

    #[test]
    fn another_file_is_refused() {
        assert_eq!(snapshot_length([0; 24]), None);
        assert_eq!(snapshot_length(*b"GET / HTTP/1.1\r\nHost: a\n"), None);
    }
}
