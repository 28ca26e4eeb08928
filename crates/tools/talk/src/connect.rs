//! From a name to a connection.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::Type;

use crate::{Address, Attempt, Error, Stream, Trace};

/// Looks up the host and connects to the first of its addresses that answers. Returns that address,
/// too.
///
/// `timeout` is for each address; zero leaves it to the system, which repeats its SYN for about two
/// minutes (tcp(7), `tcp_syn_retries`). The lookup has its own limits (resolv.conf(5)).
///
/// # Errors
///
/// [`Error::Find`] if the host has no address, [`Error::Connect`] if none of them answers.
pub fn connect(
    address: &Address,
    timeout: Duration,
    trace: Trace,
) -> Result<(Stream, SocketAddr), Error> {
    match address.look_up() {
        Ok(candidates) => connect_any(candidates, timeout, trace)
            .map_err(|attempts| Error::Connect { address: address.clone(), attempts }),
        Err(source) => Err(Error::Find { host: address.host.clone(), source }),
    }
}

/// Tries one address after the other.
///
/// Most names have several addresses: `localhost` has `::1` and `127.0.0.1`, and a server may
/// listen on only one of them. So a refusal means "try the next", and only the last one is an
/// error, which lists all attempts.
fn connect_any(
    candidates: impl IntoIterator<Item = SocketAddr>,
    timeout: Duration,
    trace: Trace,
) -> Result<(Stream, SocketAddr), Vec<Attempt>> {
    let mut attempts = Vec::new();
    for candidate in candidates {
        match connect_one(candidate, timeout, trace) {
            Ok(stream) => return Ok((stream, candidate)),
            Err(source) => attempts.push(Attempt { candidate, source }),
        }
    }
    Err(attempts)
}

fn connect_one(candidate: SocketAddr, timeout: Duration, trace: Trace) -> io::Result<Stream> {
    let socket = trace.socket(candidate, Type::STREAM)?;
    let connected = if timeout.is_zero() {
        socket.connect(&candidate.into())
    } else {
        socket.connect_timeout(&candidate.into(), timeout)
    };
    trace.connected(&socket, candidate, &connected);
    connected.map(|()| Stream::new(socket.into(), trace))
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener, TcpStream};
    use std::time::Instant;

    use socket2::{Domain, Socket};

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    const OFF: Trace = Trace::OFF;

    fn loopback(port: u16) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, port).into()
    }

    /// An address at which no program listens: its socket is bound, so that no other program gets
    /// the port.
    fn refusing() -> (Socket, SocketAddr) {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&loopback(0).into()).unwrap();
        let address = socket.local_addr().unwrap().as_socket().unwrap();
        (socket, address)
    }

    /// An address that does not answer: its backlog is full, so that the kernel drops each SYN.
    fn silent() -> (Socket, Vec<TcpStream>, SocketAddr) {
        let (socket, address) = refusing();
        socket.listen(0).unwrap();
        // The first connection fits; how many more fit depends on the kernel.
        let mut waiting = vec![TcpStream::connect(address).unwrap()];
        while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(500)) {
            waiting.push(stream);
        }
        (socket, waiting, address)
    }

    #[test]
    fn the_next_address_is_tried_when_one_refuses() {
        let (_socket, refusing) = refusing();
        let listener = TcpListener::bind(loopback(0)).unwrap();
        let listening = listener.local_addr().unwrap();
        let (_stream, peer) = connect_any([refusing, listening], LONG, OFF).unwrap();
        assert_eq!(peer, listening);
        let (accepted, _) = listener.accept().unwrap();
        assert_eq!(accepted.local_addr().unwrap(), listening);
    }

    #[test]
    fn the_next_address_is_tried_when_one_is_silent() {
        let (_socket, _waiting, silent) = silent();
        let listener = TcpListener::bind(loopback(0)).unwrap();
        let listening = listener.local_addr().unwrap();
        let begin = Instant::now();
        let timeout = Duration::from_secs(1);
        let (_stream, peer) = connect_any([silent, listening], timeout, OFF).unwrap();
        assert_eq!(peer, listening);
        // The system waits in whole milliseconds, and the remainder is not waited for.
        assert!(begin.elapsed() >= timeout - Duration::from_millis(1));
    }

    #[test]
    fn if_no_address_answers_each_attempt_is_reported() {
        let (_socket, refusing) = refusing();
        let (_other, _waiting, silent) = silent();
        let attempts = connect_any([refusing, silent], Duration::from_secs(1), OFF).unwrap_err();
        let told: Vec<_> =
            attempts.iter().map(|attempt| (attempt.candidate, attempt.source.kind())).collect();
        assert_eq!(
            told,
            [(refusing, io::ErrorKind::ConnectionRefused), (silent, io::ErrorKind::TimedOut)]
        );
    }

    #[test]
    fn a_time_of_zero_leaves_it_to_the_system() {
        let (_socket, refusing) = refusing();
        let listener = TcpListener::bind(loopback(0)).unwrap();
        assert!(connect_one(listener.local_addr().unwrap(), Duration::ZERO, OFF).is_ok());
        assert!(connect_one(refusing, Duration::ZERO, OFF).is_err());
    }

    #[test]
    fn a_host_that_does_not_exist_is_named() {
        // The resolver rejects a name with a NUL itself, so this needs no network.
        let address = Address { host: "no\0where".to_owned(), port: 7 };
        let error = connect(&address, LONG, OFF).unwrap_err();
        assert!(matches!(error, Error::Find { host, .. } if host == address.host));
    }

    #[test]
    fn an_ipv6_address_and_a_name_are_looked_up() {
        for host in ["127.0.0.1", "::1", "localhost"] {
            // Without IPv6 the kernel cannot listen on this address, and there is nothing to test.
            let Ok(listener) = TcpListener::bind((host, 0)) else {
                assert_eq!(host, "::1");
                continue;
            };
            let port = listener.local_addr().unwrap().port();
            let host = host.to_owned();
            let (_stream, peer) = connect(&Address { host, port }, LONG, OFF).unwrap();
            assert_eq!(peer, listener.local_addr().unwrap());
        }
    }
}
