//! Shows the important system calls as they happen.
//!
//! strace(1) shows all system calls of a program. These are the few calls of a conversation, with
//! the bytes on the wire.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::net::{Shutdown, SocketAddr};
use std::os::fd::{AsFd, AsRawFd};

use nix::errno::Errno;
use socket2::{Domain, Socket, Type};

use crate::prompt::print_above;

/// The number of bytes that are shown of one read or write.
const SHOWN: usize = 32;

/// Whether system calls are shown, on standard error.
#[derive(Clone, Copy, Debug)]
pub struct Trace(bool);

impl Trace {
    /// Shows nothing.
    pub const OFF: Trace = Trace(false);

    /// Shows the calls if `is_on`.
    pub fn new(is_on: bool) -> Trace {
        Trace(is_on)
    }

    pub(crate) fn is_on(self) -> bool {
        self.0
    }

    /// Calls socket(2) for this family and type.
    pub(crate) fn socket(self, to: SocketAddr, kind: Type) -> io::Result<Socket> {
        let socket = Socket::new(Domain::for_address(to), kind, None);
        self.show(|| {
            let family = if to.is_ipv4() { "AF_INET" } else { "AF_INET6" };
            let kind = if kind == Type::STREAM { "SOCK_STREAM" } else { "SOCK_DGRAM" };
            let number = socket.as_ref().map(|socket| socket.as_raw_fd().to_string());
            format!("socket({family}, {kind}) = {}", value(number))
        });
        socket
    }

    /// Shows the result of connect(2), including the wait for it if the socket does not block.
    pub(crate) fn connected(self, socket: &impl AsFd, to: SocketAddr, result: &io::Result<()>) {
        self.show(|| {
            let result = value(result.as_ref().map(|()| "0".to_owned()));
            format!("connect({}, {to}) = {result}", number(socket))
        });
    }

    /// Shows the result of bind(2).
    pub(crate) fn bound(self, socket: &impl AsFd, to: SocketAddr, result: &io::Result<()>) {
        self.show(|| {
            let result = value(result.as_ref().map(|()| "0".to_owned()));
            format!("bind({}, {to}) = {result}", number(socket))
        });
    }

    /// Shows the result of listen(2).
    pub(crate) fn listening(self, socket: &impl AsFd, backlog: i32, result: &io::Result<()>) {
        self.show(|| {
            let result = value(result.as_ref().map(|()| "0".to_owned()));
            format!("listen({}, {backlog}) = {result}", number(socket))
        });
    }

    /// Shows the result of accept(2): the new descriptor, and the caller's address.
    pub(crate) fn accepted(
        self,
        listener: &impl AsFd,
        result: &io::Result<(impl AsFd, SocketAddr)>,
    ) {
        self.show(|| {
            let accepted = result.as_ref();
            let result = value(
                accepted.map(|(stream, caller)| format!("{}, from {caller}", number(stream))),
            );
            format!("accept({}) = {result}", number(listener))
        });
    }

    /// Shows the result of send(2), or of sendto(2) if there is an address, for these bytes.
    pub(crate) fn sent(
        self,
        socket: &impl AsFd,
        offered: &[u8],
        to: Option<SocketAddr>,
        result: &io::Result<usize>,
    ) {
        self.show(|| {
            let (name, to) = match to {
                None => ("send", String::new()),
                Some(to) => ("sendto", format!(", {to}")),
            };
            let result = value(result.as_ref().map(usize::to_string));
            let offered = bytes(offered);
            format!("{name}({}, {offered}{to}) = {result}", number(socket))
        });
    }

    /// Shows the result of recv(2), or of recvfrom(2) if there is an address, with the bytes.
    pub(crate) fn received(
        self,
        socket: &impl AsFd,
        buffer: &[u8],
        from: Option<SocketAddr>,
        result: Result<usize, &io::Error>,
    ) {
        self.show(|| {
            let (name, from) = match from {
                None => ("recv", String::new()),
                Some(from) => ("recvfrom", format!(", from {from}")),
            };
            let result = value(result.map(|count| bytes(&buffer[..count])));
            format!("{name}({}) = {result}{from}", number(socket))
        });
    }

    /// Shows the result of shutdown(2).
    pub(crate) fn shut(self, socket: &impl AsFd, how: Shutdown, result: &io::Result<()>) {
        self.show(|| {
            let how = match how {
                Shutdown::Read => "SHUT_RD",
                Shutdown::Write => "SHUT_WR",
                Shutdown::Both => "SHUT_RDWR",
            };
            let result = value(result.as_ref().map(|()| "0".to_owned()));
            format!("shutdown({}, {how}) = {result}", number(socket))
        });
    }

    fn show(self, line: impl FnOnce() -> String) {
        if self.0 {
            let line = line() + "\n";
            // On a terminal, the user may be typing a line.
            if io::stderr().is_terminal() && print_above(&line) {
                return;
            }
            // One write for each line. If standard error is closed, the conversation goes on.
            let _ = io::stderr().write_all(line.as_bytes());
        }
    }
}

fn number(socket: &impl AsFd) -> i32 {
    socket.as_fd().as_raw_fd()
}

/// The return value of a system call, as in its manual page: -1 for a failure, with errno.
fn value(result: Result<String, &io::Error>) -> String {
    match result {
        Ok(value) => value,
        Err(error) => match error.raw_os_error().map(Errno::from_raw) {
            Some(errno) => format!("-1 {errno:?} ({})", errno.desc()),
            // The client gave up connect(2) after its own timeout.
            None => format!("-1 ({error})"),
        },
    }
}

/// The number of bytes, and the first of them.
fn bytes(bytes: &[u8]) -> String {
    let mut text = match bytes.len() {
        1 => "1 byte".to_owned(),
        count => format!("{count} bytes"),
    };
    for (at, byte) in bytes.iter().take(SHOWN).enumerate() {
        // Writing to a string cannot fail.
        let _ = write!(text, "{}{byte:02x}", if at == 0 { ": " } else { " " });
    }
    if bytes.len() > SHOWN {
        text.push_str(" ...");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_counted_and_the_first_are_shown() {
        assert_eq!(bytes(b""), "0 bytes");
        assert_eq!(bytes(b"\n"), "1 byte: 0a");
        assert_eq!(bytes(&[0, 0x29]), "2 bytes: 00 29");
        let all = vec!["78"; SHOWN].join(" ");
        assert_eq!(bytes(&[b'x'; SHOWN]), format!("32 bytes: {all}"));
        assert_eq!(bytes(&[b'x'; 33]), format!("33 bytes: {all} ..."));
    }

    #[test]
    fn a_failure_has_its_name_and_its_words() {
        let refused = io::Error::from(Errno::ECONNREFUSED);
        assert_eq!(value(Err(&refused)), "-1 ECONNREFUSED (Connection refused)");
    }
}
