//! Broadcast: all hosts of a network receive the frame, even if they do not want it. IPv6 has no
//! broadcast.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};

use launch::Problem;
use socket2::{Domain, Protocol, Socket, Type};
use sockets::Stop;

use crate::interfaces::{Interface, choose, interfaces};
use crate::many::{self, Schedule, ended, explain};

/// Reads ADDRESS:PORT of IPv4.
pub(crate) fn address(text: &str) -> Result<SocketAddrV4, String> {
    let wanted = "want ADDRESS:PORT, like 255.255.255.255:54321 or 192.168.1.255:54321";
    match text.parse() {
        Ok(SocketAddr::V4(address)) if address.port() == 0 => {
            Err(format!("port 0 cannot be used; {wanted}"))
        }
        Ok(SocketAddr::V4(address)) => Ok(address),
        Ok(SocketAddr::V6(_)) => Err(format!(
            "IPv6 has no broadcast; the group ff02::1 is everyone on the link: see \
             `datagrams multicast`; {wanted}"
        )),
        Err(_) => Err(wanted.to_owned()),
    }
}

/// Sends to all hosts of a network until it is stopped.
pub(crate) fn send(
    address: SocketAddrV4,
    meant: Option<&str>,
    schedule: &Schedule,
    stop: &Stop,
) -> Result<(), Problem> {
    let all = interfaces().map_err(Problem::world)?;
    let chosen = chosen(&all, address, meant)?;
    let sent = sender(chosen).map_err(Into::into);
    let sent = sent.and_then(|socket| many::send(&socket, address.into(), schedule, stop));
    ended(sent, |error| format!("cannot send to {address}: {}", explain(error, &all, chosen)))
}

/// A socket that may send broadcasts, on this interface.
fn sender(chosen: Option<&Interface>) -> io::Result<UdpSocket> {
    let socket = socket()?;
    // Otherwise the kernel returns EACCES, so that no program disturbs a whole network by mistake.
    socket.set_broadcast(true)?;
    if let Some(interface) = chosen {
        // 255.255.255.255 exists on every interface. The kernel takes the one with the sender's
        // address.
        let own = interface.ipv4().ok_or_else(|| {
            io::Error::other(format!(
                "{} has no IPv4 address to send from, and IPv6 has no broadcast",
                interface.shown()
            ))
        })?;
        socket.bind(&SocketAddrV4::new(own, 0).into())?;
    }
    Ok(socket.into())
}

/// Shows received broadcasts until it is stopped, or until this number of them has arrived.
pub(crate) fn receive(
    address: SocketAddrV4,
    meant: Option<&str>,
    count: Option<u64>,
) -> Result<(), Problem> {
    let all = interfaces().map_err(Problem::world)?;
    let chosen = chosen(&all, address, meant)?;
    let cannot =
        |error: &io::Error| format!("cannot listen to {address}: {}", explain(error, &all, chosen));
    let listen = || receiver(address, chosen).map_err(|error| io::Error::other(cannot(&error)));
    let (socket, stop) = launch::prepare("datagrams", None, listen)?;
    let received = many::receive(socket, count, &stop, None, |_| None);
    ended(received, cannot)
}

/// A socket that receives datagrams to this address, on this interface.
fn receiver(address: SocketAddrV4, chosen: Option<&Interface>) -> io::Result<UdpSocket> {
    let socket = socket()?;
    // Every receiver on this host must get it, not only the first.
    socket.set_reuse_address(true)?;
    if let Some(interface) = chosen {
        socket.bind_device(Some(interface.name.as_bytes()))?;
    }
    socket.bind(&address.into())?;
    Ok(socket.into())
}

fn socket() -> io::Result<Socket> {
    Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))
}

/// The chosen interface, if there is one, for an address that must be a broadcast address.
fn chosen<'a>(
    all: &'a [Interface],
    address: SocketAddrV4,
    meant: Option<&str>,
) -> Result<Option<&'a Interface>, Problem> {
    let chosen = meant.map(|meant| choose(all, meant)).transpose();
    let chosen = chosen.map_err(Problem::world)?;
    check(all, *address.ip()).map_err(Problem::usage)?;
    Ok(chosen)
}

/// Whether this is a broadcast address of one of our networks. Routers forward no others (RFC
/// 2644).
fn check(all: &[Interface], address: Ipv4Addr) -> Result<(), String> {
    let ours = || all.iter().flat_map(|it| &it.broadcasts);
    if address.is_broadcast() || ours().any(|broadcast| *broadcast == address) {
        return Ok(());
    }
    let mut known = vec![Ipv4Addr::BROADCAST.to_string()];
    known.extend(ours().map(Ipv4Addr::to_string));
    known.dedup();
    let what = match IpAddr::from(address).is_multicast() {
        true => "a group; use `datagrams multicast` for it",
        false => "not a broadcast address here",
    };
    Err(format!("{address} is {what}; choose one of {}", known.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_of_ipv4_and_have_a_port() {
        let read = |text: &str| address(text).map(|address| address.to_string());
        assert_eq!(read("10.0.0.255:54321"), Ok("10.0.0.255:54321".to_owned()));
        assert!(read("[ff02::1]:54321").unwrap_err().contains("ff02::1"));
        assert!(read("255.255.255.255").unwrap_err().contains("want ADDRESS:PORT"));
        assert!(read("255.255.255.255:0").unwrap_err().contains("port 0"));
    }

    #[test]
    fn an_address_is_a_broadcast_address_or_the_error_says_why_not() {
        let mut wire = interfaces().unwrap().remove(0);
        wire.broadcasts = vec![Ipv4Addr::new(10, 0, 0, 255)];
        let all = [wire];
        let check = |address: [u8; 4]| check(&all, address.into());
        assert_eq!(check([255, 255, 255, 255]), Ok(()));
        assert_eq!(check([10, 0, 0, 255]), Ok(()));
        assert_eq!(
            check([10, 0, 1, 255]).unwrap_err(),
            "10.0.1.255 is not a broadcast address here; \
             choose one of 255.255.255.255, 10.0.0.255"
        );
        assert!(check([224, 0, 0, 1]).unwrap_err().contains("datagrams multicast"));
    }
}
