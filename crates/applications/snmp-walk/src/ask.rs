//! The socket of a walk, and the loop around it.

use std::io::{self, ErrorKind, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Instant;

use launch::{Problem, printed};

use crate::{End, Line, Names, Plan, Step, Target, Walk, print};

/// The output of rows.
#[derive(Debug)]
pub(crate) struct Output<W: Write> {
    /// The writer, which gets large pieces.
    pub(crate) to: io::BufWriter<W>,
    /// How names are printed.
    pub(crate) names: Names,
    /// Whether a person reads along: then no row is held back while the walk waits for the agent.
    pub(crate) is_watched: bool,
}

/// Why a walk did not come to its end.
enum Trouble {
    /// The agent's address cannot be reached, or no program listens there.
    Network(io::Error),
    /// The rows cannot be written.
    Output(io::Error),
    /// The walk itself has failed.
    Walk(Box<crate::Failure>),
}

/// Walks the tree at the first address of the host that can be reached.
///
/// The text of a problem names the address. If the reader of the output is gone, like `head` when
/// it has seen enough, the walk ends without a problem.
pub(crate) fn walk<W: Write>(
    target: &Target,
    plan: &Plan,
    request_id: i32,
    output: &mut Output<W>,
) -> Result<End, Problem> {
    let Target(agent) = target;
    let found = agent.look_up().map_err(|error| match error {
        lookup::Error::Interface(text) => Problem::world(text),
        lookup::Error::Name(error) => Problem::world(format!(
            "cannot find the host {}: {error}; is it spelled right, and is the network up?",
            agent.host.escape_debug()
        )),
    })?;
    let mut addresses = found.into_iter();
    let mut walk = Walk::new(plan.clone(), request_id).map_err(Problem::usage)?;
    let mut address = addresses
        .next()
        .ok_or_else(|| Problem::world(format!("{agent}: that host has no address")))?;
    loop {
        let trouble = match ask(address, &mut walk, output) {
            Ok(end) => return Ok(end),
            Err(trouble) => trouble,
        };
        match (trouble, addresses.next()) {
            // A name may have an IPv6 and an IPv4 address, and the agent may listen on only one of
            // them.
            (Trouble::Network(_), Some(next)) if !walk.has_heard() => {
                walk = Walk::new(plan.clone(), request_id).map_err(Problem::usage)?;
                address = next;
            }
            (Trouble::Output(error), _) => {
                return printed(Err(error)).map(|()| End::Enough);
            }
            (trouble, _) => return Err(problem(address, trouble)),
        }
    }
}

// ANCHOR: ask
/// Carries out the steps of the walk, until it is over.
fn ask<W: Write>(
    address: SocketAddr,
    walk: &mut Walk,
    output: &mut Output<W>,
) -> Result<End, Trouble> {
    let socket = connected(address).map_err(Trouble::Network)?;
    let mut buffer = vec![0; 65_536];
    loop {
        match walk.step(Instant::now()) {
            Step::Print(line) => output.write(&line).map_err(Trouble::Output)?,
            Step::Send(question) => {
                socket.send(&question).map_err(Trouble::Network)?;
            }
            Step::Wait(until) => {
                output.show(walk).map_err(Trouble::Output)?;
                let size = receive(&socket, &mut buffer, until).map_err(Trouble::Network)?;
                if let Some(size) = size {
                    walk.hear(&buffer[..size]);
                }
            }
            Step::End(end) => {
                output.to.flush().map_err(Trouble::Output)?;
                return end.map_err(|failure| Trouble::Walk(Box::new(failure)));
            }
        }
    }
}

/// A socket that receives only from this address, and gets ECONNREFUSED if no program listens
/// there.
fn connected(address: SocketAddr) -> io::Result<UdpSocket> {
    let any: SocketAddr = match address {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any)?;
    socket.connect(address)?;
    Ok(socket)
}
// ANCHOR_END: ask

/// The size of the datagram that comes, or `None` if the time is over or a signal came.
fn receive(socket: &UdpSocket, buffer: &mut [u8], until: Instant) -> io::Result<Option<usize>> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Ok(None);
    }
    socket.set_read_timeout(Some(left))?;
    match socket.recv(buffer) {
        Ok(size) => Ok(Some(size)),
        Err(error) if is_early(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_early(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

impl<W: Write> Output<W> {
    fn write(&mut self, line: &Line) -> io::Result<()> {
        let mut text = String::with_capacity(128);
        match line {
            Line::Row(row) => print(row, self.names, &mut text),
            Line::EndOfMib => text.push_str("End of MIB"),
        }
        text.push('\n');
        self.to.write_all(text.as_bytes())
    }

    /// Flushes the output, if a person reads along or the agent does not answer at once.
    fn show(&mut self, walk: &Walk) -> io::Result<()> {
        match self.is_watched || walk.tries() > 1 {
            true => self.to.flush(),
            false => Ok(()),
        }
    }
}

fn problem(address: SocketAddr, trouble: Trouble) -> Problem {
    match trouble {
        Trouble::Network(error) => Problem::world(format!("{address}: {}", explain(&error))),
        Trouble::Output(error) => Problem::world(format!("cannot write standard output: {error}")),
        Trouble::Walk(failure) => Problem::world(format!("{address}: {failure}")),
    }
}

/// A network error in words, and its meaning: see udp(7) and ip(7).
fn explain(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::ConnectionRefused => {
            "connection refused: nobody listens on that port; is the agent running?".to_owned()
        }
        ErrorKind::HostUnreachable => {
            "host unreachable: the network is there, but no host answers at that address".to_owned()
        }
        ErrorKind::NetworkUnreachable => {
            "network unreachable: this host knows no way there; is its own network up?".to_owned()
        }
        ErrorKind::PermissionDenied => {
            "permission denied: this host's own firewall forbids it, or it is a broadcast address"
                .to_owned()
        }
        _ => error.to_string(),
    }
}
