//! The pages over HTTP.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, Version, header};
use axum::response::Response;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use percent_encoding::percent_decode_str;
use socket2::SockRef;
use sockets::Stop;
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::{Semaphore, oneshot, watch};
use tokio::time::{sleep, timeout};
use tracing::{error, info, warn};

use crate::Pages;
use crate::pages::content_type;

/// The time that a browser has to read its response after the server stops, or when its place is
/// needed.
const GRACE: Duration = Duration::from_secs(1);

/// How long a client may take to send the head of a request, and be silent between two requests: 20
/// seconds, as Apache's mod_reqtimeout allows for a head.
///
/// A browser on a busy machine may connect long before it sends its first request. If the server
/// has closed the connection by then, the browser does not try again: the page lacks that file.
const HEAD_TIMEOUT: Duration = Duration::from_secs(20);

/// How long the kernel keeps bytes that a client does not take: 20 seconds, too (TCP_USER_TIMEOUT,
/// tcp(7)). Then the connection ends.
const STALLED_FOR: Duration = Duration::from_secs(20);

/// How long the server accepts no client after accept(2) has failed: a second, as in axum.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// How many descriptors are kept for other uses than connections, such as building.
const RESERVED: usize = 64;

/// The pages, when they are built, or the reason why they cannot be.
type Built = watch::Receiver<Option<Result<Arc<Pages>, String>>>;

/// Builds the book, in a directory of its own, and serves it until it is stopped. `descriptors` is
/// the limit of open descriptors.
pub(crate) fn serve(
    listener: TcpListener,
    sources: PathBuf,
    place: &Path,
    descriptors: usize,
    stop: Stop,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let built = build(sources, place.to_owned())?;
    let places = descriptors.saturating_sub(RESERVED).clamp(1, Semaphore::MAX_PERMITS);
    runtime.block_on(async {
        listener.set_nonblocking(true)?;
        SockRef::from(&listener).set_tcp_user_timeout(Some(STALLED_FOR))?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let stop = UnixStream::from_std(stop.into())?;
        // Each connection holds a receiver until it ends.
        let (tell, told) = watch::channel(false);
        tokio::select! {
            readable = stop.readable() => readable?,
            accepted = accept_all(listener, built, places, told) => accepted?,
        }
        let _ = tell.send(true);
        let _ = timeout(GRACE, tell.closed()).await;
        io::Result::Ok(())
    })?;
    info!("stopped");
    Ok(())
}

/// Accepts clients, as many as there are places. A new one takes the place of the oldest connection,
/// since silent connections may have taken all the places.
async fn accept_all(
    listener: tokio::net::TcpListener,
    built: Built,
    places: usize,
    told: watch::Receiver<bool>,
) -> io::Result<()> {
    let places = Arc::new(Semaphore::new(places));
    let mut connections: VecDeque<oneshot::Sender<()>> = VecDeque::new();
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                warn!("cannot accept for now: {error}");
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        connections.retain(|connection| !connection.is_closed());
        if places.available_permits() == 0
            && let Some(oldest) = connections.pop_front()
        {
            let _ = oldest.send(());
        }
        let place = Arc::clone(&places).acquire_owned().await.map_err(io::Error::other)?;
        let (end, ended) = oneshot::channel();
        connections.push_back(end);
        let (built, told) = (built.clone(), told.clone());
        tokio::spawn(async move {
            answer_all(stream, built, ended, told).await;
            drop(place);
        });
    }
}

/// Answers the requests of one connection, until the client ends it or is silent. When the place is
/// needed or the server stops, only the present response is still sent.
async fn answer_all(
    stream: TcpStream,
    built: Built,
    ended: oneshot::Receiver<()>,
    mut told: watch::Receiver<bool>,
) {
    let has_asked = Arc::new(AtomicBool::new(false));
    let state = Asked { has_asked: Arc::clone(&has_asked), built };
    let router = Router::new().fallback(answer).with_state(state);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = pin!(connection);
    tokio::select! {
        // A failure concerns this client alone, which has left or was silent.
        _ = connection.as_mut() => return,
        Ok(()) = ended => {}
        Ok(_) = told.wait_for(|told| *told) => {}
    }
    // Half a request would be waited for.
    if has_asked.load(Ordering::Relaxed) {
        connection.as_mut().graceful_shutdown();
        let _ = timeout(GRACE, connection).await;
    }
}

/// The pages, and whether this connection has ever asked for one.
#[derive(Clone)]
struct Asked {
    has_asked: Arc<AtomicBool>,
    built: Built,
}

/// Builds the book in its own thread. The directory is removed when the pages are in memory.
fn build(sources: PathBuf, place: PathBuf) -> io::Result<Built> {
    let (tell, built) = watch::channel(None);
    thread::Builder::new().name("build".to_owned()).spawn(move || {
        let pages = Pages::build_in(&place, &sources);
        // If this fails, the main thread tries it again at the end.
        let _ = fs::remove_dir_all(place);
        match &pages {
            Ok(pages) => pages.warnings.iter().for_each(|warning| warn!("{warning}")),
            Err(why) => error!("the book cannot be built: {why}"),
        }
        let _ = tell.send(Some(pages.map(Arc::new)));
    })?;
    Ok(built)
}

async fn answer(State(mut state): State<Asked>, request: Request) -> Response {
    state.has_asked.store(true, Ordering::Relaxed);
    if !has_host(&request) {
        return text(StatusCode::BAD_REQUEST, "A request of HTTP/1.1 has one Host header.\n");
    }
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        let mut refused = text(StatusCode::METHOD_NOT_ALLOWED, "You can only read pages here.\n");
        refused.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return refused;
    }
    match state.built.wait_for(Option::is_some).await.as_deref() {
        Ok(Some(Ok(pages))) => page(pages, request.uri().path()),
        Ok(Some(Err(why))) => {
            let why = format!("The book cannot be built: {why}\n");
            text(StatusCode::INTERNAL_SERVER_ERROR, why)
        }
        _ => text(StatusCode::INTERNAL_SERVER_ERROR, "There is no book.\n"),
    }
}

/// Whether the request names its host as its version demands (RFC 9112, 3.2).
fn has_host(request: &Request) -> bool {
    let hosts = request.headers().get_all(header::HOST).iter().count();
    hosts == 1 || (hosts == 0 && request.version() < Version::HTTP_11)
}

fn text(status: StatusCode, text: impl Into<Body>) -> Response {
    response(status, "text/plain; charset=utf-8", text)
}

fn response(status: StatusCode, kind: &str, body: impl Into<Body>) -> Response {
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, kind)
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        // After a restart the pages may be different.
        .header(header::CACHE_CONTROL, "no-cache")
        .body(body.into())
        .expect("these headers are valid")
}

/// The page at a path, in which any byte may be percent-encoded (RFC 3986, 2.1).
fn page(pages: &Pages, path: &str) -> Response {
    let path = percent_decode_str(path).decode_utf8_lossy();
    match pages.at(&path) {
        Some(body) => response(StatusCode::OK, content_type(&path), body.to_vec()),
        None => {
            let body = pages.at("/404.html").unwrap_or(b"There is no such page.\n");
            response(StatusCode::NOT_FOUND, "text/html; charset=utf-8", body.to_vec())
        }
    }
}
