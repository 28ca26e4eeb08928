//! The pages over HTTP.

use std::fs;
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::Response;
use sockets::Stop;
use tokio::net::UnixStream;
use tokio::sync::watch;
use tracing::{error, info, warn};

use crate::Pages;
use crate::pages::content_type;

/// The time that browsers have to read their responses after the server stops.
const GRACE: Duration = Duration::from_secs(1);

/// The pages, when they are built, or the reason why they cannot be.
type Built = watch::Receiver<Option<Result<Arc<Pages>, String>>>;

/// Builds the book, in a directory of its own, and serves it until it is stopped.
pub(crate) fn serve(
    listener: TcpListener,
    sources: PathBuf,
    place: &Path,
    stop: Stop,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let built = build(sources, place.to_owned())?;
    runtime.block_on(async {
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let stop = UnixStream::from_std(stop.into())?;
        let (tell, told) = watch::channel(false);
        let mut late = told.clone();
        let serve = axum::serve(listener, Router::new().fallback(answer).with_state(built))
            .with_graceful_shutdown(async move {
                let _ = stop.readable().await;
                let _ = tell.send(true);
            });
        tokio::select! {
            served = serve.into_future() => served,
            () = async { let _ = late.wait_for(|told| *told).await; tokio::time::sleep(GRACE).await } => Ok(()),
        }
    })?;
    info!("stopped");
    Ok(())
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

async fn answer(State(mut built): State<Built>, request: Request) -> Response {
    let (status, kind, body) = match built.wait_for(Option::is_some).await.as_deref() {
        _ if ![Method::GET, Method::HEAD].contains(request.method()) => {
            (StatusCode::METHOD_NOT_ALLOWED, "text/plain", "You can only read pages here.\n".into())
        }
        Ok(Some(Ok(pages))) => page(pages, request.uri().path()),
        Ok(Some(Err(why))) => {
            let why = format!("The book cannot be built: {why}\n");
            (StatusCode::INTERNAL_SERVER_ERROR, "text/plain; charset=utf-8", why.into())
        }
        _ => (StatusCode::INTERNAL_SERVER_ERROR, "text/plain", "There is no book.\n".into()),
    };
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, kind)
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        // After a restart the pages may be different.
        .header(header::CACHE_CONTROL, "no-cache")
        .body(Body::from(body))
        .expect("these headers are valid")
}

fn page(pages: &Pages, path: &str) -> (StatusCode, &'static str, Vec<u8>) {
    match pages.at(path) {
        Some(body) => (StatusCode::OK, content_type(path), body.to_vec()),
        None => {
            let body = pages.at("/404.html").unwrap_or(b"There is no such page.\n");
            (StatusCode::NOT_FOUND, "text/html; charset=utf-8", body.to_vec())
        }
    }
}
