//! The address of an agent on the command line.

use std::str::FromStr;

use lookup::{Address, host_and_port};

/// The port of agents (RFC 3417, section 3).
const PORT: u16 = 161;

/// The address of an agent.
#[derive(Clone, Debug, PartialEq)]
pub struct Target(pub Address);

/// Reads HOST or HOST:PORT. An IPv6 address before a port stands in brackets (RFC 3986).
impl FromStr for Target {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Target, &'static str> {
        const WANTED: &str = "want HOST or HOST:PORT, like 127.0.0.1, localhost:1161 or [::1]:1161";
        let (host, port) = host_and_port(text).ok_or(WANTED)?;
        let port = port.map_or(Ok(PORT), |port| port.parse().map_err(|_| WANTED))?;
        match port {
            0 => Err("port 0 cannot be an agent's: want 1 to 65535"),
            _ => Ok(Target(Address { host: host.to_owned(), port })),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, host: &str, port: u16) {
        assert_eq!(text.parse(), Ok(Target(Address { host: host.to_owned(), port })));
    }

    #[test]
    fn names_and_numbers_are_understood() {
        check("localhost", "localhost", 161);
        check("127.0.0.1:1161", "127.0.0.1", 1161);
        check("::1", "::1", 161);
        check("[::1]", "::1", 161);
        check("[::1]:1161", "::1", 1161);
        check("fe80::1%eth0", "fe80::1%eth0", 161);
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
