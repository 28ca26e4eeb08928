//! An address as /proc/net/tcp writes it.

// ANCHOR: address
use std::net::{Ipv4Addr, SocketAddrV4};

/// Reads an address from /proc/net/tcp, such as `0100007F:0FA7`, on the machine that wrote it.
pub fn address(text: &str) -> Option<SocketAddrV4> {
    let (ip, port) = text.split_once(':')?;
    // The kernel prints the four bytes in memory as one number, in the machine's byte order ...
    let ip = u32::from_str_radix(ip, 16).ok()?.to_ne_bytes();
    // ... but it converts the port into a number first.
    let port = u16::from_str_radix(port, 16).ok()?;
    Some(SocketAddrV4::new(Ipv4Addr::from(ip), port))
}
// ANCHOR_END: address

#[cfg(test)]
mod tests {
    use std::fs;
    use std::net::{SocketAddr, TcpListener};

    use super::*;

    #[test]
    fn our_own_listener_is_found() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let table = fs::read_to_string("/proc/net/tcp").unwrap();
        let mut all = table.lines().filter_map(|line| address(line.split_whitespace().nth(1)?));
        let wanted = listener.local_addr().unwrap();
        assert!(all.any(|address| SocketAddr::V4(address) == wanted), "{table}");
    }

    #[test]
    fn other_text_is_not_an_address() {
        for text in ["local_address", "0100007F", "0100007F:", "x:1"] {
            assert_eq!(address(text), None, "{text}");
        }
    }
}
