//! From an address of this machine to a connection: wait for one caller.

use std::io;
use std::net::{SocketAddr, TcpListener};

use socket2::Type;

use crate::{Address, Error, Stream, Trace};

/// The backlog: no caller may wait beside the first one, since talk answers only one caller.
const BACKLOG: i32 = 0;

/// A socket that waits for one caller.
#[derive(Debug)]
pub struct Listener {
    listener: TcpListener,
    trace: Trace,
}

/// Listens on the first address of the host that can be bound. For port 0, the kernel chooses the
/// port.
///
/// # Errors
///
/// [`Error::Find`] if the host has no address, [`Error::Listen`] if none of them can be bound.
pub fn listen(address: &Address, trace: Trace) -> Result<Listener, Error> {
    let candidates =
        address.look_up().map_err(|source| Error::Find { host: address.host.clone(), source })?;
    let mut failed = io::Error::other("that host has no address");
    for candidate in candidates {
        match listen_on(candidate, trace) {
            Ok(listener) => return Ok(Listener { listener, trace }),
            Err(error) => failed = error,
        }
    }
    Err(Error::Listen { address: address.clone(), source: failed })
}

fn listen_on(candidate: SocketAddr, trace: Trace) -> io::Result<TcpListener> {
    let socket = trace.socket(candidate, Type::STREAM)?;
    // Otherwise the port could not be used for a minute after a conversation (TIME_WAIT).
    socket.set_reuse_address(true)?;
    if candidate.is_ipv6() {
        // The wildcard [::] hears callers of both families.
        socket.set_only_v6(false)?;
    }
    let bound = socket.bind(&candidate.into());
    trace.bound(&socket, candidate, &bound);
    bound?;
    let listening = socket.listen(BACKLOG);
    trace.listening(&socket, BACKLOG, &listening);
    listening?;
    Ok(socket.into())
}

impl Listener {
    /// The address that callers need; the kernel has chosen its port if 0 was asked for.
    ///
    /// # Errors
    ///
    /// Those of getsockname(2).
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Waits for a caller, and returns the connection and the caller's address. Then it closes the
    /// listener, so the kernel refuses the next caller.
    ///
    /// # Errors
    ///
    /// Those of accept(2).
    pub fn accept(self) -> io::Result<(Stream, SocketAddr)> {
        let accepted = self.listener.accept();
        self.trace.accepted(&self.listener, &accepted);
        let (stream, caller) = accepted?;
        Ok((Stream::new(stream, self.trace), caller))
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::net::TcpStream;

    use super::*;

    fn on(host: &str, port: u16) -> Result<Listener, Error> {
        listen(&Address { host: host.to_owned(), port }, Trace::OFF)
    }

    #[test]
    fn one_caller_is_accepted_and_the_next_is_refused() {
        let listener = on("localhost", 0).unwrap();
        let address = listener.address().unwrap();
        let first = TcpStream::connect(address).unwrap();
        let (_stream, caller) = listener.accept().unwrap();
        assert_eq!(caller, first.local_addr().unwrap());
        let refused = TcpStream::connect(address).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    }

    #[test]
    fn the_wildcard_hears_both_families() {
        let Ok(listener) = on("::", 0) else {
            return eprintln!("skipped: no IPv6 here");
        };
        let port = listener.address().unwrap().port();
        TcpStream::connect(("127.0.0.1", port)).unwrap();
        listener.accept().unwrap();
    }

    #[test]
    fn an_address_that_cannot_be_bound_is_named() {
        let first = on("127.0.0.1", 0).unwrap();
        let port = first.address().unwrap().port();
        let error = on("127.0.0.1", port).unwrap_err().to_string();
        assert!(error.contains(&format!("127.0.0.1:{port}: Address already in use")), "{error}");
        let error = on("192.0.2.1", 5000).unwrap_err().to_string();
        assert!(error.contains("this machine has no such address"), "{error}");
        let error = on("no\0where", 5000).unwrap_err();
        assert!(matches!(error, Error::Find { .. }), "{error}");
    }
}
