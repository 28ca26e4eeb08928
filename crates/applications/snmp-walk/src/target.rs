//! The address of an agent on the command line.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

/// The port of agents (RFC 3417, section 3).
const PORT: u16 = 161;

/// A host, by name or by number, and a UDP port of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// A host that getaddrinfo(3) can look up: `localhost`, `127.0.0.1`, `::1`, `fe80::1%eth0`.
    pub host: String,
    /// A UDP port.
    pub port: u16,
}

/// Reads HOST or HOST:PORT. An IPv6 address before a port stands in brackets (RFC 3986).
impl FromStr for Target {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Target, &'static str> {
        const WANTED: &str = "want HOST or HOST:PORT, like 127.0.0.1, localhost:1161 or [::1]:1161";
        let (host, port) = if let Some(bracketed) = text.strip_prefix('[') {
            match bracketed.split_once(']').ok_or(WANTED)? {
                (host, "") => (host, None),
                (host, rest) => (host, Some(rest.strip_prefix(':').ok_or(WANTED)?)),
            }
        } else if is_ipv6(text) {
            (text, None)
        } else {
            match text.split_once(':') {
                None => (text, None),
                Some((host, port)) => (host, Some(port)),
            }
        };
        let port = port.map_or(Ok(PORT), |port| port.parse().map_err(|_| WANTED))?;
        match host {
            "" => Err(WANTED),
            _ if port == 0 => Err("port 0 cannot be an agent's: want 1 to 65535"),
            _ => Ok(Target { host: host.to_owned(), port }),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match is_ipv6(&self.host) {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// Whether `host` is an IPv6 address, perhaps with a zone (`fe80::1%eth0`, RFC 4007).
fn is_ipv6(host: &str) -> bool {
    let (address, _zone) = host.split_once('%').unwrap_or((host, ""));
    address.parse::<Ipv6Addr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, host: &str, port: u16) {
        assert_eq!(text.parse(), Ok(Target { host: host.to_owned(), port }));
    }

    #[test]
    fn names_and_numbers_are_understood() {
        check("localhost", "localhost", 161);
        check("127.0.0.1:1161", "127.0.0.1", 1161);
        check("::1", "::1", 161);
        check("[::1]", "::1", 161);
        check("[::1]:1161", "::1", 1161);
        check("fe80::1%eth0", "fe80::1%eth0", 161);
        assert_eq!("[::1]:7".parse::<Target>().unwrap().to_string(), "[::1]:7");
    }

    #[test]
    fn anything_else_is_refused() {
        for text in
            ["", ":", ":161", "a:", "a:b", "a:0", "a:65536", "[::1", "[::1]7", "[]:7", "a:7:8"]
        {
            assert!(text.parse::<Target>().is_err(), "{text:?}");
        }
    }
}
