//! The encoder's side: passes bytes from one connection into the relay.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sockets::{Acceptor, Arrival};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use crate::EncoderId;
use crate::shared::Shared;

/// How many bytes to read at once.
const READ: usize = 64 << 10;

/// How often to check a silent encoder.
const LOOK: Duration = Duration::from_secs(1);

/// How long an encoder that is refused has to read the reason.
const FAREWELL: Duration = Duration::from_secs(2);

/// How many connections there are at once: the encoder, and connections that are being refused.
const CONNECTIONS: usize = 16;

/// Says where an encoder can connect, and warns if other hosts can reach that address.
pub(crate) fn announce(address: SocketAddr) {
    info!("an encoder may push its stream to {address}");
    if !address.ip().is_loopback() {
        warn!("anyone who can reach {address} can be the encoder: there is no password");
    }
    let mut out = io::stdout();
    let _ = writeln!(out, "encoder to {address}").and_then(|()| out.flush());
}

/// Accepts encoders without end.
pub(crate) async fn accept_all(listener: TcpListener, shared: Arc<Shared>) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let mut acceptor = Acceptor::new(tokio::net::TcpListener::from_std(listener)?);
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let place = Arc::clone(&places).acquire_owned().await.map_err(io::Error::other)?;
        if let Some(until) = acceptor.paused_until() {
            sleep(until.saturating_duration_since(Instant::now())).await;
        }
        let Some(listener) = acceptor.listener() else { continue };
        let accepted = listener.accept().await;
        if let Some(arrival) = acceptor.admit(accepted) {
            let shared = Arc::clone(&shared);
            tokio::spawn(async move {
                receive(arrival, &shared).await;
                drop(place);
            });
        }
    }
}

/// Receives from an encoder to its end, or tells it why it is refused.
async fn receive(arrival: Arrival<TcpStream>, shared: &Shared) {
    let Arrival { peer, mut stream, .. } = arrival;
    let comes = shared.with(|relay| relay.encoder_comes(peer.to_string(), Instant::now()));
    let encoder = match comes {
        Ok(encoder) => encoder,
        Err(refusal) => {
            warn!("{peer} is refused: {refusal}");
            return send_away(stream, &refusal.to_string()).await;
        }
    };
    info!("{peer} is the encoder");
    match listen_to(&mut stream, encoder, shared).await {
        Heard::Ended(Ok(())) => info!("the encoder at {peer} left"),
        Heard::Ended(Err(error)) => info!("the encoder at {peer} was lost: {error}"),
        Heard::Dropped(why) => {
            warn!("the encoder at {peer} is dropped: {why}");
            send_away(stream, &why).await;
        }
    }
    shared.with(|relay| relay.encoder_leaves(encoder, Instant::now()));
}

/// How the connection of an encoder ends.
enum Heard {
    Ended(io::Result<()>),
    Dropped(String),
}

/// Receives from the encoder, and waits for nothing else.
async fn listen_to(stream: &mut TcpStream, encoder: EncoderId, shared: &Shared) -> Heard {
    let mut buffer = vec![0; READ];
    loop {
        let count = match timeout(LOOK, stream.read(&mut buffer)).await {
            Ok(Ok(0)) => return Heard::Ended(Ok(())),
            Ok(Ok(count)) => count,
            Ok(Err(error)) => return Heard::Ended(Err(error)),
            // The encoder was silent for a while. The relay decides whether that was too long.
            Err(_) => 0,
        };
        if let Err(fault) = shared.receive(encoder, &buffer[..count]) {
            return Heard::Dropped(fault.to_string());
        }
    }
}

/// Sends the reason in a line, and reads on until the encoder has closed: closing with unread input
/// would reset the connection, and the reset could destroy the line.
async fn send_away(mut stream: TcpStream, why: &str) {
    let farewell = async {
        stream.write_all(format!("{why}\n").as_bytes()).await?;
        stream.shutdown().await?;
        let mut rest = vec![0; READ];
        while stream.read(&mut rest).await? > 0 {}
        io::Result::Ok(())
    };
    // If this fails, the encoder misses the reason, and nothing else happens.
    let _ = timeout(FAREWELL, farewell).await;
}
