use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use launch::raise_descriptor_limit;
use socket2::{Domain, SockRef, Socket, Type};

use crate::{Server, deadline, skip};

/// How many clients of a crowd share an address of their own: fewer than there are ports for one.
const CLIENTS_AN_ADDRESS: usize = 4000;

/// Many clients, in the order in which they connected.
#[derive(Debug)]
pub struct Crowd(Vec<Member>);

/// One of a crowd, and the byte that it sends.
#[derive(Debug)]
struct Member {
    stream: TcpStream,
    byte: u8,
}

/// Whether this process may have so many descriptors. If not, the test that wants them has to be
/// skipped, and this says so; where the environment says `CI=true` it fails the test instead.
#[track_caller]
pub fn can_open(descriptors: usize) -> bool {
    let limit = raise_descriptor_limit().expect("a soft limit may be raised to the hard one");
    if limit < descriptors {
        skip(&format!("{descriptors} descriptors are wanted, and the hard limit is {limit}"));
    }
    limit >= descriptors
}

impl Crowd {
    /// Connects so many clients, one after the other, from 127.0.0.2 on.
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

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each sends a byte, which its neighbours do not.
    pub fn speak(&mut self) {
        for member in &mut self.0 {
            // One that was refused cannot send.
            let _ = member.stream.write_all(&[member.byte]);
        }
    }

    /// Waits for what a client gets, counted from 0: whether that is the byte that it has sent,
    /// rather than the end.
    #[track_caller]
    pub fn is_echoed(&mut self, index: usize) -> bool {
        let member = &mut self.0[index];
        let mut byte = [0];
        match member.stream.read(&mut byte) {
            Ok(0) => false,
            Ok(_) => byte == [member.byte],
            Err(error) if error.kind() == ErrorKind::ConnectionReset => false,
            Err(error) => panic!("client {index} of the crowd: {error}"),
        }
    }

    /// Whether a client, counted from 0, has got nothing yet, not even the end.
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

    /// The first `count` end their connections, by a reset: nobody has to wait for anything then.
    pub fn leave(&mut self, count: usize) {
        for member in self.0.drain(..count) {
            let _ = SockRef::from(&member.stream).set_linger(Some(Duration::ZERO));
        }
    }
}

impl Drop for Crowd {
    /// Closed politely, each would keep its port for a minute (TIME_WAIT).
    fn drop(&mut self) {
        self.leave(self.len());
    }
}
