//! A client of the server under test: a socket that does not block, and all that has come from it.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use socket2::{Domain, SockRef, Socket, Type};

/// One connection.
#[derive(Debug)]
pub(crate) struct Client {
    stream: TcpStream,
    /// What has come, and how much of it steps have taken.
    received: Vec<u8>,
    taken: usize,
    pub(crate) ending: Option<Ending>,
    pub(crate) reads: Reads,
    /// How much of the tape has been sent since it was last read back.
    pub(crate) under_way: Vec<u8>,
}

/// When a client reads what it does not expect yet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Reads {
    AtOnce,
    /// A little at a time, while other clients have to wait.
    Slowly,
    Never,
}

/// How the server ended the connection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Ending {
    End,
    Reset,
}

/// The most bytes of one read.
const PIECE: usize = 64 << 10;

/// The most bytes that a client keeps: a server that talks without end is not heard to the end.
const MOST: usize = 64 << 20;

impl Client {
    /// Connects in time.
    pub(crate) fn connect(
        server: SocketAddr,
        buffer: Option<usize>,
        timeout: Duration,
    ) -> io::Result<Client> {
        let socket = Socket::new(Domain::for_address(server), Type::STREAM, None)?;
        if let Some(size) = buffer {
            socket.set_recv_buffer_size(size)?;
        }
        socket.connect_timeout(&server.into(), timeout)?;
        socket.set_tcp_nodelay(true)?;
        socket.set_nonblocking(true)?;
        Ok(Client {
            stream: socket.into(),
            received: Vec::new(),
            taken: 0,
            ending: None,
            reads: if buffer.is_some() { Reads::Never } else { Reads::AtOnce },
            under_way: Vec::new(),
        })
    }

    /// The client's address, as a chat server shows it.
    pub(crate) fn name(&self) -> String {
        self.stream.local_addr().map_or(String::new(), |address| address.to_string())
    }

    /// Takes in more than its small buffer has let it: from now on the server can send quickly.
    pub(crate) fn make_room(&self) {
        // Without it, reading takes longer.
        let _ = SockRef::from(&self.stream).set_recv_buffer_size(1 << 20);
    }

    /// Sends as much as the server takes. Returns the number of bytes: 0 if it takes none now.
    pub(crate) fn send_some(&mut self, bytes: &[u8]) -> usize {
        loop {
            match self.stream.write(bytes) {
                Ok(count) => return count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return 0,
                Err(_) => {
                    // What came before is still there to be read.
                    while self.read_some() {}
                    self.ending.get_or_insert(Ending::Reset);
                    return 0;
                }
            }
        }
    }

    /// What has come, and no step has taken yet.
    pub(crate) fn input(&self) -> &[u8] {
        &self.received[self.taken..]
    }

    /// A step takes the first bytes of the input.
    pub(crate) fn take(&mut self, count: usize) {
        self.taken += count;
        // What is left moves to the front, but not for every line.
        if self.taken > self.received.len() / 2 {
            self.received.drain(..self.taken);
            self.taken = 0;
        }
    }

    /// Reads what is there. Returns whether there was anything.
    pub(crate) fn read_some(&mut self) -> bool {
        self.read_up_to(PIECE)
    }

    /// The same, and no more than this; [`PIECE`] is the most.
    pub(crate) fn read_up_to(&mut self, most: usize) -> bool {
        let mut piece = [0; PIECE];
        if self.ending.is_some() || self.received.len() > MOST {
            return false;
        }
        match self.stream.read(&mut piece[..most]) {
            Ok(0) => self.ending = Some(Ending::End),
            Ok(count) => {
                self.received.extend_from_slice(&piece[..count]);
                return true;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => return self.read_up_to(most),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => self.ending = Some(Ending::Reset),
        }
        false
    }

    /// Waits until the socket can be read or, if `writes`, written, or the deadline has passed.
    /// Returns whether it can.
    pub(crate) fn wait(&self, writes: bool, deadline: Instant) -> bool {
        let mut flags = PollFlags::POLLIN;
        if writes {
            flags |= PollFlags::POLLOUT;
        }
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let left = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
            match poll(&mut [PollFd::new(self.stream.as_fd(), flags)], left) {
                Err(Errno::EINTR) => {}
                ready => return ready.is_ok_and(|count| count > 0),
            }
        }
    }

    /// The descriptor, for poll(2).
    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }

    pub(crate) fn half_close(&mut self) {
        // It fails only if the connection has ended, which the next step sees.
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Ends the connection with a reset (socket(7), SO_LINGER).
    pub(crate) fn reset(self) {
        let _ = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
    }
}
