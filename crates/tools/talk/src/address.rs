//! Addresses as people write them.

use std::str::FromStr;

use lookup::{Address, host_and_port};

/// An address on the command line: `HOST:PORT`, or only `HOST`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Target {
    host: String,
    port: Option<u16>,
}

impl Target {
    /// The address. The port may be a separate argument, as for `telnet` and `nc`.
    ///
    /// It is a usage error to give the port twice, not at all, or as another word than a number.
    pub(crate) fn with_port(self, port: Option<&str>) -> Result<Address, String> {
        let Target { host, port: own } = self;
        let port = port.map(|word| port_behind(&host, word)).transpose()?;
        match (own, port) {
            (Some(port), None) | (None, Some(port)) => Ok(Address { host, port }),
            (Some(port), Some(_)) => {
                Err(format!("{} has a port already: give it only once", Address { host, port }))
            }
            (None, None) => Err(format!(
                "which port of {host}? Write {}, for example",
                Address { port: 3026, host: host.clone() }
            )),
        }
    }
}

/// Reads the word behind a host as its port.
fn port_behind(host: &str, word: &str) -> Result<u16, String> {
    match (word.parse(), word.parse::<Target>()) {
        (Ok(port @ 1..), _) => Ok(port),
        // The user took the host for the name of a service, or of a protocol.
        (_, Ok(Target { port: Some(_), .. })) => Err(format!(
            "{} is no port, but an address, and talk took {} before it for the host: leave that \
             word out, or name one of the commands echo, increment, frames and upload",
            word.escape_debug(),
            host.escape_debug()
        )),
        _ => Err(format!(
            "{} is no port of {}: a port is a number from 1 to 65535",
            word.escape_debug(),
            host.escape_debug()
        )),
    }
}

const EXPECTED: &str = "write HOST:PORT, like 127.0.0.1:3026, localhost:3026 or [::1]:3026";

impl FromStr for Target {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Target, &'static str> {
        let target = Target::with_any_port(text)?;
        match target.port {
            Some(0) => Err("no server has port 0: a port is 1 to 65535"),
            _ => Ok(target),
        }
    }
}

/// An address of this machine to listen on, as `HOST:PORT`; for port 0 the kernel chooses one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place(pub(crate) Address);

impl FromStr for Place {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Place, &'static str> {
        let Target { host, port } = Target::with_any_port(text)?;
        Ok(Place(Address { host, port: port.ok_or(EXPECTED)? }))
    }
}

impl Target {
    fn with_any_port(text: &str) -> Result<Target, &'static str> {
        let (host, port) = host_and_port(text).ok_or(EXPECTED)?;
        Ok(Target {
            host: host.to_owned(),
            port: match port.map(str::parse) {
                None => None,
                Some(Ok(port)) => Some(port),
                Some(Err(_)) => return Err(EXPECTED),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, host: &str, port: Option<u16>) {
        let host = host.to_owned();
        assert_eq!(text.parse(), Ok(Target { host, port }));
    }

    #[test]
    fn names_and_numbers_are_understood() {
        check("127.0.0.1:7", "127.0.0.1", Some(7));
        check("localhost:65535", "localhost", Some(65535));
        check("localhost", "localhost", None);
        check("[::1]:3026", "::1", Some(3026));
        check("[::1]", "::1", None);
        check("::1", "::1", None);
        check("fe80::1%eth0", "fe80::1%eth0", None);
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            ":",
            ":7",
            "a:",
            "a:b",
            "a:0",
            "a:65536",
            "a:-1",
            "[::1",
            "[::1]7",
            "[::1]:",
            "[]:7",
            "tcp://a:7",
            "a:7:8",
        ] {
            assert!(text.parse::<Target>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_place_to_listen_has_a_port_which_may_be_0() {
        let place = |host: &str, port| Ok(Place(Address { host: host.to_owned(), port }));
        assert_eq!("[::]:0".parse(), place("::", 0));
        assert_eq!("localhost:5000".parse(), place("localhost", 5000));
        for text in ["", "localhost", "5000", ":5000", "::1", "a:65536"] {
            assert!(text.parse::<Place>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_port_is_given_once() {
        let with_port = |text: &str, port| {
            let target: Target = text.parse().unwrap();
            target.with_port(port).map_err(|error| error.to_string())
        };
        let address = |host: &str| {
            let host = host.to_owned();
            Ok(Address { host, port: 7 })
        };
        assert_eq!(with_port("a", Some("7")), address("a"));
        assert_eq!(with_port("a:7", None), address("a"));
        assert_eq!(with_port("::1", Some("7")), address("::1"));
        assert_eq!(
            with_port("[::1]:7", Some("7")).unwrap_err(),
            "[::1]:7 has a port already: give it only once"
        );
        assert_eq!(
            with_port("::1", None).unwrap_err(),
            "which port of ::1? Write [::1]:3026, for example"
        );
    }

    #[test]
    fn the_error_says_which_word_is_no_port() {
        let error = |host: &str, word| {
            let target: Target = host.parse().unwrap();
            target.with_port(Some(word)).unwrap_err()
        };
        for address in ["127.0.0.1:1", "[::1]:7", "localhost:7"] {
            let error = error("telnet", address);
            let begin = format!("{address} is no port, but an address, and talk took telnet");
            assert!(error.starts_with(&begin), "{error}");
        }
        for word in ["0", "65536", "-1", "http", "", "1:2:3"] {
            let expected = format!("{word} is no port of a: a port is a number from 1 to 65535");
            assert_eq!(error("a", word), expected);
        }
    }
}
