//! The players' side: the requests and their answers.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::response::Builder;
use axum::http::{HeaderMap, StatusCode, Version, header};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::get;
use serde::Serialize;

use crate::body::{Endless, Part};
use crate::page;
use crate::shared::Shared;
use crate::{NotYet, Status};

const PLAYLIST: &str = "application/vnd.apple.mpegurl";
const STREAM: &str = "video/mp2t";
const TEXT: &str = "text/plain; charset=utf-8";

/// For content that changes all the time.
const NO_CACHE: &str = "no-cache";

/// For segments, which never change, and whose names are never used again.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// Everything that a player can ask for.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    let router = Router::new()
        .route("/stream.m3u8", get(playlist).options(preflight))
        .route("/segments/{name}", get(segment).options(preflight))
        .route("/stream.ts", get(endless).options(preflight))
        .route("/status.json", get(status).options(preflight))
        .fallback(async || text(StatusCode::NOT_FOUND, "There is no such thing here."));
    page::add_to(router).with_state(shared).layer(from_fn(expect_host))
}

/// Refuses a request that does not name its host as its version demands (RFC 9112, 3.2).
async fn expect_host(request: Request, next: Next) -> Response {
    let hosts = request.headers().get_all(header::HOST).iter().count();
    if hosts == 1 || (hosts == 0 && request.version() < Version::HTTP_11) {
        return next.run(request).await;
    }
    text(StatusCode::BAD_REQUEST, "A request of HTTP/1.1 has one Host header.")
}

async fn playlist(State(shared): State<Arc<Shared>>) -> Response {
    match shared.with(|relay| relay.playlist()) {
        Ok(playlist) => body(answer(StatusCode::OK, PLAYLIST, NO_CACHE), playlist),
        Err(NotYet { retry_after, why }) => {
            let unavailable = answer(StatusCode::SERVICE_UNAVAILABLE, TEXT, "no-store")
                .header(header::RETRY_AFTER, retry_after.as_secs());
            body(unavailable, format!("There is nothing to play: {why}.\n"))
        }
    }
}

async fn segment(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    let Some((number, size)) = shared.with(|relay| relay.segment(&name)) else {
        return text(StatusCode::NOT_FOUND, "There is no such segment, or it is gone.");
    };
    let asked = headers.get(header::RANGE).and_then(|range| range.to_str().ok());
    let (status, bytes) = match asked.map_or(Asked::All, |range| Asked::read(range, size)) {
        Asked::All => (StatusCode::OK, 0..size),
        Asked::Part(bytes) => (StatusCode::PARTIAL_CONTENT, bytes),
        Asked::Nothing => (StatusCode::RANGE_NOT_SATISFIABLE, 0..0),
    };
    let mut answer = answer(status, STREAM, FOR_EVER).header(header::ACCEPT_RANGES, "bytes");
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {}-{}/{size}", bytes.start, bytes.end - 1);
        answer = answer.header(header::CONTENT_RANGE, range);
    } else if status == StatusCode::RANGE_NOT_SATISFIABLE {
        answer = answer.header(header::CONTENT_RANGE, format!("bytes */{size}"));
    }
    body(answer, Body::new(Part::new(shared, number, bytes)))
}

/// One response that never ends, as in the time before HLS.
async fn endless(State(shared): State<Arc<Shared>>) -> Response {
    let answer = answer(StatusCode::OK, STREAM, "no-store").header(header::ACCEPT_RANGES, "none");
    body(answer, Body::new(Endless::new(shared)))
}

/// The data that the page shows.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    status: Status,
    connections: usize,
}

async fn status(State(shared): State<Arc<Shared>>) -> Response {
    let status = shared.with(|relay| relay.status());
    let connections = shared.connections.load(Ordering::Relaxed);
    let shown = serde_json::to_string(&Shown { status, connections });
    let answer = answer(StatusCode::OK, "application/json", NO_CACHE);
    body(answer, shown.expect("it is plain data"))
}

/// Tells a browser that a page of another host may send requests with a Range (CORS).
async fn preflight() -> Response {
    let answer = answer(StatusCode::NO_CONTENT, TEXT, "no-store")
        .header(header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, OPTIONS")
        .header(header::ACCESS_CONTROL_ALLOW_HEADERS, "Range")
        .header(header::ACCESS_CONTROL_MAX_AGE, 86_400);
    body(answer, Body::empty())
}

fn text(status: StatusCode, text: &str) -> Response {
    body(answer(status, TEXT, "no-store"), format!("{text}\n"))
}

/// Pages of other hosts may read all answers of the relay, since the stream is public.
fn answer(status: StatusCode, kind: &str, cache: &str) -> Builder {
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, kind)
        .header(header::CACHE_CONTROL, cache)
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")
        .header(header::ACCESS_CONTROL_EXPOSE_HEADERS, "Content-Range, Retry-After")
}

fn body(answer: Builder, body: impl Into<Body>) -> Response {
    answer.body(body.into()).expect("these headers are valid")
}

/// The meaning of a Range header (RFC 9110, 14.2).
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    All,
    Part(Range<usize>),
    Nothing,
}

impl Asked {
    /// Reads a Range header for `size` bytes. It ignores malformed ones and several ranges at once,
    /// as RFC 9110 allows.
    fn read(range: &str, size: usize) -> Asked {
        let Some((first, last)) = range.strip_prefix("bytes=").and_then(|it| it.split_once('-'))
        else {
            return Asked::All;
        };
        let number = |text: &str| {
            let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            // A number that is too large for a usize is behind every end.
            is_number.then(|| text.parse().unwrap_or(usize::MAX))
        };
        let bytes = match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(size),
            (Some(first), None) if last.is_empty() => first..size,
            (None, Some(last)) if first.is_empty() => size.saturating_sub(last)..size,
            _ => return Asked::All,
        };
        if bytes.is_empty() { Asked::Nothing } else { Asked::Part(bytes) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_in_rfc_9110() {
        let table = [
            ("bytes=0-", Asked::Part(0..100)),
            ("bytes=0-0", Asked::Part(0..1)),
            ("bytes=10-19", Asked::Part(10..20)),
            ("bytes=90-1000", Asked::Part(90..100)),
            ("bytes=-10", Asked::Part(90..100)),
            ("bytes=-1000", Asked::Part(0..100)),
            ("bytes=100-", Asked::Nothing),
            ("bytes=-0", Asked::Nothing),
            ("bytes=99999999999999999999-", Asked::Nothing),
            ("bytes=0-99999999999999999999", Asked::Part(0..100)),
            ("bytes=5-4", Asked::All),
            ("bytes=0-1,3-4", Asked::All),
            ("bytes=-", Asked::All),
            ("bytes=+1-2", Asked::All),
            ("lines=0-1", Asked::All),
        ];
        for (range, expected) in table {
            assert_eq!(Asked::read(range, 100), expected, "{range}");
        }
    }
}
