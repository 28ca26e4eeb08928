//! The page that plays the stream, and its player.

use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName};
use axum::http::header::{REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::response::{IntoResponse, Response};
use axum::{Router, routing};

/// The path, type and text of a file.
type File = (&'static str, &'static str, &'static str);

/// The file of hls.js is the published one: `page/hls.js/README.md` names the version.
const FILES: [File; 6] = [
    ("/", "text/html; charset=utf-8", include_str!("page/index.html")),
    ("/player.css", "text/css; charset=utf-8", include_str!("page/player.css")),
    ("/player.js", "text/javascript; charset=utf-8", include_str!("page/player.js")),
    (
        "/hls.js/hls.min.js",
        "text/javascript; charset=utf-8",
        include_str!("page/hls.js/hls.min.js"),
    ),
    ("/hls.js/LICENSE", "text/plain; charset=utf-8", include_str!("page/hls.js/LICENSE")),
    (
        "/hls.js/LICENSE-APACHE-2.0",
        "text/plain; charset=utf-8",
        include_str!("page/hls.js/LICENSE-APACHE-2.0"),
    ),
];

/// The page loads nothing from other hosts. The player creates a worker and a media source.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src data:; media-src 'self' blob:; worker-src blob:; base-uri 'none'; form-action 'none'";

/// Adds the page to the router.
pub(crate) fn add_to<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    FILES.into_iter().fold(router, |router, (path, kind, text)| {
        router.route(path, routing::get(move || async move { file(kind, text) }))
    })
}

fn file(kind: &'static str, text: &'static str) -> Response {
    let headers: [(HeaderName, &str); 5] = [
        (CONTENT_TYPE, kind),
        // Another version of the relay may have another page.
        (CACHE_CONTROL, "no-cache"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (REFERRER_POLICY, "no-referrer"),
    ];
    (headers, text).into_response()
}
