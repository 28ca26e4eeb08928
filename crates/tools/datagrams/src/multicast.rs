//! Multicast: all members of a group receive what is sent to it.
//!
//! A sender need not be a member, and does not know the members. A receiver tells its kernel the
//! group that it wants to receive, and the interface: the kernel tells the network (IGMP, MLD), and
//! accepts frames to the MAC address of the group.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV6, UdpSocket};
use std::time::Duration;

use launch::Problem;
use lookup::{host_and_port, is_of_one_link};
use nix::errno::Errno;
use socket2::{Domain, InterfaceIndexOrAddress, Protocol, SockRef, Socket, Type};
use sockets::Stop;

use crate::interfaces::{Interface, choices, choose, interfaces};
use crate::many::{self, Schedule, ended, explain, note};

/// The number of routers that a datagram may pass: none. This is the default of RFC 1112.
const TTL: u32 = 1;

/// How often a receiver checks whether its interface has disappeared and come back.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// A group as it is meant: with the interface by which to reach it, if the user has named one.
#[derive(Clone, Debug)]
pub(crate) struct Meant {
    /// The group and the port.
    pub(crate) group: SocketAddr,
    /// The name, address or index of the interface.
    pub(crate) interface: Option<String>,
}

/// Reads ADDRESS:PORT, where ADDRESS must be a group. The group of a link may have its interface
/// behind a `%`.
pub(crate) fn group(text: &str) -> Result<Meant, String> {
    let wanted = "want GROUP:PORT, like 224.202.20.30:54321 or [ff02::4a14:1e%eth0]:54321";
    let parsed = || {
        let (host, port) = host_and_port(text)?;
        let (address, zone) = match host.split_once('%') {
            Some((address, zone)) => (address, Some(zone.to_owned())),
            None => (host, None),
        };
        Some((SocketAddr::new(address.parse().ok()?, port?.parse().ok()?), zone))
    };
    let (group, zone) = parsed().ok_or_else(|| wanted.to_owned())?;
    match (group.ip(), &zone) {
        (address, _) if group.port() == 0 => {
            Err(format!("port 0 of {address} cannot be used; {wanted}"))
        }
        (IpAddr::V4(address), _) if !address.is_multicast() => {
            Err(format!("groups of IPv4 begin with 224 to 239; {wanted}"))
        }
        (IpAddr::V6(address), _) if !address.is_multicast() => {
            Err(format!("groups of IPv6 begin with ff; {wanted}"))
        }
        (IpAddr::V6(address), Some(_)) if is_of_one_link(address) => {
            Ok(Meant { group, interface: zone })
        }
        (address, Some(_)) => Err(format!(
            "{address} is not the group of one link, as ff02:: is, so it has no %: use --interface"
        )),
        (_, None) => Ok(Meant { group, interface: None }),
    }
}

impl Meant {
    /// Adds the interface of the option, which has to be the one of the group's own.
    pub(crate) fn with(self, option: Option<String>) -> Result<Meant, Problem> {
        if let (Some(own), Some(option)) = (&self.interface, &option) {
            let all = interfaces().map_err(Problem::world)?;
            let own = choose(&all, own).map_err(Problem::world)?;
            let other = choose(&all, option).map_err(Problem::world)?;
            if own.index != other.index {
                return Err(Problem::usage(format!(
                    "{} is on {}, and --interface is {}: name one interface only",
                    on(self.group, Some(own)),
                    own.shown(),
                    other.shown()
                )));
            }
        }
        Ok(Meant { interface: self.interface.or(option), ..self })
    }
}

/// Sends to a group until it is stopped.
pub(crate) fn send(meant: &Meant, schedule: &Schedule, stop: &Stop) -> Result<(), Problem> {
    let group = meant.group;
    let all = interfaces().map_err(Problem::world)?;
    let chosen = meant.interface.as_deref().map(|meant| choose(&all, meant)).transpose();
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
pub(crate) fn receive(meant: &Meant, count: Option<u64>) -> Result<(), Problem> {
    let (group, meant) = (meant.group, meant.interface.as_deref());
    let all = interfaces().map_err(Problem::world)?;
    let chosen = meant.map(|meant| choose(&all, meant)).transpose();
    let chosen = chosen.map_err(Problem::world)?;
    if let (IpAddr::V6(address), None) = (group.ip(), chosen)
        && is_of_one_link(address)
    {
        // The kernel would only return EINVAL.
        return Err(Problem::world(format!(
            "{group} is a link-local group, and each interface has its own link; {}",
            choices(&all)
        )));
    }
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
            assert_eq!(group(text).map(|meant| meant.group.to_string()), Ok(text.to_owned()));
        }
        let meant = group("[ff02::1%eth0]:54321").unwrap();
        assert_eq!(meant.group.to_string(), "[ff02::1]:54321");
        assert_eq!(meant.interface.as_deref(), Some("eth0"));
        for (text, why) in [
            ("223.255.255.255:1", "224 to 239"),
            ("240.0.0.0:1", "224 to 239"),
            ("[fe80::1]:1", "begin with ff"),
            ("224.0.0.1", "want GROUP:PORT"),
            ("224.0.0.1:65536", "want GROUP:PORT"),
            ("ff02::1:54321", "want GROUP:PORT"),
            ("224.0.0.1:0", "port 0"),
            ("[ff05::1%eth0]:1", "use --interface"),
            ("224.0.0.1%eth0:1", "use --interface"),
        ] {
            let error = group(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
