//! Connections that are begun without waiting for them, from as many source addresses as necessary.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr};

use nix::errno::Errno;
use nix::sys::socket::{setsockopt, sockopt::IpBindAddressNoPort};
use socket2::{Domain, Socket, Type};

/// The number of connections from one source address. A connection is named by two addresses and
/// two ports (RFC 9293, section 3.3), and a system chooses from about 28,000 ports (ip(7),
/// `ip_local_port_range`). So one address cannot have more connections than that to one server.
pub(crate) const CONNECTIONS_A_SOURCE: usize = 10_000;

/// The number of addresses if each message has a connection of its own, and the client closes first:
/// the kernel keeps its port for a second, and at first gives out every other one of 28,000.
pub(crate) const SOURCES_TO_RECONNECT: usize = 8;

/// The destination of the connections, and their source addresses.
#[derive(Debug)]
pub(crate) struct Route {
    server: SocketAddr,
    /// `None` lets the system choose.
    sources: Vec<Option<SocketAddr>>,
}

impl Route {
    /// Several sources are 127.0.0.1, 127.0.0.2 and so on: all of 127.0.0.0/8 is this machine.
    pub(crate) fn new(server: SocketAddr, sources: u8) -> Route {
        let source = |last| SocketAddr::from((Ipv4Addr::new(127, 0, 0, last), 0));
        let sources = match sources {
            1 => vec![None],
            _ => (1..=sources).map(|last| Some(source(last))).collect(),
        };
        Route { server, sources }
    }

    /// Begins the connection of a client. It is established, or has failed, when the socket becomes
    /// writable (connect(2), EINPROGRESS).
    pub(crate) fn connect(&self, client: usize) -> io::Result<Socket> {
        let domain = Domain::for_address(self.server);
        let socket = Socket::new(domain, Type::STREAM.nonblocking(), None)?;
        // Otherwise a message may wait for the acknowledgement of the previous one (Nagle's
        // algorithm).
        socket.set_tcp_nodelay(true)?;
        if let Some(source) = self.sources[client % self.sources.len()] {
            // Otherwise bind(2) would reserve a port; connect(2) can share it among several
            // servers.
            setsockopt(&socket, IpBindAddressNoPort, &true)?;
            socket.bind(&source.into())?;
        }
        match socket.connect(&self.server.into()) {
            Err(error) if !is_under_way(&error) => Err(error),
            _ => Ok(socket),
        }
    }
}

fn is_under_way(error: &io::Error) -> bool {
    error.kind() == ErrorKind::WouldBlock || error.raw_os_error() == Some(Errno::EINPROGRESS as i32)
}
