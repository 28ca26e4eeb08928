//! A connection to one client, for the styles whose reads block.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::poll::PollFlags;
use protocol::{Answer, Session};
use sockets::{LINGER, Limits, StopFlag, discard_input, poll, until};

/// A connection whose reads and writes block: it takes care of the idle clock, EINTR and the stop,
/// so that a style's own code only reads, answers and writes.
#[derive(Debug)]
pub struct Connection<'a> {
    stream: &'a TcpStream,
    limits: &'a Limits,
    stop: &'a StopFlag,
    /// When the client last completed something.
    completed: Instant,
    /// The server has not waited for the client since then.
    fresh: bool,
    /// How long a read blocks now (socket(7), SO_RCVTIMEO).
    blocks_for: Option<Duration>,
    /// The deadline for the connection, once the stop is noticed.
    over_by: Option<Instant>,
}

/// The result of waiting for a client.
#[derive(Debug)]
pub enum Input<'a> {
    /// It sent these bytes. No bytes mean that it will send no more.
    Bytes(&'a [u8]),
    /// It has completed nothing for this many seconds, the idle timeout.
    Idle(u64),
    /// The server stops, and everything that had arrived is read.
    Stop,
}

impl<'a> Connection<'a> {
    /// A connection over `stream` that stops waiting when `stop` is raised. The code that raises it
    /// must also set the socket's O_NONBLOCK and then send the waiting thread a signal.
    pub fn new(stream: &'a TcpStream, limits: &'a Limits, stop: &'a StopFlag) -> Connection<'a> {
        Connection {
            stream,
            limits,
            stop,
            completed: Instant::now(),
            fresh: true,
            blocks_for: None,
            over_by: None,
        }
    }

    /// Waits for the client to send something, and reads it.
    ///
    /// # Errors
    ///
    /// The errors of recv(2) that mean that the connection is broken.
    pub fn read<'b>(&mut self, buffer: &'b mut Buffer) -> io::Result<Input<'b>> {
        loop {
            if self.over_by().is_some_and(|deadline| until(deadline).is_zero()) {
                return Ok(Input::Stop);
            }
            let left = self.idle_time_left();
            if left.is_some_and(|left| left.is_zero()) {
                return Ok(Input::Idle(self.limits.idle_seconds()));
            }
            self.block_for(left)?;
            self.fresh = false;
            match self.stream.read(buffer.space()) {
                Ok(count) => return Ok(Input::Bytes(buffer.filled(count))),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock if self.stop.is_raised() => return Ok(Input::Stop),
                    ErrorKind::WouldBlock | ErrorKind::Interrupted => {}
                    _ => return Err(error),
                },
            }
        }
    }

    /// Starts the client's idle time again, since the client has completed something.
    pub fn restart_idle_clock(&mut self) {
        self.completed = Instant::now();
        self.fresh = true;
    }

    /// The time at which the client will have been idle for too long, for code that does its own
    /// waiting.
    pub fn idle_deadline(&self) -> Option<Instant> {
        self.limits.idle_timeout.map(|timeout| self.completed + timeout)
    }

    /// Sends all of `bytes`, even if the kernel takes them in many parts.
    ///
    /// # Errors
    ///
    /// The errors of send(2); [`TimedOut`](ErrorKind::TimedOut) if the client took nothing for as
    /// long as it may be idle, or until the grace of the stop was over.
    pub fn write_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.stream.write(bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(error) => match error.kind() {
                    ErrorKind::Interrupted => {}
                    ErrorKind::WouldBlock => self.wait_until_writable()?,
                    _ => return Err(error),
                },
            }
        }
        Ok(())
    }

    /// Shuts the sending side, and waits until the client has closed too or the linger time is
    /// over. After that, dropping the stream is safe: see the module `finish` of `sockets`. The
    /// session hears how much input was discarded meanwhile.
    ///
    /// # Errors
    ///
    /// The connection is broken.
    pub fn finish(mut self, session: &mut dyn Session) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)?;
        let lingers_until = Instant::now() + LINGER;
        loop {
            let deadline = self.over_by().map_or(lingers_until, |over| over.min(lingers_until));
            let input = poll([((), self.stream.as_fd(), PollFlags::POLLIN)], Some(deadline))?;
            let discarded = if input.is_empty() { Some(0) } else { discard_input(self.stream) };
            session.discarded(discarded.unwrap_or_default());
            if discarded.is_none() || until(deadline).is_zero() {
                session.finished();
                return Ok(());
            }
        }
    }

    /// How long the client may still be silent. A socket timeout starts again with each byte, so
    /// after a byte that completed nothing it has to be set to the time that is left.
    fn idle_time_left(&self) -> Option<Duration> {
        let elapsed = if self.fresh { Duration::ZERO } else { self.completed.elapsed() };
        self.limits.idle_timeout.map(|timeout| timeout.saturating_sub(elapsed))
    }

    fn block_for(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        if self.blocks_for == timeout {
            return Ok(());
        }
        if self.blocks_for.is_none() {
            self.stream.set_write_timeout(timeout)?;
        }
        self.blocks_for = timeout;
        self.stream.set_read_timeout(timeout)
    }

    /// Handles a write that would have blocked: it either blocked for as long as the client may be
    /// idle, or the socket does not block any more since the server stops.
    fn wait_until_writable(&mut self) -> io::Result<()> {
        match self.over_by() {
            Some(deadline) if !until(deadline).is_zero() => {
                poll([((), self.stream.as_fd(), PollFlags::POLLOUT)], Some(deadline))?;
                Ok(())
            }
            _ => Err(ErrorKind::TimedOut.into()),
        }
    }

    fn over_by(&mut self) -> Option<Instant> {
        if self.over_by.is_none() && self.stop.is_raised() {
            self.over_by = Some(Instant::now() + self.limits.grace);
        }
        self.over_by
    }
}

// ANCHOR: converse
/// Reads, lets the session answer, and writes, until one side has no more to say.
///
/// # Errors
///
/// The connection is broken, or the client takes nothing for too long.
pub fn converse(
    mut connection: Connection<'_>,
    session: &mut dyn Session,
    buffer: &mut Buffer,
) -> io::Result<()> {
    let greeting = session.greet();
    connection.write_all(&greeting.send)?;
    let mut finished = greeting.finish;
    while !finished {
        let answer = match connection.read(buffer)? {
            Input::Bytes(bytes) => session.receive(bytes),
            Input::Idle(seconds) => session.idle(seconds),
            Input::Stop => Answer::finish(),
        };
        if !answer.completes_nothing() {
            connection.restart_idle_clock();
        }
        connection.write_all(&answer.send)?;
        finished = answer.finish;
    }
    connection.finish(session)
}
// ANCHOR_END: converse

/// The buffer for one read. It starts small and grows when reads fill it: most clients send little,
/// and in these styles each client has its own buffer.
#[derive(Debug, Default)]
pub struct Buffer {
    bytes: Vec<u8>,
    limit: usize,
}

/// The size of a new buffer: a page.
const FIRST_SIZE: usize = 4096;

impl Buffer {
    /// A buffer that grows up to `limit` bytes.
    pub fn new(limit: usize) -> Buffer {
        Buffer { bytes: vec![0; FIRST_SIZE.min(limit)], limit }
    }

    fn space(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    fn filled(&mut self, count: usize) -> &[u8] {
        if count == self.bytes.len() && count < self.limit {
            self.bytes.resize((2 * count).min(self.limit), 0);
        }
        &self.bytes[..count]
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    const IDLE: Duration = Duration::from_millis(200);

    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (client, listener.accept().unwrap().0)
    }

    fn limits() -> Limits {
        Limits { max_clients: 1, idle_timeout: Some(IDLE), ..Limits::default() }
    }

    #[test]
    fn bytes_that_complete_nothing_do_not_set_the_idle_clock_back() {
        let (mut client, stream) = pair();
        let (limits, stop) = (limits(), StopFlag::default());
        let mut connection = Connection::new(&stream, &limits, &stop);
        let mut buffer = Buffer::new(64);
        let begun = Instant::now();
        let mut bytes = 0;
        // The client sends a byte before each read, so the socket's own timeout never expires.
        loop {
            client.write_all(b"x").unwrap();
            match connection.read(&mut buffer).unwrap() {
                Input::Bytes(input) => bytes += input.len(),
                Input::Idle(_) => break,
                Input::Stop => panic!("the server does not stop"),
            }
        }
        assert!(begun.elapsed() >= IDLE);
        assert!(bytes > 1);
    }

    #[test]
    fn a_buffer_grows_to_its_limit() {
        let mut buffer = Buffer::new(10_000);
        for expected in [4096, 8192, 10_000, 10_000] {
            assert_eq!(buffer.space().len(), expected);
            buffer.filled(expected);
        }
        assert_eq!(buffer.filled(7).len(), 7);
    }
}
