use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::process::{Child, Command};

use test_kit::{Process, wait_until};

/// A program that serves on its standard input. Dropping it kills it.
pub(crate) struct Running {
    child: Child,
    address: SocketAddr,
}

impl Running {
    /// Runs it with a listener like those of our servers, with the same backlog and options.
    pub(crate) fn start(mut command: Command) -> Running {
        let listener = sockets::listen("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let child = command.stdin(OwnedFd::from(listener)).spawn();
        let child = child.unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        Running { child, address }
    }

    /// Runs a program that makes its own listener, at the port that it is given, and waits until it
    /// listens.
    pub(crate) fn start_at(command: impl FnOnce(u16) -> Command) -> Running {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
        let address = free.expect("a port is free");
        let mut command = command(address.port());
        let child = command.spawn();
        let child = child.unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        wait_until("the server listens", || TcpStream::connect(address).is_ok());
        Running { child, address }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn process(&self) -> Process {
        Process(self.child.id() as i32)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only if it has already been waited for. Its children end with their
        // connections.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
