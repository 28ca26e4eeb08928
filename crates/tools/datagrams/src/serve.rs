//! A server of datagrams: it accepts no connections, and remembers nothing about its clients.
//!
//! All clients share one socket. So one loop is enough: a process, a thread or a task for each
//! client would have nothing to wait for.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsFd;
use std::time::Instant;

use nix::poll::PollFlags;
use sockets::{ACCEPT_PAUSE, Stop, poll};
use tracing::{info, warn};

use crate::envelope::{Envelope, receive, reply, tell_destinations};
use crate::tally::Tally;
use crate::{Guard, Service};

/// No datagram is longer: its size is a u16 that includes the header (RFC 768).
const LONGEST: usize = 65_535;

/// Answers the datagrams that arrive at `socket` until it is stopped.
///
/// No datagram and no failure ends it: if a datagram cannot be answered, the server drops and
/// counts it. A network drops datagrams, too, without counting.
///
/// # Errors
///
/// The socket cannot be prepared, or the wait fails.
pub(crate) fn serve(socket: &UdpSocket, service: Service, stop: &Stop) -> io::Result<()> {
    socket.set_nonblocking(true)?;
    tell_destinations(socket)?;
    let mut guard = Guard::new(socket.local_addr()?.port());
    let mut tally = Tally::default();
    let mut buffer = vec![0; LONGEST];
    while !stop.flag().is_raised() {
        match receive(socket, &mut buffer) {
            Ok((length, envelope)) => {
                let datagram = &mut buffer[..length];
                answer(socket, service, &mut guard, &mut tally, datagram, &envelope);
                tally.say(Instant::now());
            }
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock => {
                    tally.say(Instant::now());
                    wait(Some(socket), stop, tally.due(Instant::now()))?;
                }
                // An earlier answer reached no program. The error belongs to the whole socket, and
                // that client is gone.
                ErrorKind::Interrupted | ErrorKind::ConnectionRefused => {}
                _ => {
                    warn!("cannot receive for now: {error}");
                    // The next call would fail at once, too.
                    wait(None, stop, Some(Instant::now() + ACCEPT_PAUSE))?;
                }
            },
        }
    }
    info!("stopped; {}", tally.counts);
    Ok(())
}

fn answer(
    socket: &UdpSocket,
    service: Service,
    guard: &mut Guard,
    tally: &mut Tally,
    datagram: &mut [u8],
    envelope: &Envelope,
) {
    let admitted = guard.admit(envelope.source, Instant::now(), is_ours);
    match admitted.and_then(|()| service.answer(datagram)) {
        Ok(()) => match reply(socket, datagram, envelope) {
            Ok(()) => tally.counts.answered += 1,
            // A buffer is full (ENOBUFS, EAGAIN), there is no route (ENETUNREACH), or a firewall
            // refuses (EPERM). Or the source is a network's broadcast address, which only the
            // kernel knows: it refuses to send there without SO_BROADCAST (EACCES).
            Err(_) => tally.unsent(envelope.source),
        },
        Err(why) => tally.refuse(envelope.source, why),
    }
}

/// Waits for a datagram, for the request to stop, or for the deadline.
fn wait(socket: Option<&UdpSocket>, stop: &Stop, deadline: Option<Instant>) -> io::Result<()> {
    let socket = socket.map(|socket| ((), socket.as_fd(), PollFlags::POLLIN));
    let interests = [((), stop.as_fd(), PollFlags::POLLIN)].into_iter();
    poll(interests.chain(socket), deadline).map(drop)
}

/// Whether the address is one of this machine's: only those can be bound.
fn is_ours(mut source: SocketAddr) -> bool {
    // Keep the rest: a link-local address (fe80::) is incomplete without its interface.
    source.set_port(0);
    source.set_ip(source.ip().to_canonical());
    UdpSocket::bind(source).is_ok()
}
