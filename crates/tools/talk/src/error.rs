//! The errors, worded so that a reader who meets one for the first time knows what to do.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use std::{error, fmt};

use launch::without_numbers;
use nix::errno::Errno;

use crate::{Address, Failure};

/// The reason why there was no conversation, or why it ended early.
#[derive(Debug)]
pub enum Error {
    /// The command line is wrong, as the text explains.
    Usage(String),
    /// The host has no address, or no name server answers.
    Find {
        /// The name that was looked up.
        host: String,
        /// Why it leads to no address.
        source: lookup::Error,
    },
    /// No address of the host accepts the connection.
    Connect {
        /// The address that the user gave.
        address: Address,
        /// Every address that was tried, in order.
        attempts: Vec<Attempt>,
    },
    /// No address of the host can be listened on.
    Listen {
        /// The address that the user gave.
        address: Address,
        /// The error of bind(2) or listen(2).
        source: io::Error,
    },
    /// No caller can be accepted.
    Accept(io::Error),
    /// A datagram got no answer.
    Silence {
        /// The server that was asked.
        peer: SocketAddr,
        /// The time that the client waited.
        timeout: Duration,
        /// Whether the system would have reported a closed port.
        is_connected: bool,
    },
    /// Some datagrams got no answer; each was reported before.
    Unanswered {
        /// The server that was asked.
        peer: SocketAddr,
        /// The number of datagrams without an answer.
        count: u64,
    },
    /// A file cannot be sent.
    File {
        /// The path of the file.
        path: PathBuf,
        /// The problem with the file.
        why: String,
    },
    /// The server has refused the request, with a reason.
    Refused {
        /// The server.
        peer: SocketAddr,
        /// The server's reason, made safe to show.
        reason: String,
        /// A hint what to do about it, or an empty text.
        hint: &'static str,
    },
    /// The received bytes do not belong to the expected service.
    Foreign {
        /// The peer that sent them.
        peer: SocketAddr,
        /// The service.
        service: &'static str,
    },
    /// The server finished in the middle of something.
    Unfinished {
        /// The server.
        peer: SocketAddr,
        /// The thing that was not finished.
        of: &'static str,
    },
    /// The conversation began, and failed.
    Conversation {
        /// The address that had answered.
        peer: SocketAddr,
        /// The step that failed.
        failure: Failure,
    },
}

/// A failed attempt to connect to one address.
#[derive(Debug)]
pub struct Attempt {
    /// The address.
    pub candidate: SocketAddr,
    /// The error of connect(2).
    pub source: io::Error,
}

impl Error {
    /// The exit status: 2 for wrong usage, 1 for all other errors.
    pub fn exit_status(&self) -> u8 {
        if let Error::Usage(_) = self { 2 } else { 1 }
    }
}

impl error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Usage(text) => write!(f, "{text}"),
            Error::Find { source: lookup::Error::Interface(text), .. } => write!(f, "{text}"),
            Error::Find { host, source } => write!(
                f,
                "cannot find the host {}: {source}; is it spelled right, and is the network up?",
                host.escape_debug()
            ),
            Error::Connect { address, attempts } => {
                let asked = address.to_string();
                write!(f, "cannot connect to {asked}: ")?;
                match &attempts[..] {
                    [] => write!(f, "that host has no address"),
                    [only] if only.candidate.to_string() == asked => {
                        write!(f, "{}", explain(&only.source))
                    }
                    several => {
                        let told: Vec<_> = several.iter().map(Attempt::to_string).collect();
                        write!(f, "tried {}", told.join(", then "))
                    }
                }
            }
            Error::Listen { address, source } => {
                write!(f, "cannot listen on {address}: {source}{}", hint(source))
            }
            Error::Accept(source) => write!(f, "cannot accept a caller: {source}"),
            Error::Silence { peer, timeout, is_connected } => {
                let why = if *is_connected {
                    "the service may be slow, or a firewall may drop the datagrams"
                } else {
                    "with --connect the system would report a closed port"
                };
                write!(
                    f,
                    "{peer}: no answer within {timeout:?}: a lost datagram causes no error, and \
                     neither does a lost answer; {why}"
                )
            }
            Error::Unanswered { peer, count: 1 } => write!(f, "{peer}: one had no answer"),
            Error::Unanswered { peer, count } => write!(f, "{peer}: {count} had no answer"),
            Error::File { path, why } => {
                write!(f, "cannot send {}: {why}", path.display().to_string().escape_debug())
            }
            Error::Refused { peer, reason, hint } => write!(f, "{peer} refused: {reason}{hint}"),
            Error::Foreign { peer, service } => {
                write!(f, "{peer} does not talk like the service {service}: is it the right port?")
            }
            Error::Unfinished { peer, of } => write!(
                f,
                "{peer} finished in the middle of {of}: its log may say why; was it stopped?"
            ),
            Error::Conversation { peer, failure } => write!(f, "{peer}: {failure}"),
        }
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.candidate, explain(&self.source))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Receive(source) => write!(f, "cannot receive: {}", explain(source)),
            Failure::Send(source) => write!(f, "cannot send: {}", explain(source)),
            Failure::Input(source) => {
                write!(f, "cannot read standard input: {}", without_numbers(source))
            }
            Failure::Output(source) => {
                write!(f, "cannot write standard output: {}", without_numbers(source))
            }
            Failure::Wait(source) => write!(f, "cannot wait: {}", without_numbers(source)),
        }
    }
}

impl error::Error for Failure {}

/// The way out of an error of bind(2) or listen(2), or an empty text.
fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::AddrInUse => " (another program listens there; choose another port)",
        ErrorKind::PermissionDenied => " (ports below 1024 are privileged; choose a higher one)",
        ErrorKind::AddrNotAvailable => " (this machine has no such address)",
        _ if error.raw_os_error() == Some(Errno::EAFNOSUPPORT as i32) => {
            " (this machine has no IPv6)"
        }
        _ => "",
    }
}

/// A network error in words, and its meaning: see connect(2), tcp(7) and ip(7).
fn explain(error: &io::Error) -> String {
    let text = match error.kind() {
        ErrorKind::ConnectionRefused => {
            "connection refused: no program listens on that port; is the server running?"
        }
        ErrorKind::TimedOut => {
            "timed out: no answer came; the host may be down, or a firewall may drop what \
             is sent"
        }
        ErrorKind::HostUnreachable => {
            "host unreachable: the network is there, but no host answers at that address"
        }
        ErrorKind::NetworkUnreachable => {
            "network unreachable: this host has no route there; is its own network up?"
        }
        ErrorKind::PermissionDenied => {
            "permission denied: this host's own firewall forbids it, or it is a broadcast address"
        }
        ErrorKind::AddrNotAvailable => {
            "address not available: this host has no address, or no port left, to connect from"
        }
        ErrorKind::ConnectionReset => {
            "connection reset: the other side cut it off instead of finishing; it crashed, was killed, \
             or wants no more data"
        }
        // EMSGSIZE has no `ErrorKind` of its own.
        _ if error.raw_os_error() == Some(Errno::EMSGSIZE as i32) => {
            "message too long: a datagram over IPv4 holds at most 65,507 bytes"
        }
        _ => return error.to_string(),
    };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: &str =
        "connection refused: no program listens on that port; is the server running?";

    fn error(host: &str, candidates: &[&str]) -> Error {
        Error::Connect {
            address: Address { host: host.to_owned(), port: 7 },
            attempts: candidates
                .iter()
                .map(|candidate| Attempt {
                    candidate: candidate.parse().unwrap(),
                    source: ErrorKind::ConnectionRefused.into(),
                })
                .collect(),
        }
    }

    #[track_caller]
    fn check(error: Error, expected: &str) {
        assert_eq!(error.to_string(), expected);
        assert_eq!(error.exit_status(), 1);
    }

    #[test]
    fn an_address_is_named_once() {
        check(
            error("127.0.0.1", &["127.0.0.1:7"]),
            &format!("cannot connect to 127.0.0.1:7: {REFUSED}"),
        );
        check(error("::1", &["[::1]:7"]), &format!("cannot connect to [::1]:7: {REFUSED}"));
    }

    #[test]
    fn every_address_of_a_name_is_listed_with_its_reason() {
        check(
            error("localhost", &["[::1]:7", "127.0.0.1:7"]),
            &format!(
                "cannot connect to localhost:7: \
                 tried [::1]:7 ({REFUSED}), then 127.0.0.1:7 ({REFUSED})"
            ),
        );
        check(
            error("ip4.example", &["192.0.2.1:7"]),
            &format!("cannot connect to ip4.example:7: tried 192.0.2.1:7 ({REFUSED})"),
        );
        check(
            error("none.example", &[]),
            "cannot connect to none.example:7: that host has no address",
        );
    }

    #[test]
    fn a_failure_names_the_step_and_the_peer() {
        let peer = "127.0.0.1:7".parse().unwrap();
        let failure = Failure::Input(ErrorKind::IsADirectory.into());
        check(
            Error::Conversation { peer, failure },
            "127.0.0.1:7: cannot read standard input: is a directory",
        );
    }

    #[test]
    fn an_error_without_its_own_words_has_the_systems_words() {
        let error = io::Error::from_raw_os_error(105);
        assert_eq!(explain(&error), error.to_string());
    }
}
