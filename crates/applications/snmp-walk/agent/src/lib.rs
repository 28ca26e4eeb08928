//! A scripted SNMP agent: a test tells it what to answer. It has a port of its own on loopback.
//!
//! A script is a function from a [`Question`] to datagrams, so an agent can also answer twice, too
//! late, wrongly or not at all. [`Frozen`] is the correct agent: a tree of rows that never change,
//! so that tests can compare the output of two programs byte for byte.

#![forbid(unsafe_code)]

mod frozen;
mod question;
mod row;
mod rows;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

pub use frozen::Frozen;
pub use question::{Answer, Question};
pub use row::Row;
pub use rows::{every_type, many, system};

/// An agent that runs in a thread of its own. Dropping it ends it.
#[derive(Debug)]
pub struct Agent {
    address: SocketAddr,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Agent {
    /// Starts an agent on 127.0.0.1. The script returns the datagrams that answer a question.
    /// Datagrams that are not questions are ignored.
    ///
    /// # Errors
    ///
    /// The errors of bind(2).
    pub fn start(
        script: impl FnMut(&Question) -> Vec<Vec<u8>> + Send + 'static,
    ) -> io::Result<Agent> {
        Agent::start_at((Ipv4Addr::LOCALHOST, 0).into(), script)
    }

    /// Starts an agent at this address. For port 0, the kernel chooses the port.
    ///
    /// # Errors
    ///
    /// The errors of bind(2).
    pub fn start_at(
        address: SocketAddr,
        script: impl FnMut(&Question) -> Vec<Vec<u8>> + Send + 'static,
    ) -> io::Result<Agent> {
        let socket = UdpSocket::bind(address)?;
        let address = socket.local_addr()?;
        let is_over = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&is_over);
        let thread = thread::spawn(move || serve(&socket, &seen, script));
        Ok(Agent { address, is_over, thread: Some(thread) })
    }

    /// The address on which it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

fn serve(
    socket: &UdpSocket,
    is_over: &AtomicBool,
    mut script: impl FnMut(&Question) -> Vec<Vec<u8>>,
) {
    let mut buffer = vec![0; 65_536];
    // An error concerns an earlier client that is gone, and not the next one.
    while !is_over.load(Ordering::Acquire) {
        let Ok((size, from)) = socket.recv_from(&mut buffer) else { continue };
        let Some(question) = Question::read(&buffer[..size], from) else { continue };
        for datagram in script(&question) {
            let _ = socket.send_to(&datagram, from);
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Release);
        // An empty datagram is not a question, but it ends the agent's wait.
        let local = SocketAddr::new(self.address.ip(), 0);
        let woken = UdpSocket::bind(local).and_then(|socket| socket.send_to(&[], self.address));
        if let (Ok(_), Some(thread)) = (woken, self.thread.take()) {
            let _ = thread.join();
        }
    }
}
