//! From an address as people write it to the addresses that the kernel knows.
//!
//! All programs look hosts up here, so that `[fe80::1%eth0]:7` means the same everywhere. Such a
//! link-local address is incomplete without its interface, since each interface has a link of its
//! own (RFC 4007). The interface follows a `%`, by its name or by its index.

mod interface;

use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6, ToSocketAddrs};
use std::{error, fmt};

pub use interface::is_of_one_link;

/// A host, by name or by number, and a port.
#[derive(Clone, Debug, PartialEq)]
pub struct Address {
    /// A name or number: `localhost`, `127.0.0.1`, `::1`, `fe80::1%eth0`, `fe80::1%2`.
    pub host: String,
    /// A port.
    pub port: u16,
}

/// Before a port, an IPv6 address is written in brackets (RFC 3986, section 3.2.2), since it
/// contains colons.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.host.escape_debug();
        match is_ipv6(&self.host) {
            true => write!(f, "[{host}]:{}", self.port),
            false => write!(f, "{host}:{}", self.port),
        }
    }
}

impl Address {
    /// The addresses of the host, each with the port (getaddrinfo(3)).
    ///
    /// # Errors
    ///
    /// [`Error::Interface`] if the interface of a link-local address is missing or does not exist,
    /// or if another address has one. [`Error::Name`] if the host leads to no address.
    pub fn look_up(&self) -> Result<Vec<SocketAddr>, Error> {
        let Address { host, port } = self;
        let (address, zone) = match host.split_once('%') {
            Some((address, zone)) => (address, Some(zone).filter(|zone| !zone.is_empty())),
            None => (&**host, None),
        };
        match (address.parse(), zone) {
            (Ok(IpAddr::V6(address)), Some(zone)) if is_of_one_link(address) => {
                let index = interface::index(zone).ok_or_else(|| self.unknown(zone))?;
                Ok(vec![SocketAddrV6::new(address, *port, 0, index).into()])
            }
            (Ok(IpAddr::V6(address)), None) => {
                self.complete(vec![SocketAddrV6::new(address, *port, 0, 0).into()])
            }
            (Ok(address), Some(zone)) => Err(superfluous(address, zone)),
            _ => self.complete((&**host, *port).to_socket_addrs().map_err(Error::Name)?.collect()),
        }
    }

    /// The addresses that are complete, if there are some.
    fn complete(&self, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, Error> {
        let lacking = |found: &SocketAddr| match found {
            SocketAddr::V6(found) if found.scope_id() == 0 => is_of_one_link(*found.ip()),
            _ => false,
        };
        match found.first() {
            Some(first) if found.iter().all(lacking) => Err(self.incomplete(first.ip())),
            _ => Ok(found.into_iter().filter(|found| !lacking(found)).collect()),
        }
    }

    fn incomplete(&self, address: IpAddr) -> Error {
        let names = interface::names();
        let example = names.iter().find(|name| *name != "lo").or(names.first());
        let example = example.map_or("eth0", String::as_str);
        Error::Interface(format!(
            "{address} is a link-local address, and each interface has its own link: add the \
             interface: [{address}%{example}]:{} (interfaces here: {})",
            self.port,
            names.join(", ")
        ))
    }

    fn unknown(&self, zone: &str) -> Error {
        Error::Interface(format!(
            "there is no interface {} for {self} (interfaces here: {})",
            zone.escape_debug(),
            interface::names().join(", ")
        ))
    }
}

/// The error for an interface behind an address that needs none. The kernel would ignore it.
fn superfluous(address: IpAddr, zone: &str) -> Error {
    Error::Interface(format!(
        "{address} is no link-local address, so no interface belongs to it: leave %{} out",
        zone.escape_debug()
    ))
}

/// Why a host leads to no address.
#[derive(Debug)]
pub enum Error {
    /// The interface of a link-local address is missing, unknown or superfluous. The text says what
    /// to write.
    Interface(String),
    /// The error of getaddrinfo(3).
    Name(io::Error),
}

impl error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Interface(text) => write!(f, "{text}"),
            Error::Name(error) => write!(f, "{error}"),
        }
    }
}

/// Divides `HOST`, `HOST:PORT`, `[IPV6]` or `[IPV6]:PORT` into the host and the text of the port.
/// An IPv6 address without brackets has no port. `None` if it is no such text.
pub fn host_and_port(text: &str) -> Option<(&str, Option<&str>)> {
    let (host, port) = if let Some(bracketed) = text.strip_prefix('[') {
        match bracketed.split_once(']')? {
            (host, "") => (host, None),
            (host, rest) => (host, Some(rest.strip_prefix(':')?)),
        }
    } else if is_ipv6(text) {
        (text, None)
    } else {
        match text.split_once(':') {
            None => (text, None),
            Some((host, port)) => (host, Some(port)),
        }
    };
    (!host.is_empty()).then_some((host, port))
}

/// Looks up a `HOST:PORT`.
///
/// # Errors
///
/// Those of [`Address::look_up`]; a text of another form is an [`Error::Name`].
pub fn look_up(text: &str) -> Result<Vec<SocketAddr>, Error> {
    let address = || {
        let (host, port) = host_and_port(text)?;
        Some(Address { host: host.to_owned(), port: port?.parse().ok()? })
    };
    let wanted = "want HOST:PORT, like 127.0.0.1:3026 or [::1]:3026";
    let no_address = || io::Error::new(io::ErrorKind::InvalidInput, wanted);
    address().ok_or_else(|| Error::Name(no_address()))?.look_up()
}

/// Whether `host` is an IPv6 address, perhaps with an interface (`fe80::1%eth0`).
fn is_ipv6(host: &str) -> bool {
    let (address, _zone) = host.split_once('%').unwrap_or((host, ""));
    address.parse::<Ipv6Addr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found = look_up(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(found.iter().map(SocketAddr::to_string).collect::<Vec<_>>(), expected);
    }

    #[track_caller]
    fn check_refused(text: &str, words: &[&str]) {
        let error = look_up(text).expect_err(text).to_string();
        for word in words {
            assert!(error.contains(word), "{text}: {error}");
        }
    }

    #[test]
    fn numbers_are_read() {
        check("127.0.0.1:7", &["127.0.0.1:7"]);
        check("[::]:0", &["[::]:0"]);
        check("[2001:db8::1]:65535", &["[2001:db8::1]:65535"]);
    }

    #[test]
    fn the_interface_of_a_link_local_address_is_read_by_name_and_by_index() {
        let index = nix::net::if_::if_nametoindex("lo").unwrap();
        for host in ["fe80::1", "ff02::4a14:1e", "ff01::1", "FEBF::1"] {
            let complete = format!("[{}%{index}]:7", host.to_lowercase());
            check(&format!("[{host}%lo]:7"), &[&complete]);
            check(&format!("[{host}%{index}]:7"), &[&complete]);
        }
    }

    #[test]
    fn a_missing_interface_is_asked_for() {
        for text in ["[fe80::1]:7", "[fe80::1%]:7"] {
            check_refused(
                text,
                &["add the interface: [fe80::1%", "]:7", "interfaces here: ", "lo"],
            );
        }
        check_refused("[ff02::1]:7", &["add the interface: [ff02::1%"]);
    }

    #[test]
    fn an_interface_that_does_not_exist_is_named() {
        for zone in ["no-such\u{1b}", "4294967295", "4294967296", "0", "-1", "lo "] {
            let shown = zone.escape_debug().to_string();
            let expected = format!("there is no interface {shown} for [fe80::1%{shown}]:7");
            check_refused(&format!("[fe80::1%{zone}]:7"), &[&expected, "interfaces here: "]);
        }
    }

    #[test]
    fn an_interface_behind_another_address_is_refused() {
        for host in ["::1", "2001:db8::1", "fec0::1", "ff05::1"] {
            check_refused(&format!("[{host}%lo]:7"), &[host, "leave %lo out"]);
        }
        check_refused("127.0.0.1%lo:7", &["127.0.0.1", "leave %lo out"]);
    }

    #[test]
    fn hosts_and_ports_are_divided() {
        assert_eq!(host_and_port("a:7"), Some(("a", Some("7"))));
        assert_eq!(host_and_port("[::1]:7"), Some(("::1", Some("7"))));
        assert_eq!(host_and_port("fe80::1%eth0"), Some(("fe80::1%eth0", None)));
        for text in ["", ":7", "[::1", "[::1]7", "[]:7"] {
            assert_eq!(host_and_port(text), None, "{text}");
        }
    }
}
