//! Tries again if that can help.

// ANCHOR: insist
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::thread::sleep;
use std::time::Duration;

/// Connects. While another attempt can help, tries again after `pause`, twice that, and so on, with
/// at most `attempts` attempts.
///
/// # Errors
///
/// The error of the last attempt, or the first one that another attempt cannot repair.
pub fn insist(server: SocketAddr, attempts: u32, mut pause: Duration) -> io::Result<TcpStream> {
    let mut attempt = 1;
    loop {
        match TcpStream::connect(server) {
            Err(error) if attempt < attempts && may_pass(&error) => {}
            result => return result,
        }
        sleep(pause);
        pause *= 2;
        attempt += 1;
    }
}

/// Whether an error of connect(2) may go away by itself.
pub fn may_pass(error: &io::Error) -> bool {
    use ErrorKind::{
        ConnectionRefused, HostUnreachable, Interrupted, NetworkUnreachable, TimedOut,
    };
    matches!(
        error.kind(),
        ConnectionRefused | HostUnreachable | Interrupted | NetworkUnreachable | TimedOut
    )
}
// ANCHOR_END: insist

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    const SHORT: Duration = Duration::from_millis(1);

    /// A port that was free a moment ago. It is not on 127.0.0.1, where other tests choose their
    /// ports.
    fn vacant() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.2:0").unwrap();
        listener.local_addr().unwrap()
    }

    #[test]
    fn a_server_that_starts_late_is_found() {
        let address = vacant();
        let client = thread::spawn(move || insist(address, 20, SHORT));
        let listener = TcpListener::bind(address).unwrap();
        client.join().unwrap().unwrap();
        drop(listener);
    }

    #[test]
    fn the_last_error_is_returned() {
        let error = insist(vacant(), 3, SHORT).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    }

    #[test]
    fn an_error_that_needs_repair_is_returned_at_once() {
        use ErrorKind::{AddrNotAvailable, ConnectionRefused, PermissionDenied, TimedOut};
        for kind in [AddrNotAvailable, PermissionDenied] {
            assert!(!may_pass(&kind.into()), "{kind}");
        }
        for kind in [ConnectionRefused, TimedOut] {
            assert!(may_pass(&kind.into()), "{kind}");
        }
    }
}
