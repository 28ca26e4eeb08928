//! Multicast: all members of a group receive what is sent to it.
//!
//! A sender need not be a member, and does not know the members. A receiver tells its kernel the
//! group that it wants to receive, and the interface: the kernel tells the network (IGMP, MLD), and
//! accepts frames to the MAC address of the group.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket};
use std::time::Duration;

use launch::Problem;
use nix::errno::Errno;
use socket2::{Domain, InterfaceIndexOrAddress, Protocol, SockRef, Socket, Type};
use sockets::Stop;

use crate::interfaces::{Interface, choose, interfaces};
use crate::many::{self, Schedule, ended, explain, note};

/// The number of routers that a datagram may pass: none. This is the default of RFC 1112.
const TTL: u32 = 1;

/// How often a receiver checks whether its interface has disappeared and come back.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// Reads ADDRESS:PORT, where ADDRESS must be a group.
pub(crate) fn group(text: &str) -> Result<SocketAddr, String> {
    let wanted = "want GROUP:PORT, like 224.202.20.30:54321 or [ff02::4a14:1e]:54321";
    let group: SocketAddr = text.parse().map_err(|_| wanted.to_owned())?;
    match group.ip() {
        address if group.port() == 0 => {
            Err(format!("port 0 of {address} cannot be used; {wanted}"))
        }
        address if address.is_multicast() => Ok(group),
        IpAddr::V4(_) => Err(format!("groups of IPv4 begin with 224 to 239; {wanted}")),
        IpAddr::V6(_) => Err(format!("groups of IPv6 begin with ff; {wanted}")),
    }
}

/// Sends to a group until it is stopped.
pub(crate) fn send(
    group: SocketAddr,
    meant: Option<&str>,
    schedule: &Schedule,
    stop: &Stop,
) -> Result<(), Problem> {
    let all = interfaces().map_err(Problem::world)?;
    let chosen = meant.map(|meant| choose(&all, meant)).transpose();
    let chosen = chosen.map_err(Problem::world)?;
    let sent = sender(group, chosen).map_err(Into::into);
    let sent = sent.and_then(|(socket, to)| many::send(&socket, to, schedule, stop));
    ended(sent, |error| format!("cannot send to {group}: {}", explain(error, &all, chosen)))
}

/// A socket whose datagrams leave by this interface, and their destination.
fn sender(group: SocketAddr, chosen: Option<&Interface>) -> io::Result<(UdpSocket, SocketAddr)> {
    let socket = socket(group)?;
    match group {
        SocketAddr::V4(_) => {
            if let Some(interface) = chosen {
                let own = interface.ipv4().ok_or_else(|| without_ipv4(interface))?;
                socket.set_multicast_if_v4(&own)?;
            }
            socket.set_multicast_ttl_v4(TTL)?;
            // Members on this host must receive it as well.
            socket.set_multicast_loop_v4(true)?;
        }
        SocketAddr::V6(_) => {
            if let Some(interface) = chosen {
                socket.set_multicast_if_v6(interface.index)?;
            }
            socket.set_multicast_hops_v6(TTL)?;
            socket.set_multicast_loop_v6(true)?;
        }
    }
    Ok((socket.into(), on(group, chosen)))
}

/// Shows what is sent to a group until it is stopped, or until this number of datagrams has
/// arrived.
pub(crate) fn receive(
    group: SocketAddr,
    meant: Option<&str>,
    count: Option<u64>,
) -> Result<(), Problem> {
    let all = interfaces().map_err(Problem::world)?;
    let chosen = meant.map(|meant| choose(&all, meant)).transpose();
    let chosen = chosen.map_err(Problem::world)?;
    let cannot =
        |error: &io::Error| format!("cannot listen to {group}: {}", explain(error, &all, chosen));
    let join = || member(group, chosen).map_err(|error| io::Error::other(cannot(&error)));
    let (socket, stop) = launch::prepare("datagrams", None, join)?;
    let mut membership =
        Membership { group, meant, index: chosen.map(|interface| interface.index), is_lost: false };
    let refresh = |socket: &UdpSocket| membership.refresh(socket);
    let received = many::receive(socket, count, &stop, Some(LOOK_AGAIN), refresh);
    if let Ok(socket) = &received {
        // Closing the socket would do the same. If the interface has disappeared, there is nothing
        // to leave.
        let _ = leave(&SockRef::from(socket), group, membership.index);
    }
    ended(received, cannot)
}

// ANCHOR: member
/// A socket that receives only this group.
fn member(group: SocketAddr, chosen: Option<&Interface>) -> io::Result<UdpSocket> {
    if let (SocketAddr::V6(of_ipv6), None) = (group, chosen)
        && is_of_one_link(*of_ipv6.ip())
    {
        // Every link has a group with this address. The kernel would only return EINVAL.
        return Err(Errno::ENODEV.into());
    }
    let socket = socket(group)?;
    // Every member on this host must receive it, not only the first.
    socket.set_reuse_address(true)?;
    // Otherwise it would receive groups that other programs on this host have joined.
    match group {
        SocketAddr::V4(_) => socket.set_multicast_all_v4(false)?,
        SocketAddr::V6(_) => socket.set_multicast_all_v6(false)?,
    }
    // A socket bound to the group's address receives datagrams to the group. Bound to the
    // interface's own address, it would receive none, since they are not sent to that address.
    socket.bind(&on(group, chosen).into())?;
    join(&socket, group, chosen.map(|interface| interface.index))?;
    Ok(socket.into())
}
// ANCHOR_END: member

fn join(socket: &Socket, group: SocketAddr, index: Option<u32>) -> io::Result<()> {
    match group.ip() {
        IpAddr::V4(group) => socket.join_multicast_v4_n(&group, &by(index)),
        IpAddr::V6(group) => socket.join_multicast_v6(&group, index.unwrap_or(0)),
    }
}

fn leave(socket: &Socket, group: SocketAddr, index: Option<u32>) -> io::Result<()> {
    match group.ip() {
        IpAddr::V4(group) => socket.leave_multicast_v4_n(&group, &by(index)),
        IpAddr::V6(group) => socket.leave_multicast_v6(&group, index.unwrap_or(0)),
    }
}

/// Without an index the kernel takes the interface of the route to the group.
fn by(index: Option<u32>) -> InterfaceIndexOrAddress {
    match index {
        Some(index) => InterfaceIndexOrAddress::Index(index),
        None => InterfaceIndexOrAddress::Address(Ipv4Addr::UNSPECIFIED),
    }
}

/// A membership, and the interface that it belongs to.
struct Membership<'a> {
    group: SocketAddr,
    /// The name, address or index by which the interface was chosen, if it was.
    meant: Option<&'a str>,
    index: Option<u32>,
    is_lost: bool,
}

impl Membership<'_> {
    /// Joins again if that is necessary. Returns the socket to use from now on, if it is a new one.
    ///
    /// An interface that is set down and up again keeps its memberships. One that is removed loses
    /// them, and when it comes back it has another index.
    fn refresh(&mut self, socket: &UdpSocket) -> Option<UdpSocket> {
        let joined = self.join_again(socket);
        match joined {
            Ok(mended) => {
                note(&format!("joined {} again", self.group));
                self.is_lost = false;
                return mended;
            }
            // It is still a member, as nearly always.
            Err(error) if error.raw_os_error() == Some(Errno::EADDRINUSE as i32) => {
                self.is_lost = false;
            }
            Err(error) => {
                if !self.is_lost {
                    note(&format!("cannot join {} again for now: {error}", self.group));
                }
                self.is_lost = true;
            }
        }
        None
    }

    fn join_again(&mut self, socket: &UdpSocket) -> io::Result<Option<UdpSocket>> {
        let Some(meant) = self.meant else {
            return join(&SockRef::from(socket), self.group, None).map(|()| None);
        };
        let all = interfaces()?;
        let chosen = choose(&all, meant).map_err(io::Error::other)?;
        if Some(chosen.index) == self.index {
            return join(&SockRef::from(socket), self.group, self.index).map(|()| None);
        }
        let another = member(self.group, Some(chosen))?;
        self.index = Some(chosen.index);
        Ok(Some(another))
    }
}

fn socket(group: SocketAddr) -> io::Result<Socket> {
    let domain = Domain::for_address(group);
    Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))
}

/// The group on the interface: a link-local IPv6 group is incomplete without it (RFC 4007).
fn on(group: SocketAddr, chosen: Option<&Interface>) -> SocketAddr {
    match (group, chosen) {
        (SocketAddr::V6(group), Some(chosen)) if is_of_one_link(*group.ip()) => {
            SocketAddrV6::new(*group.ip(), group.port(), 0, chosen.index).into()
        }
        _ => group,
    }
}

/// Whether the group's scope is one interface or one link (RFC 4291, section 2.7).
fn is_of_one_link(group: Ipv6Addr) -> bool {
    matches!(group.segments()[0] & 0xf, 1 | 2)
}

fn without_ipv4(interface: &Interface) -> io::Error {
    io::Error::other(format!(
        "{} has no IPv4 address to send from; give it one, or use an IPv6 group",
        interface.shown()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_groups_with_a_port_are_read() {
        for text in ["224.0.0.0:1", "239.255.255.255:65535", "[ff02::1]:54321"] {
            assert_eq!(group(text).map(|group| group.to_string()), Ok(text.to_owned()));
        }
        for (text, why) in [
            ("223.255.255.255:1", "224 to 239"),
            ("240.0.0.0:1", "224 to 239"),
            ("[fe80::1]:1", "begin with ff"),
            ("224.0.0.1", "want GROUP:PORT"),
            ("224.0.0.1:65536", "want GROUP:PORT"),
            ("ff02::1:54321", "want GROUP:PORT"),
            ("224.0.0.1:0", "port 0"),
        ] {
            let error = group(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
