//! Code that the benches share: the placement of processes, and clients that only send, read and
//! compare.

mod clients;
mod placement;

pub(crate) use clients::{Chat, Echo, visit};
pub(crate) use placement::Placement;

use test_kit::{Server, Style};

/// Starts one of our servers on its processor.
///
/// Its log goes to /dev/null. Through a pipe, each line would wake this process.
pub(crate) fn start(placement: &Placement, style: Style, service: &str) -> Server {
    placement.start(|| Server::start_with(style, service, &["--log-file", "/dev/null"]))
}
