//! The kind of a descriptor.

// ANCHOR: kind
use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::sys::socket::{SockType, getsockopt, sockopt};

/// The kind of a descriptor, in a word or two.
///
/// # Errors
///
/// Errors of getsockopt(2), except ENOTSOCK.
pub fn kind(descriptor: &impl AsFd) -> nix::Result<&'static str> {
    let socket_type = match getsockopt(descriptor, sockopt::SockType) {
        Err(Errno::ENOTSOCK) => return Ok("no socket"),
        result => result?,
    };
    Ok(match socket_type {
        SockType::Stream if getsockopt(descriptor, sockopt::AcceptConn)? => "a listener",
        SockType::Stream => "a stream",
        SockType::Datagram => "datagrams",
        _ => "another type of socket",
    })
}
// ANCHOR_END: kind

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::net::{TcpListener, TcpStream, UdpSocket};
    use std::os::unix::net::UnixDatagram;

    use super::*;

    #[test]
    fn each_kind_is_told_from_the_others() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert_eq!(kind(&listener), Ok("a listener"));
        assert_eq!(kind(&stream), Ok("a stream"));
        assert_eq!(kind(&UdpSocket::bind("127.0.0.1:0").unwrap()), Ok("datagrams"));
        assert_eq!(kind(&UnixDatagram::unbound().unwrap()), Ok("datagrams"));
        assert_eq!(kind(&File::open("/dev/null").unwrap()), Ok("no socket"));
    }
}
