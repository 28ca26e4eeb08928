//! The envelope of a datagram: its sender, and the one of our addresses to which it was sent.
//!
//! A socket bound to the wildcard address receives datagrams to any address of this machine, and
//! recvfrom(2) does not tell which. The kernel would choose the sender of the answer by the route
//! back, and a client with a connected socket would never receive it. So the kernel is asked to
//! deliver both addresses with the bytes (IP_PKTINFO, ip(7); IPV6_PKTINFO, RFC 3542).

use std::io::{self, ErrorKind, IoSlice, IoSliceMut};
use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6, UdpSocket};
use std::os::fd::AsRawFd;

use nix::cmsg_space;
use nix::libc::{in_pktinfo, in6_pktinfo};
use nix::sys::socket::sockopt::{Ipv4PacketInfo, Ipv6RecvPacketInfo};
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, sendmsg, setsockopt,
};

/// The sender and the destination of a datagram.
#[derive(Debug)]
pub(crate) struct Envelope {
    pub(crate) source: SocketAddr,
    destination: Option<Destination>,
}

#[derive(Debug)]
enum Destination {
    V4(in_pktinfo),
    V6(in6_pktinfo),
}

/// Makes the kernel deliver the destination of each datagram on this socket.
pub(crate) fn tell_destinations(socket: &UdpSocket) -> io::Result<()> {
    if socket.local_addr()?.is_ipv4() {
        setsockopt(socket, Ipv4PacketInfo, &true)?;
    } else {
        setsockopt(socket, Ipv6RecvPacketInfo, &true)?;
    }
    Ok(())
}

/// Receives a datagram, and returns its length.
pub(crate) fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<(usize, Envelope)> {
    let mut beside = cmsg_space!(in6_pktinfo);
    let mut buffers = [IoSliceMut::new(buffer)];
    let received = recvmsg::<SockaddrStorage>(
        socket.as_raw_fd(),
        &mut buffers,
        Some(&mut beside),
        MsgFlags::empty(),
    )?;
    let source = received.address.as_ref().and_then(standard);
    let destination = received.cmsgs()?.find_map(|message| match message {
        ControlMessageOwned::Ipv4PacketInfo(info) => Some(Destination::V4(info)),
        ControlMessageOwned::Ipv6PacketInfo(info) => Some(Destination::V6(info)),
        _ => None,
    });
    let envelope = Envelope {
        source: source.ok_or_else(|| io::Error::from(ErrorKind::InvalidData))?,
        destination,
    };
    Ok((received.bytes, envelope))
}

/// Sends a datagram back to the sender of another one, from that one's destination.
pub(crate) fn reply(socket: &UdpSocket, datagram: &[u8], envelope: &Envelope) -> io::Result<()> {
    // The routes choose the interface: the way back may be another.
    let from = match envelope.destination {
        Some(Destination::V4(info)) => Some(Destination::V4(in_pktinfo { ipi_ifindex: 0, ..info })),
        Some(Destination::V6(info)) => {
            Some(Destination::V6(in6_pktinfo { ipi6_ifindex: 0, ..info }))
        }
        None => None,
    };
    let beside = from.as_ref().map(|from| match from {
        Destination::V4(info) => ControlMessage::Ipv4PacketInfo(info),
        Destination::V6(info) => ControlMessage::Ipv6PacketInfo(info),
    });
    sendmsg(
        socket.as_raw_fd(),
        &[IoSlice::new(datagram)],
        beside.as_slice(),
        MsgFlags::empty(),
        Some(&SockaddrStorage::from(envelope.source)),
    )?;
    Ok(())
}

fn standard(address: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = || Some(SocketAddrV4::from(*address.as_sockaddr_in()?).into());
    let v6 = || Some(SocketAddrV6::from(*address.as_sockaddr_in6()?).into());
    v4().or_else(v6)
}
