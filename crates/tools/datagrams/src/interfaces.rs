//! The interfaces of this machine, and which of them is meant.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::io;
use std::net::{IpAddr, Ipv4Addr};

use nix::ifaddrs::{InterfaceAddress, getifaddrs};
use nix::net::if_::{InterfaceFlags, if_nametoindex};
use nix::sys::socket::SockaddrStorage;

/// Where datagrams leave and arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Interface {
    /// Its name: `lo`, `eth0`.
    pub(crate) name: String,
    /// Its number, from 1 on. One that comes back has another.
    pub(crate) index: u32,
    /// Its addresses, and how many bits of each name the network.
    pub(crate) addresses: Vec<(IpAddr, u8)>,
    /// The addresses that are everybody's in the networks of its IPv4 addresses.
    pub(crate) broadcasts: Vec<Ipv4Addr>,
    /// Its address on the wire, if it has one of six bytes.
    pub(crate) mac: Option<[u8; 6]>,
    /// Whether it is switched on.
    pub(crate) is_up: bool,
    /// Whether it says that it can send to groups. `lo` says no, and does it all the same.
    pub(crate) has_multicast: bool,
    /// Whether it leads back to this machine.
    pub(crate) is_loopback: bool,
}

impl Interface {
    /// Its first IPv4 address, from which it sends if nothing else is said.
    pub(crate) fn ipv4(&self) -> Option<Ipv4Addr> {
        self.addresses.iter().find_map(|(address, _)| match address {
            IpAddr::V4(address) => Some(*address),
            IpAddr::V6(_) => None,
        })
    }

    /// Whether a datagram to many can leave by it.
    fn can_reach_many(&self) -> bool {
        self.is_up && (self.has_multicast || self.is_loopback)
    }
}

/// `eth0 (192.0.2.1)`: how to choose it.
impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ipv4() {
            Some(address) => write!(f, "{} ({address})", self.name),
            None => write!(f, "{}", self.name),
        }
    }
}

/// All interfaces of this machine in the order of their numbers (getifaddrs(3)).
///
/// # Errors
///
/// The system does not tell them.
pub(crate) fn interfaces() -> io::Result<Vec<Interface>> {
    let mut interfaces = BTreeMap::new();
    for part in getifaddrs()? {
        // An address can have a label of its own, such as `eth0:1`.
        let name = part.interface_name.split(':').next().unwrap_or_default();
        let Ok(index) = if_nametoindex(name) else {
            continue; // It is gone by now.
        };
        let interface = interfaces.entry(index).or_insert_with(|| Interface {
            name: name.to_owned(),
            index,
            addresses: Vec::new(),
            broadcasts: Vec::new(),
            mac: None,
            is_up: part.flags.contains(InterfaceFlags::IFF_UP),
            has_multicast: part.flags.contains(InterfaceFlags::IFF_MULTICAST),
            is_loopback: part.flags.contains(InterfaceFlags::IFF_LOOPBACK),
        });
        add(interface, &part);
    }
    Ok(interfaces.into_values().collect())
}

/// The system tells an interface in parts: its address on the wire, and each of the others.
fn add(interface: &mut Interface, part: &InterfaceAddress) {
    let Some(address) = &part.address else { return };
    if let Some(link) = address.as_link_addr() {
        interface.mac = link.addr().filter(|_| link.halen() == 6);
    }
    if let Some(address) = ip(address) {
        let bits = match part.netmask.as_ref().and_then(ip) {
            Some(IpAddr::V4(mask)) => mask.to_bits().count_ones(),
            Some(IpAddr::V6(mask)) => mask.to_bits().count_ones(),
            None => 0,
        };
        // It is 128 at most.
        interface.addresses.push((address, bits as u8));
        if let Some(IpAddr::V4(broadcast)) = part.broadcast.as_ref().and_then(ip) {
            interface.broadcasts.push(broadcast);
        }
    }
}

fn ip(address: &SockaddrStorage) -> Option<IpAddr> {
    let v4 = || Some(address.as_sockaddr_in()?.ip().into());
    let v6 = || Some(address.as_sockaddr_in6()?.ip().into());
    v4().or_else(v6)
}

/// The interface that is meant by its name, one of its addresses, or its number.
///
/// # Errors
///
/// There is none, and these there are.
pub(crate) fn choose<'a>(
    interfaces: &'a [Interface],
    meant: &str,
) -> Result<&'a Interface, String> {
    let find = |is_it: &dyn Fn(&Interface) -> bool| interfaces.iter().find(|it| is_it(it));
    // A name may look like a number, and then the name counts.
    let by_name = find(&|it| it.name == meant);
    let by_address = || {
        let address: IpAddr = meant.parse().ok()?;
        find(&|it| it.addresses.iter().any(|(own, _)| *own == address))
    };
    let by_index = || {
        let index: u32 = meant.parse().ok()?;
        find(&|it| it.index == index)
    };
    by_name.or_else(by_address).or_else(by_index).ok_or_else(|| {
        let shown = meant.escape_debug();
        format!("there is no interface {shown} here; {}", choices(interfaces))
    })
}

/// Which interfaces can be chosen, by the option that chooses them.
pub(crate) fn choices<'a>(interfaces: impl IntoIterator<Item = &'a Interface>) -> String {
    let able = interfaces.into_iter().filter(|it| it.can_reach_many());
    let names: Vec<_> = able.map(Interface::to_string).collect();
    match &names[..] {
        [] => "nor is another interface up that could be chosen; see `datagrams interfaces`"
            .to_owned(),
        names => format!("choose one with --interface: {}", names.join(", ")),
    }
}

/// All about them, in a table for people to read.
pub(crate) fn table(interfaces: &[Interface]) -> String {
    let width = interfaces.iter().map(|it| it.name.len()).max();
    let width = width.unwrap_or_default().max("name".len());
    let mut table = String::new();
    let mut row = |name: &str, index: &str, up: &str, multicast: &str, mac: &str, rest: &str| {
        let line = format!("{name:width$}  {index:>5}  {up:3}  {multicast:9}  {mac:17}  {rest}");
        // Writing to a string cannot fail.
        let _ = writeln!(table, "{}", line.trim_end());
    };
    row("name", "index", "up", "multicast", "MAC", "addresses");
    for it in interfaces {
        let yes = |is: bool| if is { "yes" } else { "no" };
        let addresses = it.addresses.iter().map(|(ip, bits)| format!("{ip}/{bits}"));
        row(
            &it.name,
            &it.index.to_string(),
            yes(it.is_up),
            yes(it.has_multicast),
            &it.mac.map_or_else(|| "-".to_owned(), mac),
            &addresses.collect::<Vec<_>>().join(" "),
        );
    }
    table
}

fn mac(bytes: [u8; 6]) -> String {
    bytes.map(|byte| format!("{byte:02x}")).join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(name: &str, index: u32, address: &str) -> Interface {
        Interface {
            name: name.to_owned(),
            index,
            addresses: vec![(address.parse().unwrap(), 24)],
            broadcasts: Vec::new(),
            mac: Some([2, 0, 0, 0, 0, 0x1f]),
            is_up: true,
            has_multicast: true,
            is_loopback: false,
        }
    }

    fn machine() -> [Interface; 3] {
        let mut down = interface("down", 4, "192.0.2.4");
        down.is_up = false;
        [interface("eth0", 2, "192.0.2.1"), interface("2", 3, "2001:db8::1"), down]
    }

    #[track_caller]
    fn check(meant: &str, index: u32) {
        let machine = machine();
        assert_eq!(choose(&machine, meant).map(|it| it.index), Ok(index));
    }

    #[test]
    fn an_interface_is_meant_by_name_address_or_number() {
        check("eth0", 2);
        check("192.0.2.1", 2);
        check("2001:db8:0::1", 3);
        check("4", 4);
        // This is a name as well.
        check("2", 3);
    }

    #[test]
    fn those_that_can_be_chosen_are_named() {
        let error = choose(&machine(), "eth1\n").unwrap_err();
        assert_eq!(
            error,
            "there is no interface eth1\\n here; choose one with --interface: eth0 (192.0.2.1), 2"
        );
        let [.., down] = machine();
        assert!(choices(&[down]).starts_with("nor is another interface up"));
    }

    #[test]
    fn what_has_no_address_on_the_wire_shows_none() {
        let [eth0, mut other, _] = machine();
        other.mac = None;
        other.addresses.clear();
        assert_eq!(
            table(&[eth0, other]),
            "name  index  up   multicast  MAC                addresses\n\
             eth0      2  yes  yes        02:00:00:00:00:1f  192.0.2.1/24\n\
             2         3  yes  yes        -\n"
        );
    }

    #[test]
    fn this_machine_has_a_way_to_itself() {
        let all = interfaces().unwrap();
        let loopback = all.iter().find(|it| it.is_loopback).unwrap();
        assert_eq!(loopback.ipv4(), Some(Ipv4Addr::LOCALHOST));
        assert_eq!(choose(&all, "127.0.0.1"), Ok(loopback));
        assert_eq!(choose(&all, &loopback.index.to_string()), Ok(loopback));
    }
}
