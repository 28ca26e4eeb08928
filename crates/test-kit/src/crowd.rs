use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use launch::raise_descriptor_limit;
use socket2::{Domain, SockRef, Socket, Type};

use crate::{Server, again, deadline, skip};

/// How many clients of a crowd share an address: fewer than one address has ports.
const CLIENTS_AN_ADDRESS: usize = 4000;

/// Many clients, in the order in which they connected.
#[derive(Debug)]
pub struct Crowd(Vec<Member>);

/// A client of a crowd, and the byte that it sends.
#[derive(Debug)]
struct Member {
    stream: TcpStream,
    byte: u8,
}

/// Whether this process may have that many descriptors. If not, this says that the test is skipped,
/// and the test has to return. With `CI=true` in the environment, it fails the test instead.
#[track_caller]
pub fn can_open(descriptors: usize) -> bool {
    let limit = raise_descriptor_limit().expect("the soft limit may be raised");
    if limit < descriptors {
        skip(&format!("{descriptors} descriptors are wanted, and the hard limit is {limit}"));
    }
    limit >= descriptors
}

impl Crowd {
    /// Connects `count` clients, one after the other, from 127.0.0.2 on.
    #[track_caller]
    pub fn connect(server: &Server, count: usize) -> Crowd {
        let connect = |number: usize| -> io::Result<Member> {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
            let host = 2 + number / CLIENTS_AN_ADDRESS;
            let address = Ipv4Addr::new(127, 0, 0, u8::try_from(host).expect("a small crowd"));
            socket.bind(&SocketAddr::new(IpAddr::V4(address), 0).into())?;
            socket.connect_timeout(&server.address().into(), deadline())?;
            let stream = TcpStream::from(socket);
            stream.set_read_timeout(Some(deadline()))?;
            stream.set_write_timeout(Some(deadline()))?;
            let byte = number as u8;
            Ok(Member { stream, byte })
        };
        let clients = (0..count).map(connect).collect::<io::Result<_>>();
        Crowd(clients.unwrap_or_else(|error| panic!("cannot connect: {error}")))
    }

    /// The number of clients.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no clients.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Lets each client send a byte. Neighbours send different bytes.
    pub fn speak(&mut self) {
        for member in &mut self.0 {
            // A client that was refused cannot send.
            let _ = member.stream.write_all(&[member.byte]);
        }
    }

    /// Waits until a client, counted from 0, gets something. Returns whether that is the byte that
    /// it has sent, and not the end.
    #[track_caller]
    pub fn is_echoed(&mut self, index: usize) -> bool {
        let member = &mut self.0[index];
        let mut byte = [0];
        match again(|| member.stream.read(&mut byte)) {
            Ok(0) => false,
            Ok(_) => byte == [member.byte],
            Err(error) if error.kind() == ErrorKind::ConnectionReset => false,
            Err(error) => panic!("client {index} of the crowd: {error}"),
        }
    }

    /// Whether a client, counted from 0, has got neither a byte nor the end yet.
    pub fn waits(&self, index: usize) -> bool {
        let stream = &self.0[index].stream;
        let peek = || {
            stream.set_nonblocking(true)?;
            let peeked = stream.peek(&mut [0]);
            stream.set_nonblocking(false)?;
            peeked
        };
        peek().is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }

    /// Lets the first `count` clients end their connections by a reset, so that neither side has to
    /// wait.
    pub fn leave(&mut self, count: usize) {
        for member in self.0.drain(..count) {
            let _ = SockRef::from(&member.stream).set_linger(Some(Duration::ZERO));
        }
    }
}

impl Drop for Crowd {
    /// Resets the connections: if closed politely, each would keep its port for a minute
    /// (TIME_WAIT).
    fn drop(&mut self) {
        self.leave(self.len());
    }
}
