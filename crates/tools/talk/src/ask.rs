//! Questions and answers by datagram.
//!
//! There is no connection, and no error if the host is down. Lost datagrams are not reported, so a
//! client that waits for an answer has to give up after some time.

use std::io::{self, BufRead, ErrorKind, Write};
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use socket2::Type;

use crate::{Address, Attempt, Error, Failure, Screen, Trace};

/// A socket for questions, and the server that it asks.
#[derive(Debug)]
pub(crate) struct Asker {
    socket: UdpSocket,
    peer: SocketAddr,
    is_connected: bool,
    timeout: Duration,
    trace: Trace,
}

impl Asker {
    /// Asks the first address of the host, since a datagram socket cannot test whether a server is
    /// there.
    ///
    /// connect(2) on a datagram socket sends nothing. It makes the kernel remember the peer: the
    /// socket then receives only from the peer, and if the peer's host reports that the port is
    /// closed (ICMP, RFC 1122), the next system call fails with ECONNREFUSED. An unconnected socket
    /// gets no such error, since it may have sent to many peers.
    pub(crate) fn open(
        address: &Address,
        connect: bool,
        timeout: Duration,
        trace: Trace,
    ) -> Result<Asker, Error> {
        let found = address.look_up();
        let candidates =
            found.map_err(|source| Error::Find { host: address.host.clone(), source })?;
        let failed = |attempts| Error::Connect { address: address.clone(), attempts };
        let peer = candidates.into_iter().next().ok_or_else(|| failed(Vec::new()))?;
        let open = || {
            let socket: UdpSocket = trace.socket(peer, Type::DGRAM)?.into();
            if connect {
                let connected = socket2::SockRef::from(&socket).connect(&peer.into());
                trace.connected(&socket, peer, &connected);
                connected?;
            }
            Ok(socket)
        };
        let socket = open().map_err(|source| failed(vec![Attempt { candidate: peer, source }]))?;
        Ok(Asker { socket, peer, is_connected: connect, timeout, trace })
    }

    /// The server that it asks.
    pub(crate) fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// The error for a missing answer, with its possible reasons.
    pub(crate) fn silence(&self) -> Error {
        Error::Silence { peer: self.peer, timeout: self.timeout, is_connected: self.is_connected }
    }

    /// Asks, and returns the first possible answer, or `None` if the time is over.
    ///
    /// Datagrams from other senders, or ones that cannot be an answer (such as a late answer to an
    /// earlier question), are reported on standard error.
    pub(crate) fn ask(
        &self,
        question: &[u8],
        is_answer: impl Fn(&[u8]) -> bool,
    ) -> Result<Option<Vec<u8>>, Failure> {
        self.send(question).map_err(Failure::Send)?;
        let by = Instant::now() + self.timeout;
        let mut buffer = vec![0; 65_536];
        loop {
            let left = by.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            let waited = self.socket.set_read_timeout(Some(left));
            waited.map_err(Failure::Wait)?;
            let (count, from) = match self.receive(&mut buffer) {
                // The time is over, or a signal arrived: the loop checks that at its top.
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) =>
                {
                    continue;
                }
                result => result.map_err(Failure::Receive)?,
            };
            let answer = &buffer[..count];
            if from == self.peer && is_answer(answer) {
                return Ok(Some(answer.to_vec()));
            }
            note(&format!("{from} sent {count} bytes that are not an answer to this"));
        }
    }

    fn send(&self, question: &[u8]) -> io::Result<()> {
        let (to, result) = if self.is_connected {
            (None, self.socket.send(question))
        } else {
            (Some(self.peer), self.socket.send_to(question, self.peer))
        };
        self.trace.sent(&self.socket, question, to, &result);
        result.map(drop)
    }

    fn receive(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        if self.is_connected {
            let result = self.socket.recv(buffer);
            let given = result.as_ref().copied();
            self.trace.received(&self.socket, buffer, None, given);
            // The kernel delivers only datagrams of the peer.
            return Ok((result?, self.peer));
        }
        let result = self.socket.recv_from(buffer);
        let from = result.as_ref().ok().map(|(_, from)| *from);
        let given = result.as_ref().map(|(count, _)| *count);
        self.trace.received(&self.socket, buffer, from, given);
        result
    }
}

/// Sends each line as a datagram, and shows each answer as a line. Returns the number of lines
/// without an answer.
pub(crate) fn echo<W: Write>(
    asker: &Asker,
    mut keyboard: impl BufRead,
    mut screen: Screen<W>,
) -> Result<u64, Failure> {
    let mut unanswered = 0;
    let mut line = Vec::new();
    while keyboard.read_until(b'\n', &mut line).map_err(Failure::Input)? > 0 {
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        match asker.ask(text, |answer| answer == text)? {
            Some(mut answer) => {
                answer.push(b'\n');
                screen.show(&answer).map_err(Failure::Output)?;
            }
            None => {
                unanswered += 1;
                note(&asker.silence().to_string());
            }
        }
        line.clear();
    }
    Ok(unanswered)
}

/// The server's answer to this number.
pub(crate) fn increment(asker: &Asker, number: i16) -> Result<Option<i16>, Failure> {
    // Both hosts have to agree on the byte order, and network byte order puts the high byte first.
    let answer = asker.ask(&number.to_be_bytes(), |answer| answer.len() == 2)?;
    let next = answer.and_then(|answer| answer.try_into().ok());
    Ok(next.map(i16::from_be_bytes))
}

fn note(text: &str) {
    // `eprintln!` would panic if standard error is closed.
    let _ = writeln!(io::stderr(), "talk: {text}");
}
