//! A server of datagrams: there is nobody to accept, and nothing to remember of who has asked.
//!
//! One socket is everybody's. So one loop is enough, and neither a process, a thread nor a task for
//! each client would have anything to wait for.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::AsFd;
use std::time::Instant;

use nix::poll::PollFlags;
use sockets::{ACCEPT_PAUSE, Stop, poll};
use tracing::{info, warn};

use crate::envelope::{Envelope, receive, reply, tell_destinations};
use crate::tally::Tally;
use crate::{Guard, Service};

/// No datagram is longer: its size is a u16, and counts the header as well (RFC 768).
const LONGEST: usize = 65_535;

/// Answers the datagrams that come to `socket` until it is told to stop.
///
/// Nothing that comes can end it, and nothing that fails: what cannot be answered is dropped and
/// counted, as the network drops and does not even count.
///
/// # Errors
///
/// The system refuses to prepare the socket, or to wait.
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
                // An earlier answer has met nobody. It is told of the whole socket, and whoever has
                // asked is gone.
                ErrorKind::Interrupted | ErrorKind::ConnectionRefused => {}
                _ => {
                    warn!("cannot receive for now: {error}");
                    // It would fail again at once, and again.
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
            // There is no room (ENOBUFS, EAGAIN), no way (ENETUNREACH), or a firewall (EPERM). Or
            // the source is a network's own broadcast address, which the kernel alone knows: it
            // lets nobody send there who has not asked for it (SO_BROADCAST, EACCES).
            Err(_) => tally.unsent(envelope.source),
        },
        Err(why) => tally.refuse(envelope.source, why),
    }
}

/// Waits until there is a datagram, the server is to stop, or it is time.
fn wait(socket: Option<&UdpSocket>, stop: &Stop, deadline: Option<Instant>) -> io::Result<()> {
    let socket = socket.map(|socket| ((), socket.as_fd(), PollFlags::POLLIN));
    let interests = [((), stop.as_fd(), PollFlags::POLLIN)].into_iter();
    poll(interests.chain(socket), deadline).map(drop)
}

/// Whether the address is one of this machine's: nobody can bind another's.
fn is_ours(mut source: SocketAddr) -> bool {
    // Kept as it is otherwise: an address of one link (fe80::) is none without its interface.
    source.set_port(0);
    if let IpAddr::V4(address) = source.ip().to_canonical() {
        source.set_ip(address.into());
    }
    UdpSocket::bind(source).is_ok()
}
