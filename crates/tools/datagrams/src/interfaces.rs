//! The interfaces of this machine, and the choice of one of them.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::io;
use std::net::{IpAddr, Ipv4Addr};

use nix::ifaddrs::{InterfaceAddress, getifaddrs};
use nix::net::if_::{InterfaceFlags, if_nametoindex};
use nix::sys::socket::SockaddrStorage;

/// A network interface, by which datagrams leave and arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Interface {
    /// The name: `lo`, `eth0`.
    pub(crate) name: String,
    /// The index, from 1 on. An interface that comes back has another one.
    pub(crate) index: u32,
    /// The addresses, each with the number of bits that name its network.
    pub(crate) addresses: Vec<(IpAddr, u8)>,
    /// The broadcast addresses of the networks of its IPv4 addresses.
    pub(crate) broadcasts: Vec<Ipv4Addr>,
    /// The MAC address, if it has one of six bytes.
    pub(crate) mac: Option<[u8; 6]>,
    /// Whether the interface is up.
    pub(crate) is_up: bool,
    /// Whether it claims to support multicast. `lo` does not claim it, but multicast works there.
    pub(crate) has_multicast: bool,
    /// Whether it is a loopback interface.
    pub(crate) is_loopback: bool,
}

impl Interface {
    /// The name, made safe to show: Linux allows all bytes but `/`, `:` and white space in it.
    pub(crate) fn shown(&self) -> String {
        self.name.escape_debug().to_string()
    }

    /// The first IPv4 address: the default sender.
    pub(crate) fn ipv4(&self) -> Option<Ipv4Addr> {
        self.addresses.iter().find_map(|(address, _)| match address {
            IpAddr::V4(address) => Some(*address),
            IpAddr::V6(_) => None,
        })
    }

    /// Whether a multicast or broadcast datagram can leave by it.
    fn can_reach_many(&self) -> bool {
        self.is_up && (self.has_multicast || self.is_loopback)
    }
}

/// `eth0 (192.0.2.1)`: the name with an address, as a hint for the choice.
impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ipv4() {
            Some(address) => write!(f, "{} ({address})", self.shown()),
            None => write!(f, "{}", self.shown()),
        }
    }
}

/// All interfaces of this machine in the order of their indexes (getifaddrs(3)).
///
/// # Errors
///
/// The system call fails.
pub(crate) fn interfaces() -> io::Result<Vec<Interface>> {
    let mut interfaces = BTreeMap::new();
    for part in getifaddrs()? {
        // An address can have a label of its own, such as `eth0:1`.
        let name = part.interface_name.split(':').next().unwrap_or_default();
        let Ok(index) = if_nametoindex(name) else {
            continue; // The interface has disappeared.
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

/// Adds a part of an interface: the system reports the MAC address and each IP address separately.
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
        // The number of bits is at most 128.
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

/// The interface with this name, address or index.
///
/// # Errors
///
/// There is no such interface; the error names those that exist.
pub(crate) fn choose<'a>(
    interfaces: &'a [Interface],
    meant: &str,
) -> Result<&'a Interface, String> {
    let find = |is_it: &dyn Fn(&Interface) -> bool| interfaces.iter().find(|it| is_it(it));
    // If a name looks like a number, the name is preferred.
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

/// The interfaces that can be chosen, with the option that chooses them.
pub(crate) fn choices<'a>(interfaces: impl IntoIterator<Item = &'a Interface>) -> String {
    let able = interfaces.into_iter().filter(|it| it.can_reach_many());
    let names: Vec<_> = able.map(Interface::to_string).collect();
    match &names[..] {
        [] => "no other interface is up; see `datagrams interfaces`".to_owned(),
        names => format!("choose one with --interface: {}", names.join(", ")),
    }
}

/// A table of the interfaces, for people to read.
pub(crate) fn table(interfaces: &[Interface]) -> String {
    let width = interfaces.iter().map(|it| it.shown().chars().count()).max();
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
            &it.shown(),
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
    fn an_interface_is_chosen_by_name_address_or_number() {
        check("eth0", 2);
        check("192.0.2.1", 2);
        check("2001:db8:0::1", 3);
        check("4", 4);
        // An interface has this name as well.
        check("2", 3);
    }

    #[test]
    fn the_error_names_the_interfaces_that_can_be_chosen() {
        let error = choose(&machine(), "eth1\n").unwrap_err();
        assert_eq!(
            error,
            "there is no interface eth1\\n here; choose one with --interface: eth0 (192.0.2.1), 2"
        );
        let [.., down] = machine();
        assert!(choices(&[down]).starts_with("no other interface is up"));
    }

    #[test]
    fn an_interface_without_a_mac_address_shows_a_dash() {
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
    fn a_name_cannot_control_the_terminal() {
        let strange = interface("\u{1b}[2J\u{202e}", 7, "192.0.2.7");
        let shown = table(std::slice::from_ref(&strange));
        assert_eq!(
            shown.lines().nth(1),
            Some("\\u{1b}[2J\\u{202e}      7  yes  yes        02:00:00:00:00:1f  192.0.2.7/24")
        );
        assert!(choices([&strange]).ends_with(": \\u{1b}[2J\\u{202e} (192.0.2.7)"));
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
