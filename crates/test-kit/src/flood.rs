//! Clients that send more than a server takes.

use std::fs;
use std::io::{ErrorKind, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::{Client, wait_until};

/// How long no byte may move before a connection counts as stuck.
const STUCK_AFTER: Duration = Duration::from_millis(500);

/// More bytes than a connection holds: if a client has sent so many, the server reads from it.
const NO_END: usize = 256 * 1024 * 1024;

impl Client {
    /// Sends `block` over and over, reads nothing, and returns how many bytes were sent when the
    /// server took no more.
    #[track_caller]
    pub fn push_until_stuck(&mut self, block: &[u8]) -> usize {
        let mut stream = self.stream();
        let mut sent = 0;
        let mut moved = Instant::now();
        stream.set_nonblocking(true).expect("it is open");
        wait_until("the server takes no more", || {
            loop {
                match stream.write(&block[sent % block.len()..]) {
                    Ok(count) => sent += count,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) => panic!("cannot send after {sent} bytes: {error}"),
                }
                moved = Instant::now();
                assert!(sent < NO_END, "the server takes all input");
            }
            // As long as the server has nothing to read, it may still take more.
            moved.elapsed() >= STUCK_AFTER && self.queues_of_the_server().unread > 0
        });
        stream.set_nonblocking(false).expect("it is open");
        sent
    }

    /// How many of `sent` bytes the server has certainly read by now.
    pub fn read_by_the_server(&self, sent: usize) -> usize {
        // Bytes that are not acknowledged may have arrived all the same, so this may count them
        // twice.
        let unread = self.queues_of_the_server().unread;
        sent.saturating_sub(unread + self.queues().unacknowledged)
    }

    pub(crate) fn queues(&self) -> Queues {
        self.ends().map(|[client, server]| Queues::of(client, server)).unwrap_or_default()
    }

    pub(crate) fn queues_of_the_server(&self) -> Queues {
        self.ends().map(|[client, server]| Queues::of(server, client)).unwrap_or_default()
    }

    /// Both ends; `None` once the server has reset the connection.
    fn ends(&self) -> Option<[SocketAddr; 2]> {
        Some([self.stream().local_addr().ok()?, self.stream().peer_addr().ok()?])
    }
}

/// The bytes that wait in the kernel at one end of a connection.
#[derive(Default)]
pub(crate) struct Queues {
    pub(crate) unacknowledged: usize,
    pub(crate) unread: usize,
}

impl Queues {
    /// The queues of the end at `local` (proc_net(5), the columns `tx_queue` and `rx_queue`); empty
    /// if it is closed.
    fn of(local: SocketAddr, remote: SocketAddr) -> Queues {
        let connections = fs::read_to_string("/proc/net/tcp").expect("/proc is mounted");
        // All connections of the tests are on this host, so the ports distinguish them.
        let [local, remote] = [local, remote].map(|end| format!(":{:04X}", end.port()));
        let find = |line: &str| {
            let mut fields = line.split_whitespace().skip(1);
            let is_it = fields.next()?.ends_with(&local) && fields.next()?.ends_with(&remote);
            let queues = fields.nth(1).filter(|_| is_it)?;
            let (unacknowledged, unread) = queues.split_once(':')?;
            Some(Queues {
                unacknowledged: usize::from_str_radix(unacknowledged, 16).ok()?,
                unread: usize::from_str_radix(unread, 16).ok()?,
            })
        };
        connections.lines().find_map(find).unwrap_or_default()
    }
}
