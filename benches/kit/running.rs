use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::process::{Child, Command};

use test_kit::Process;

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
