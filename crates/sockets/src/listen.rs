use std::fs::File;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::AsFd;
use std::time::Duration;

use nix::errno::Errno;
use nix::unistd::dup2_stdin;
use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};

/// How many connections may wait for accept(2): 1,024.
///
/// The kernel limits it to net.core.somaxconn, 4,096 since Linux 5.4. nginx asks for 511, redis for
/// 511, Rust's standard library for 128.
pub const BACKLOG: i32 = 1024;

/// How long a connection may be silent before the kernel asks whether the peer is still there.
const KEEPALIVE_AFTER: Duration = Duration::from_secs(60);

/// The address that means standard input, if that is a listener: the program that started this
/// process has called listen(2), as inetd does for a "wait" service (inetd(8)).
pub const INHERITED: &str = "fd:0";

/// Listens on `address`, a HOST:PORT: tries the addresses of the host in turn, and takes the first
/// that it can bind. For port 0, the kernel chooses the port.
///
/// `[::]` is the wildcard of both families: IPv4 clients are served too (ipv6(7), IPV6_V6ONLY).
///
/// [`INHERITED`] is not a host name: it means the listener that this process was started with.
///
/// # Errors
///
/// The name does not resolve, or none of its addresses can be bound. The text of the error names
/// the address.
pub fn listen(address: &str) -> io::Result<TcpListener> {
    if address == INHERITED {
        return inherited();
    }
    first_of(address, listen_on)
}

/// Listens on the address of another listener, beside it: the kernel gives each client to one of the
/// two. Both need SO_REUSEPORT (socket(7)).
///
/// # Errors
///
/// There are no descriptors left, or the other listener does not share its address.
pub fn listen_beside(other: &TcpListener) -> io::Result<TcpListener> {
    let address = other.local_addr()?;
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(SockRef::from(other).only_v6()?)?;
    }
    set_for_clients(&socket)?;
    socket.set_tcp_notsent_lowat(SockRef::from(other).tcp_notsent_lowat()?)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

// ANCHOR: unsent
/// Lets the kernel take no more for a client of this listener while 128 KiB are still to be sent to it
/// (TCP_NOTSENT_LOWAT; the kernel's documentation has it under `tcp_notsent_lowat`).
///
/// Otherwise the kernel takes up to 4 MB, and a server hears only after a third of them that the client
/// has read anything: a room would take a slow reader for one that does not read.
///
/// # Errors
///
/// It is no TCP socket.
pub fn keep_little_unsent(listener: &TcpListener) -> io::Result<()> {
    SockRef::from(listener).set_tcp_notsent_lowat(128 << 10)
}
// ANCHOR_END: unsent

/// Binds a socket for datagrams to `address`, like [`listen`]. There is no backlog, and nothing to
/// accept.
///
/// # Errors
///
/// The errors of [`listen`].
pub fn bind(address: &str) -> io::Result<UdpSocket> {
    first_of(address, bind_to)
}

/// The local address of a socket of any type (getsockname(2)).
///
/// # Errors
///
/// The socket has no address with a port.
pub fn local_address(socket: &impl AsFd) -> io::Result<SocketAddr> {
    let address = SockRef::from(socket).local_addr()?;
    address.as_socket().ok_or_else(|| ErrorKind::Unsupported.into())
}

/// The socket that `take` makes from the first address of the host that it accepts.
fn first_of<S>(address: &str, take: impl Fn(SocketAddr) -> io::Result<S>) -> io::Result<S> {
    let name_it = |place: &dyn std::fmt::Display, error: &io::Error| {
        io::Error::new(error.kind(), format!("cannot listen on {place}: {}", explain(error)))
    };
    let addresses = lookup::look_up(address).map_err(|error| match error {
        lookup::Error::Interface(text) => name_it(&address, &io::Error::other(text)),
        lookup::Error::Name(error) => {
            let hint = "want an address of this machine, or a name that leads to one";
            name_it(&address, &io::Error::other(format!("{error} ({hint})")))
        }
    })?;
    let mut failed = None;
    for candidate in addresses {
        match take(candidate) {
            Ok(socket) => return Ok(socket),
            Err(error) => failed = Some(name_it(&candidate, &error)),
        }
    }
    Err(failed.unwrap_or_else(|| name_it(&address, &io::Error::other("the name has no address"))))
}

fn listen_on(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // Otherwise a restarted server would have to wait until its old connections have left
    // TIME_WAIT.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    set_for_clients(&socket)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

fn bind_to(address: SocketAddr) -> io::Result<UdpSocket> {
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
    // Not SO_REUSEADDR: UDP has no TIME_WAIT, and on Linux two servers could then share one port.
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    socket.bind(&address.into())?;
    Ok(socket.into())
}

// ANCHOR: inherited
/// Takes the listener that is standard input, and puts /dev/null in its place: a second descriptor
/// would keep the port open in every child.
fn inherited() -> io::Result<TcpListener> {
    let socket = Socket::from(io::stdin().as_fd().try_clone_to_owned()?);
    if !socket.is_listener().unwrap_or(false) {
        let hint = "the program that starts this server has to listen, as inetd does";
        return Err(io::Error::other(format!("standard input is no listening socket ({hint})")));
    }
    dup2_stdin(File::open("/dev/null")?)?;
    set_for_clients(&socket)?;
    Ok(socket.into())
}
// ANCHOR_END: inherited

/// Sets options that accepted sockets inherit, which saves two system calls for each client.
fn set_for_clients(socket: &Socket) -> io::Result<()> {
    // Answers are short and whole, so holding them back (Nagle's algorithm) would gain nothing.
    socket.set_tcp_nodelay(true)?;
    // The server notices a peer that has vanished, even if there is no idle timeout.
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE_AFTER))
}

/// The system's text for an error, with a hint if that text does not say what to do.
fn explain(error: &io::Error) -> String {
    let hint = match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::EADDRINUSE) => "is it running already? choose another port with --listen",
        Some(Errno::EACCES) => "ports below 1024 are privileged; choose a higher one",
        Some(Errno::EADDRNOTAVAIL) => "this machine has no such address",
        Some(Errno::EAFNOSUPPORT) => "this machine has no IPv6",
        Some(Errno::EMFILE) => "raise the limit of open files: ulimit -n",
        _ => return error.to_string(),
    };
    format!("{error} ({hint})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepted_sockets_inherit_the_options() {
        let listener = listen("127.0.0.1:0").unwrap();
        let _client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().unwrap();
        assert!(stream.nodelay().unwrap());
        assert!(socket2::SockRef::from(&stream).keepalive().unwrap());
    }

    #[test]
    fn an_address_in_use_is_named() {
        let first = listen("127.0.0.1:0").unwrap();
        let address = first.local_addr().unwrap().to_string();
        let error = listen(&address).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        assert!(error.to_string().contains(&address), "{error}");
    }

    #[test]
    fn the_wildcard_serves_both_families() {
        let Ok(listener) = listen("[::]:0") else {
            return eprintln!("skipped: no IPv6 here");
        };
        let port = listener.local_addr().unwrap().port();
        std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        std::net::TcpStream::connect(("::1", port)).unwrap();
    }
}
