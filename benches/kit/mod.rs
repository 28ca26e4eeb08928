//! What the benches share: where things run, and clients that only send, read and compare.

mod clients;
mod placement;

pub(crate) use clients::{Chat, Echo, visit};
pub(crate) use placement::Placement;

use test_kit::{Server, Style};

/// Starts a server of ours where it belongs.
///
/// Its log is written and thrown away. Read through a pipe, each line would wake this process.
pub(crate) fn start(placement: &Placement, style: Style, service: &str) -> Server {
    placement.start(|| Server::start_with(style, service, &["--log-file", "/dev/null"]))
}
