use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use protocol::ClientId;
use tracing::{debug, info, warn};

use crate::seldom::Seldom;

// ANCHOR: pause
/// How long nobody is accepted after descriptors or memory have run out: 100 ms.
///
/// accept(2) fails at once as long as nothing is given back, and the listener stays ready: without
/// a pause the server would spin. OpenSSH sleeps as long, axum a second, nginx stops for 500 ms.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
// ANCHOR_END: pause

/// A listener and what there is to know about accepting from it: who is next, and what to do when
/// it fails.
#[derive(Debug)]
pub struct Acceptor<L> {
    listener: Option<L>,
    accepted: u64,
    paused_until: Option<Instant>,
    warning: Seldom,
}

/// A client that has just been accepted.
#[derive(Debug)]
pub struct Arrival<S> {
    /// Its number.
    pub client: ClientId,
    /// Its address: `127.0.0.1:37994` where it speaks IPv4, also if the socket is an IPv6 one.
    pub peer: SocketAddr,
    /// The connection.
    pub stream: S,
}

impl<L> Acceptor<L> {
    /// Accepts from `listener`, which should not block: a client may be gone again between its
    /// readiness and accept(2), and the server must not wait for the next one then.
    pub fn new(listener: L) -> Acceptor<L> {
        Acceptor {
            listener: Some(listener),
            accepted: 0,
            paused_until: None,
            warning: Seldom::new(),
        }
    }

    /// The listener, if it is to be watched: not during a pause, and not after the end.
    pub fn listener(&mut self) -> Option<&L> {
        self.paused_until = self.paused_until.filter(|end| *end > Instant::now());
        self.listener.as_ref().filter(|_| self.paused_until.is_none())
    }

    /// When to look at the listener again, if accepting has just failed for want of resources.
    pub fn paused_until(&self) -> Option<Instant> {
        self.paused_until.filter(|_| self.listener.is_some())
    }

    /// Accepts nobody any more. Those who wait in the backlog are reset.
    pub fn close(&mut self) {
        self.listener = None;
    }

    /// Makes an arrival of what accept(2) gave, or decides what its failure means.
    pub fn admit<S>(&mut self, accepted: io::Result<(S, SocketAddr)>) -> Option<Arrival<S>> {
        match accepted {
            Ok((stream, address)) => {
                self.accepted += 1;
                let client = ClientId(self.accepted);
                let peer = SocketAddr::new(address.ip().to_canonical(), address.port());
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

    /// Says how many clients there were: the last words of a server.
    pub fn log_summary(&self) {
        let clients = self.accepted;
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

/// Says that a client is gone, and how its connection ended.
pub fn log_end(client: ClientId, ended: &io::Result<()>) {
    match ended {
        Ok(()) => info!("{client} left"),
        Err(error) => info!("{client} was lost: {error}"),
    }
}

/// Whether an error of accept(2) concerns the one connection that it would have returned, so that
/// the next one may be accepted at once. Linux passes on errors that are already pending there.
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
