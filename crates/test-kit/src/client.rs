use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, SockRef, Socket, Type};

use crate::{again, deadline, wait_until};

/// A client of a server. Each of its calls ends within [`deadline()`], or fails the test.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
    /// Received bytes that the test has not read yet.
    received: Vec<u8>,
}

impl Client {
    /// Connects.
    #[track_caller]
    pub fn connect(server: SocketAddr) -> Client {
        Client::connect_by(server, |_| Ok(()))
    }

    /// Connects with a receive buffer of `size` bytes, so that only few bytes are on their way to
    /// it at once (socket(7), SO_RCVBUF).
    #[track_caller]
    pub fn connect_with_buffer(server: SocketAddr, size: usize) -> Client {
        Client::connect_by(server, |socket| socket.set_recv_buffer_size(size))
    }

    #[track_caller]
    fn connect_by(server: SocketAddr, prepare: impl Fn(&Socket) -> io::Result<()>) -> Client {
        let connect = || -> io::Result<TcpStream> {
            let socket = Socket::new(Domain::for_address(server), Type::STREAM, None)?;
            prepare(&socket)?;
            socket.connect_timeout(&server.into(), deadline())?;
            let stream = TcpStream::from(socket);
            // Each send should be a segment of its own.
            stream.set_nodelay(true)?;
            stream.set_write_timeout(Some(deadline()))?;
            Ok(stream)
        };
        Client {
            stream: connect().unwrap_or_else(|error| panic!("cannot connect: {error}")),
            received: Vec::new(),
        }
    }

    /// Its own address, which is its first name in a room.
    pub fn name(&self) -> String {
        let address = self.stream.local_addr().expect("it is connected");
        SocketAddr::new(address.ip().to_canonical(), address.port()).to_string()
    }

    /// The connection, for calls that the kit does not have.
    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Sends these bytes.
    #[track_caller]
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        if let Err(error) = self.try_send(bytes) {
            panic!("cannot send: {error}");
        }
    }

    /// Sends these bytes to a server that may have cut the connection off.
    ///
    /// # Errors
    ///
    /// The errors of send(2); [`WouldBlock`](ErrorKind::WouldBlock) when the time is over.
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref())
    }

    /// Sends these bytes, and waits until the server has read them, so that the next bytes come in
    /// another read.
    #[track_caller]
    pub fn send_apart(&mut self, bytes: impl AsRef<[u8]>) {
        self.send(bytes);
        self.wait_until_read();
    }

    // ANCHOR: wait_until_read
    /// Waits until the server has read everything that was sent, or is gone.
    #[track_caller]
    pub fn wait_until_read(&self) {
        // Bytes that have not arrived do not count as unread, so this checks both ends.
        wait_until("the server has read", || {
            self.queues().unacknowledged == 0 && self.queues_of_the_server().unread == 0
        });
    }
    // ANCHOR_END: wait_until_read

    /// Shuts the sending side.
    pub fn half_close(&mut self) {
        // This fails if the connection is gone, and the next read will show that.
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Sends all of these bytes and half-closes, and at the same time receives everything to the
    /// end.
    #[track_caller]
    pub fn exchange(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut sending = self.stream.try_clone().expect("a descriptor is left");
        let send = || {
            sending.write_all(bytes)?;
            sending.shutdown(Shutdown::Write)
        };
        thread::scope(|scope| {
            let sent = scope.spawn(send);
            let received = self.read_to_end();
            sent.join().expect("no panic").expect("all is sent");
            received
        })
    }

    /// Receives a line, and returns it without its CR LF.
    #[track_caller]
    pub fn read_line(&mut self) -> String {
        let is_line = |received: &[u8]| received.iter().position(|&byte| byte == b'\n');
        let Some(end) = self.receive_until(is_line) else {
            panic!("no line, but the end after {:?}", self.shown());
        };
        let line: Vec<u8> = self.received.drain(..=end).collect();
        let line = String::from_utf8(line).expect("lines are UTF-8");
        match line.strip_suffix("\r\n") {
            Some(line) => line.to_owned(),
            None => panic!("{line:?} does not end with CR LF"),
        }
    }

    /// Receives the line `expected` and its CR LF, and nothing before it.
    #[track_caller]
    pub fn expect_line(&mut self, expected: impl AsRef<str>) {
        assert_eq!(self.read_line(), expected.as_ref());
    }

    /// Receives lines up to the first one for which `is_it` holds, and returns it.
    #[track_caller]
    pub fn skip_to_line(&mut self, is_it: impl Fn(&str) -> bool) -> String {
        loop {
            let line = self.read_line();
            if is_it(&line) {
                return line;
            }
        }
    }

    /// Receives `count` bytes.
    #[track_caller]
    pub fn read_exact(&mut self, count: usize) -> Vec<u8> {
        let is_enough = |received: &[u8]| (received.len() >= count).then_some(());
        if self.receive_until(is_enough).is_none() {
            panic!("not {count} bytes, but the end after {:?}", self.shown());
        }
        self.received.drain(..count).collect()
    }

    /// Receives everything until the server shuts its sending side.
    #[track_caller]
    pub fn read_to_end(&mut self) -> Vec<u8> {
        self.receive_until(|_| None::<()>);
        std::mem::take(&mut self.received)
    }

    /// Checks that the server shuts its sending side, and sends nothing before that.
    #[track_caller]
    pub fn expect_end(&mut self) {
        let rest = self.read_to_end();
        assert!(rest.is_empty(), "not the end, but {:?}", String::from_utf8_lossy(&rest));
    }

    /// Checks that the server cuts the connection off. It may send anything before that.
    #[track_caller]
    pub fn expect_reset(&mut self) {
        loop {
            match self.receive(Instant::now() + deadline()) {
                Ok(0) => panic!("not cut off, but finished"),
                Ok(_) => self.received.clear(),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return,
                Err(error) => panic!("not cut off, but: {error}"),
            }
        }
    }

    /// Whether there is nothing to read at this moment.
    pub fn has_nothing(&self) -> bool {
        let is_silent = || {
            self.stream.set_nonblocking(true)?;
            let peeked = self.stream.peek(&mut [0]);
            self.stream.set_nonblocking(false)?;
            peeked
        };
        self.received.is_empty()
            && is_silent().is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }

    /// Ends the connection by a reset, and discards bytes on their way (socket(7), SO_LINGER).
    pub fn reset(self) {
        let _ = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
    }

    /// Receives until `look` finds something in the received bytes. `None` means that the end came
    /// first.
    #[track_caller]
    fn receive_until<T>(&mut self, look: impl Fn(&[u8]) -> Option<T>) -> Option<T> {
        let by = Instant::now() + deadline();
        loop {
            if let Some(found) = look(&self.received) {
                return Some(found);
            }
            match self.receive(by) {
                Ok(0) => return None,
                Ok(_) => {}
                Err(error) => panic!("cannot receive: {error}; so far: {:?}", self.shown()),
            }
        }
    }

    fn receive(&mut self, by: Instant) -> io::Result<usize> {
        let left = by.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        self.stream.set_read_timeout(Some(left))?;
        let mut bytes = [0; 16 * 1024];
        let count = again(|| self.stream.read(&mut bytes))?;
        self.received.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    /// The beginning of the received bytes that the test has not read, for a message.
    fn shown(&self) -> String {
        let beginning = &self.received[..self.received.len().min(500)];
        String::from_utf8_lossy(beginning).into_owned()
    }
}
