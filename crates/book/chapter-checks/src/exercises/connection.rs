//! The first free port of a range.

// ANCHOR: listen_in
use std::io::{self, ErrorKind};
use std::net::TcpListener;
use std::ops::RangeInclusive;

/// Listens on 127.0.0.1, at the first free port of `ports`.
///
/// # Errors
///
/// [`ErrorKind::AddrInUse`] if none of them is free, or another error of listening.
pub fn listen_in(ports: RangeInclusive<u16>) -> io::Result<TcpListener> {
    for port in ports {
        match TcpListener::bind(("127.0.0.1", port)) {
            Err(error) if error.kind() == ErrorKind::AddrInUse => {}
            result => return result,
        }
    }
    Err(ErrorKind::AddrInUse.into())
}
// ANCHOR_END: listen_in

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_skipped() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let error = listen_in(port..=port).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        let last = port.saturating_add(100);
        let found = listen_in(port..=last).unwrap().local_addr().unwrap().port();
        assert!(port < found && found <= last);
    }

    #[test]
    fn an_empty_range_has_no_free_port() {
        #[expect(clippy::reversed_empty_ranges, reason = "the test needs such a range")]
        let error = listen_in(2..=1).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
    }
}
