//! One datagram to many hosts: the common parts of multicast and broadcast.

use std::io::{self, ErrorKind, Write};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use launch::{Problem, printed, without_numbers};
use nix::errno::Errno;
use nix::poll::PollFlags;
use protocol::text;
use sockets::{ACCEPT_PAUSE, Stop, poll};

use crate::interfaces::{Interface, choices};

/// The text to send, the interval, and the number of times.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    /// Without a text, each datagram has a number.
    pub(crate) text: Option<String>,
    pub(crate) every: Duration,
    pub(crate) count: Option<u64>,
}

/// The reason why nothing was sent or received.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A system call failed.
    System(io::Error),
    /// Standard output cannot be written. This is no failure if a reader like `head` has closed it.
    Output(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::System(error)
    }
}

/// Sends a text again and again, and prints a line for each datagram, until it is stopped.
///
/// # Errors
///
/// The first datagram cannot be sent. Later failures are only reported, as networks come and go.
pub(crate) fn send(
    socket: &UdpSocket,
    to: SocketAddr,
    schedule: &Schedule,
    stop: &Stop,
) -> Result<(), Failure> {
    let mut trouble = Trouble::default();
    for number in 1..=schedule.count.unwrap_or(u64::MAX) {
        let text = match &schedule.text {
            Some(text) => text.clone(),
            None => format!("hello {number}"),
        };
        match socket.send_to(text.as_bytes(), to) {
            Ok(_) => {
                trouble.is_over();
                say(&format!("sent to {to}: {text}"))?;
            }
            // An ICMP error of an earlier datagram says nothing about this one, and a full buffer
            // empties.
            Err(error) if number == 1 && !passes(&error) => return Err(error.into()),
            Err(error) => trouble.is("cannot send for now", &error),
        }
        if Some(number) == schedule.count {
            break;
        }
        // From now on: a sender that was stopped for an hour must not catch up.
        let next = Instant::now() + schedule.every;
        while !stop.flag().is_raised() && Instant::now() < next {
            poll([((), stop.as_fd(), PollFlags::POLLIN)], Some(next))?;
        }
        if stop.flag().is_raised() {
            break;
        }
    }
    Ok(())
}

/// Shows received datagrams, until it is stopped, or until `count` have arrived.
///
/// Each time that `look_again` has passed, `refresh` may repair the membership, and return a socket
/// to use instead.
///
/// # Errors
///
/// The wait itself fails.
pub(crate) fn receive(
    mut socket: UdpSocket,
    count: Option<u64>,
    stop: &Stop,
    look_again: Option<Duration>,
    mut refresh: impl FnMut(&UdpSocket) -> Option<UdpSocket>,
) -> Result<UdpSocket, Failure> {
    let mut buffer = vec![0; 65_535];
    let mut left = count.unwrap_or(u64::MAX);
    let mut trouble = Trouble::default();
    let mut look_at = look_again.map(|after| Instant::now() + after);
    socket.set_nonblocking(true)?;
    while left > 0 && !stop.flag().is_raised() {
        match socket.recv_from(&mut buffer) {
            Ok((length, from)) => {
                trouble.is_over();
                left -= 1;
                say(&format!("{from} {}", shown(&buffer[..length])))?;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                let interests = [stop.as_fd(), socket.as_fd()];
                let interests = interests.map(|fd| ((), fd, PollFlags::POLLIN));
                poll(interests, look_at)?;
            }
            Err(error) if passes(&error) => {}
            Err(error) => {
                trouble.is("cannot receive for now", &error);
                let pause = Some(Instant::now() + ACCEPT_PAUSE);
                poll([((), stop.as_fd(), PollFlags::POLLIN)], pause)?;
            }
        }
        if look_at.is_some_and(|at| Instant::now() >= at) {
            if let Some(mended) = refresh(&socket) {
                mended.set_nonblocking(true)?;
                socket = mended;
            }
            look_at = look_again.map(|after| Instant::now() + after);
        }
    }
    Ok(socket)
}

/// A datagram as text, without control characters and without the final line end.
fn shown(datagram: &[u8]) -> String {
    let text = datagram.strip_suffix(b"\n").unwrap_or(datagram);
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    let mut shown = String::new();
    text::show(text, &mut shown);
    shown
}

/// Whether another attempt may succeed: an earlier datagram reached no program (ECONNREFUSED), a
/// buffer is full, or a signal arrived.
fn passes(error: &io::Error) -> bool {
    let kinds = [ErrorKind::ConnectionRefused, ErrorKind::Interrupted, ErrorKind::WouldBlock];
    kinds.contains(&error.kind()) || error.raw_os_error() == Some(Errno::ENOBUFS as i32)
}

/// Prints a line on standard output, and flushes it.
fn say(line: &str) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    let written = writeln!(output, "{line}").and_then(|()| output.flush());
    written.map_err(Failure::Output)
}

/// Prints a note on standard error. If that is closed, the program goes on.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Reports a repeated failure only once.
#[derive(Debug, Default)]
struct Trouble(Option<ErrorKind>);

impl Trouble {
    fn is(&mut self, what: &str, error: &io::Error) {
        if self.0.replace(error.kind()) != Some(error.kind()) {
            note(&without_numbers(&format!("{what}: {error}")));
        }
    }

    fn is_over(&mut self) {
        self.0 = None;
    }
}

/// The result of a task: a closed output is success, since a reader like `head` has read enough.
pub(crate) fn ended<T>(
    result: Result<T, Failure>,
    explain: impl FnOnce(&io::Error) -> String,
) -> Result<(), Problem> {
    match result {
        Ok(_) => Ok(()),
        Err(Failure::Output(error)) => printed(Err(error)),
        Err(Failure::System(error)) => Err(Problem::world(explain(&error))),
    }
}

/// Explains an error, and suggests what to do about it.
pub(crate) fn explain(
    error: &io::Error,
    interfaces: &[Interface],
    chosen: Option<&Interface>,
) -> String {
    let text = without_numbers(error);
    let others = interfaces.iter().filter(|it| Some(*it) != chosen);
    let others = choices(others);
    let hint = match (error.raw_os_error().map(Errno::from_raw), chosen) {
        (_, Some(Interface { name, is_up, .. })) if !is_up => {
            format!("{name} is down; `ip link set {name} up` switches it on, or {others}")
        }
        (Some(Errno::ENETUNREACH | Errno::ENODEV | Errno::EADDRNOTAVAIL), Some(chosen)) => {
            format!("{} has no route there; {others}", chosen.shown())
        }
        (Some(Errno::ENETUNREACH | Errno::ENODEV | Errno::EADDRNOTAVAIL), None) => {
            format!("this machine has no route there, so it cannot choose an interface; {others}")
        }
        (Some(Errno::ENOBUFS), _) => "a socket may join only so many groups: 20 on Linux, unless \
             net.ipv4.igmp_max_memberships has another value"
            .to_owned(),
        (Some(Errno::EADDRINUSE), _) => {
            "another program has this port exclusively; choose another port".to_owned()
        }
        (Some(Errno::EACCES), _) => {
            "ports below 1024 are privileged; choose a higher one".to_owned()
        }
        (Some(Errno::EMSGSIZE), _) => {
            "a datagram holds at most 65,507 bytes; send a shorter text".to_owned()
        }
        (Some(Errno::EAFNOSUPPORT), _) => "this machine has no IPv6".to_owned(),
        _ => return text,
    };
    format!("{text} ({hint})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_datagram_is_shown_as_one_line() {
        for (datagram, expected) in [
            (&b""[..], ""),
            (b"hello", "hello"),
            (b"hello\n", "hello"),
            (b"hello\r\n", "hello"),
            (b"hello\n\n", "hello\u{fffd}"),
            (b"hello\n192.0.2.1:5 forged", "hello\u{fffd}192.0.2.1:5 forged"),
            (b"\x1b[2J\xff", "\u{fffd}[2J\u{fffd}"),
        ] {
            assert_eq!(shown(datagram), expected);
        }
    }

    #[test]
    fn an_error_without_a_hint_has_the_systems_words() {
        let error = io::Error::from(Errno::EIO);
        assert_eq!(explain(&error, &[], None), "Input/output error");
    }
}
