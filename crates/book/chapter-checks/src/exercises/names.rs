//! Tries every address of a name, and keeps each error.

// ANCHOR: connect_each
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Connects to the first of `addresses` that answers within `timeout`.
///
/// # Errors
///
/// The error of each address, in order; an empty list if there was no address.
pub fn connect_each(
    addresses: impl IntoIterator<Item = SocketAddr>,
    timeout: Duration,
) -> Result<TcpStream, Vec<(SocketAddr, io::Error)>> {
    let mut failed = Vec::new();
    for address in addresses {
        match TcpStream::connect_timeout(&address, timeout) {
            Ok(stream) => return Ok(stream),
            Err(error) => failed.push((address, error)),
        }
    }
    Err(failed)
}
// ANCHOR_END: connect_each

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn address(host: u8, port: u16) -> SocketAddr {
        ([127, 0, 0, host], port).into()
    }

    #[test]
    fn the_second_address_is_tried_when_the_first_refuses() {
        let listener = TcpListener::bind(address(3, 0)).unwrap();
        let there = listener.local_addr().unwrap();
        let stream = connect_each([address(4, there.port()), there], test_kit::deadline()).unwrap();
        assert_eq!(stream.peer_addr().unwrap(), there);
    }

    #[test]
    fn each_error_is_returned() {
        // The port is in use at another address, so no other program listens on it.
        let listener = TcpListener::bind(address(3, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let both = [address(4, port), address(5, port)];
        let failed = connect_each(both, test_kit::deadline()).unwrap_err();
        let told: Vec<_> = failed.iter().map(|(address, error)| (*address, error.kind())).collect();
        assert_eq!(told, both.map(|address| (address, io::ErrorKind::ConnectionRefused)));
        assert!(connect_each([], test_kit::deadline()).unwrap_err().is_empty());
    }
}
