//! Causes the errors that a client and a server have to know, one after the other (errno(3)).

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::time::Duration;

use nix::errno::Errno;
use socket2::{Domain, SockRef, Socket, Type};

fn main() -> io::Result<()> {
    // ANCHOR: errors
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    tell("bind where somebody listens", TcpListener::bind(address));
    tell("bind to somebody else's address", TcpListener::bind("192.0.2.1:0"));

    let mut client = TcpStream::connect(address)?;
    let (mut server, _) = listener.accept()?;
    client.set_read_timeout(Some(Duration::from_millis(10)))?;
    tell("read, and nothing comes in time", client.read(&mut [0]));
    SockRef::from(&server).set_linger(Some(Duration::ZERO))?;
    server.write_all(b"x")?;
    drop(server);
    client.read_exact(&mut [0])?;
    client.set_read_timeout(None)?;
    tell("read after a reset", client.read(&mut [0]));
    tell("write after that", client.write(b"x"));
    tell("shutdown after that", client.shutdown(Shutdown::Write));

    drop(listener);
    tell("connect where nobody listens", TcpStream::connect(address));

    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    let full = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.set_nonblocking(true)?;
    let address = full.local_addr()?;
    tell("connect, without blocking", socket.connect(&address.into()));
    // ANCHOR_END: errors
    Ok(())
}

fn tell<T>(what: &str, result: io::Result<T>) {
    let error = result.err().expect("it fails");
    let errno = Errno::from_raw(error.raw_os_error().expect("the system says so"));
    println!("{what:32} {errno:?}: {}", errno.desc());
}
