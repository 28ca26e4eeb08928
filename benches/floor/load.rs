//! The requests to both sides of a pair, and their rates.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use test_kit::Process;

use crate::kit::{Chat, Echo, visit};

/// The kind of requests to a server.
#[derive(Clone, Copy)]
pub(crate) enum Load {
    /// Messages of 64 bytes, one under way on each of this many connections.
    Echo(usize),
    /// Messages of this many bytes over one connection, sent without waiting.
    Stream(usize),
    /// The client connects, the server tells a fortune and closes.
    Fortune,
    /// A room of a hundred members.
    Chat {
        /// How many members speak.
        speakers: usize,
        /// How many lines each has under way.
        lines: usize,
    },
}

impl Load {
    /// The service that gets the requests.
    pub(crate) fn service(self) -> &'static str {
        match self {
            Load::Echo(_) | Load::Stream(_) => "echo",
            Load::Fortune => "fortune",
            Load::Chat { .. } => "chat",
        }
    }

    /// Connects a client.
    pub(crate) fn begin(self, server: SocketAddr) -> Work {
        match self {
            Load::Echo(connections) => {
                let mut echo = Echo::connect(server, connections, 64);
                Box::new(move || {
                    echo.round();
                    connections as u64
                })
            }
            Load::Stream(size) => {
                let mut echo = Echo::connect(server, 1, size);
                Box::new(move || {
                    echo.stream(100);
                    100
                })
            }
            Load::Fortune => Box::new(move || {
                visit(server, &[]);
                1
            }),
            Load::Chat { speakers, lines } => {
                let mut chat = Chat::join(server, 100, speakers);
                Box::new(move || chat.round(lines))
            }
        }
    }
}

/// A piece of work that a client repeats. It takes a few milliseconds at most, and returns how many
/// requests were answered.
pub(crate) type Work = Box<dyn FnMut() -> u64>;

/// The work of a server in a measurement, and its cost.
#[derive(Clone, Copy, Default)]
pub(crate) struct Rate {
    /// Requests a second.
    pub(crate) requests: f64,
    /// The microseconds of processor time that the server and its children used for a request.
    pub(crate) server: f64,
    /// The microseconds that the client used.
    pub(crate) client: f64,
}

// ANCHOR: measure
/// Repeats the work for `length`, and at least once.
pub(crate) fn measure(work: &mut Work, server: Process, length: Duration) -> Rate {
    let client = Process(std::process::id() as i32);
    let used = [server.cpu_time_with_children(), client.cpu_time()];
    let begun = Instant::now();
    let mut requests = 0;
    let mut elapsed = Duration::ZERO;
    while requests == 0 || elapsed < length {
        requests += work();
        elapsed = begun.elapsed();
    }
    let now = [client.cpu_time(), server.cpu_time_with_children()];
    let cost = |time: Duration| time.as_secs_f64() * 1e6 / requests as f64;
    Rate {
        requests: requests as f64 / elapsed.as_secs_f64(),
        client: cost(now[0] - used[1]),
        server: cost(now[1] - used[0]),
    }
}
// ANCHOR_END: measure
