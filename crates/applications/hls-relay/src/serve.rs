//! Accepts players and encoders, keeps the relay's time, and stops.

use std::convert::Infallible;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use launch::without_numbers;
use socket2::SockRef;
use sockets::{Acceptor, Arrival, Stop};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::Semaphore;
use tokio::time::sleep;
use tracing::{debug, info};

use crate::shared::Shared;
use crate::{Settings, http, ingest};

/// How long a player may take to send the head of a request, and be silent between two requests: 20
/// seconds, as Apache's mod_reqtimeout allows for a head.
///
/// A browser on a busy machine may connect long before it sends its first request. If the relay has
/// closed the connection by then, the browser does not try again.
const HEAD_TIMEOUT: Duration = Duration::from_secs(20);

// ANCHOR: stalled
/// How long the kernel keeps bytes that a player does not take: 8 seconds (TCP_USER_TIMEOUT,
/// tcp(7)). Then the connection ends with an error.
///
/// Only the kernel can end it. If a response cannot be written, hyper does not ask it for more, so
/// it never learns that its listener was dropped.
const STALLED_FOR: Duration = Duration::from_secs(8);

/// How much the kernel takes of a response before the player's own kernel has made room for it:
/// 128 KiB (TCP_NOTSENT_LOWAT, tcp(7)). By default, it would take 4 MiB for each player.
const UNSENT: u32 = 128 << 10;
// ANCHOR_END: stalled

/// How many bytes of a response may wait in this process before it is not asked for more.
const WRITE_BUFFER: usize = 64 << 10;

/// How many descriptors are kept for other uses than players: even with many players, the encoder
/// needs one.
const RESERVED: usize = 64;

/// How often to tell the relay the time if nothing happens.
const TICK: Duration = Duration::from_secs(1);

/// Where encoders and players connect.
#[derive(Debug)]
pub(crate) struct Listeners {
    pub(crate) ingest: TcpListener,
    pub(crate) http: TcpListener,
}

/// Relays until `stop`, and serves on for the grace.
///
/// # Errors
///
/// The runtime cannot be built, or it cannot watch the listeners.
pub(crate) fn serve(
    listeners: Listeners,
    settings: Settings,
    descriptors: usize,
    stop: Stop,
) -> io::Result<()> {
    // One thread is enough: 100 Mbit/s to 20 players do not fill a processor.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let shared = Arc::new(Shared::new(settings));
    let places = descriptors.saturating_sub(RESERVED).clamp(1, Semaphore::MAX_PERMITS);
    runtime.block_on(async {
        let stop = UnixStream::from_std(stop.into())?;
        tokio::select! {
            ended = accept_players(listeners.http, Arc::clone(&shared), places) => ended?,
            ended = ingest::accept_all(listeners.ingest, Arc::clone(&shared)) => ended?,
            never = keep_time(&shared) => match never {},
            told = end(&stop, &shared, settings.grace) => told?,
        }
        io::Result::Ok(())
    })?;
    info!("stopped");
    Ok(())
}

/// Waits for the stop, ends the stream, and gives players time to notice it.
async fn end(stop: &UnixStream, shared: &Shared, grace: Duration) -> io::Result<()> {
    stop.readable().await?;
    shared.end();
    if shared.with(|relay| relay.playlist().is_ok()) {
        info!("the stream has ended; players have {} s for the rest", grace.as_secs());
        sleep(grace).await;
    }
    Ok(())
}

async fn keep_time(shared: &Shared) -> Infallible {
    loop {
        let next = shared.with(|relay| relay.advance(Instant::now()));
        let next = next.map(|next| next.saturating_duration_since(Instant::now()));
        sleep(next.unwrap_or(TICK).min(TICK)).await;
    }
}

async fn accept_players(
    listener: TcpListener,
    shared: Arc<Shared>,
    places: usize,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    bound_what_stalls(&listener)?;
    let router = http::router(Arc::clone(&shared));
    let mut acceptor = Acceptor::new(tokio::net::TcpListener::from_std(listener)?);
    let places = Arc::new(Semaphore::new(places));
    loop {
        // A full relay does not accept: further players wait in the kernel's backlog.
        let place = Arc::clone(&places).acquire_owned().await.map_err(io::Error::other)?;
        if let Some(until) = acceptor.paused_until() {
            sleep(until.saturating_duration_since(Instant::now())).await;
        }
        let Some(listener) = acceptor.listener() else { continue };
        let accepted = listener.accept().await;
        if let Some(arrival) = acceptor.admit(accepted) {
            let (router, shared) = (router.clone(), Arc::clone(&shared));
            tokio::spawn(async move {
                let _counted = shared.count();
                answer(arrival, router).await;
                drop(place);
            });
        }
    }
}

/// Accepted sockets inherit both options, which saves two system calls for each player.
fn bound_what_stalls(listener: &TcpListener) -> io::Result<()> {
    let listener = SockRef::from(listener);
    listener.set_tcp_user_timeout(Some(STALLED_FOR))?;
    listener.set_tcp_notsent_lowat(UNSENT)
}

/// Answers the requests of one connection. `axum::serve` would wait without limit for the head of a
/// request.
async fn answer(arrival: Arrival<TcpStream>, router: Router) {
    let Arrival { client, stream, .. } = arrival;
    let answered = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(WRITE_BUFFER)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    match answered.await {
        Ok(()) => debug!("{client} left"),
        Err(error) if error.is_timeout() => debug!("{client} was silent"),
        Err(error) => info!("{client} was lost: {}", without_numbers(&in_words(&error))),
    }
}

/// An error with its causes.
fn in_words(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", in_words(source)),
        None => error.to_string(),
    }
}
