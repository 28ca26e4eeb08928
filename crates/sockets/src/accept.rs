use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use protocol::ClientId;
use tracing::{debug, info, warn};

use crate::seldom::Seldom;

// ANCHOR: pause
/// How long the server accepts no client after descriptors or memory have run out: 100 ms.
///
/// accept(2) fails at once until some are free again, and the listener stays ready: without a pause
/// the server would spin. OpenSSH sleeps as long, axum a second; nginx stops for 500 ms.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
// ANCHOR_END: pause

/// A listener and the state of accepting from it: the next client's number, and the pause after a
/// failure.
#[derive(Debug)]
pub struct Acceptor<L> {
    listener: Option<L>,
    accepted: &'static AtomicU64,
    paused_until: Option<Instant>,
    warning: Seldom,
}

/// A client that has just been accepted.
#[derive(Debug)]
pub struct Arrival<S> {
    /// Its number.
    pub client: ClientId,
    /// Its address: `127.0.0.1:37994` if it uses IPv4, even on an IPv6 socket.
    pub peer: SocketAddr,
    /// The connection.
    pub stream: S,
}

impl<L> Acceptor<L> {
    /// Accepts from `listener`, which should not block: a client may go away after poll(2) has
    /// reported it and before accept(2), and then the server must not wait for the next one.
    pub fn new(listener: L) -> Acceptor<L> {
        // A server has one acceptor, as long as its process lives.
        Acceptor::counted_by(listener, Box::leak(Box::default()))
    }

    /// Accepts from `listener`, and counts the clients in `accepted`, which other processes may share:
    /// no client's number is used twice.
    pub fn counted_by(listener: L, accepted: &'static AtomicU64) -> Acceptor<L> {
        Acceptor { listener: Some(listener), accepted, paused_until: None, warning: Seldom::new() }
    }

    /// The listener, if the server should wait for it: not during a pause, and not after
    /// [`close`](Self::close).
    pub fn listener(&mut self) -> Option<&L> {
        self.paused_until = self.paused_until.filter(|end| *end > Instant::now());
        self.listener.as_ref().filter(|_| self.paused_until.is_none())
    }

    /// The listener, even while accepting is paused; `None` once the server stops.
    pub fn open_listener(&self) -> Option<&L> {
        self.listener.as_ref()
    }

    /// When to wait for the listener again, if accepting has just failed for lack of resources.
    pub fn paused_until(&self) -> Option<Instant> {
        self.paused_until.filter(|_| self.listener.is_some())
    }

    /// Stops accepting. The kernel resets the connections in the backlog.
    pub fn close(&mut self) {
        self.listener = None;
    }

    /// Makes an arrival from the result of accept(2), or decides what its failure means.
    pub fn admit<S>(&mut self, accepted: io::Result<(S, SocketAddr)>) -> Option<Arrival<S>> {
        match accepted {
            Ok((stream, mut peer)) => {
                let client = ClientId(1 + self.accepted.fetch_add(1, Relaxed));
                // This keeps the rest: a link-local address is incomplete without its interface.
                peer.set_ip(peer.ip().to_canonical());
                info!("{client} connected from {peer}");
                return Some(Arrival { client, peer, stream });
            }
            Err(error) if is_about_one_client(&error) => debug!("a client went away: {error}"),
            Err(error) => {
                self.paused_until = Some(Instant::now() + ACCEPT_PAUSE);
                if self.warning.is_due() {
                    warn!("cannot accept for now: {error}");
                }
            }
        }
        None
    }

    /// Logs how many clients there were: the last line of a server.
    pub fn log_summary(&self) {
        let clients = self.accepted.load(Relaxed);
        info!("stopped; {clients} {} served", if clients == 1 { "client" } else { "clients" });
    }
}

impl Acceptor<TcpListener> {
    /// Accepts the next client, if there is one.
    pub fn accept(&mut self) -> Option<Arrival<TcpStream>> {
        let accepted = self.listener()?.accept();
        self.admit(accepted)
    }
}

/// Logs that a client is gone, and how its connection ended.
pub fn log_end(client: ClientId, ended: &io::Result<()>) {
    match ended {
        Ok(()) => info!("{client} left"),
        Err(error) => info!("{client} was lost: {error}"),
    }
}

/// Whether an error of accept(2) concerns the one connection that it would have returned, so that
/// the next one may be accepted at once. Linux passes on errors that are already pending on that
/// connection.
fn is_about_one_client(error: &io::Error) -> bool {
    use Errno::*;
    let Some(number) = error.raw_os_error() else {
        return false;
    };
    matches!(
        Errno::from_raw(number),
        EAGAIN
            | EINTR
            | ECONNABORTED
            | EPERM
            | EPROTO
            | ENOPROTOOPT
            | EOPNOTSUPP
            | ETIMEDOUT
            | ENETDOWN
            | ENETUNREACH
            | ENONET
            | EHOSTDOWN
            | EHOSTUNREACH
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fails(acceptor: &mut Acceptor<()>, errno: Errno) {
        assert!(acceptor.admit::<()>(Err(errno.into())).is_none());
    }

    #[test]
    fn want_of_resources_pauses() {
        for errno in [Errno::EMFILE, Errno::ENFILE, Errno::ENOBUFS, Errno::ENOMEM] {
            let mut acceptor = Acceptor::new(());
            fails(&mut acceptor, errno);
            assert!(acceptor.listener().is_none(), "{errno}");
            assert!(acceptor.paused_until().is_some(), "{errno}");
        }
    }

    #[test]
    fn a_client_that_went_away_does_not() {
        for errno in [Errno::ECONNABORTED, Errno::EPROTO, Errno::EPERM, Errno::EAGAIN] {
            let mut acceptor = Acceptor::new(());
            fails(&mut acceptor, errno);
            assert!(acceptor.listener().is_some(), "{errno}");
        }
    }

    #[test]
    fn clients_are_counted_from_one_and_known_by_their_ipv4_address() {
        let mut acceptor = Acceptor::new(());
        fails(&mut acceptor, Errno::ECONNABORTED);
        let arrival = acceptor.admit(Ok(((), "[::ffff:127.0.0.1]:9".parse().unwrap()))).unwrap();
        assert_eq!(
            (arrival.client, arrival.peer.to_string().as_str()),
            (ClientId(1), "127.0.0.1:9")
        );
        let arrival = acceptor.admit(Ok(((), "[::1]:9".parse().unwrap()))).unwrap();
        assert_eq!((arrival.client, arrival.peer.to_string().as_str()), (ClientId(2), "[::1]:9"));
    }
}
