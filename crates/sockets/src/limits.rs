use std::time::Duration;

/// How long a member may take no output if there is no idle timeout: a minute. Otherwise a member
/// that has left the room, but does not read, would keep its place forever.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(60);

/// The limits of a server.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many clients it serves at once. Further clients wait in the backlog.
    pub max_clients: usize,
    /// How long a client may complete nothing. `None`: without limit.
    pub idle_timeout: Option<Duration>,
    /// How long clients have to leave once the server stops.
    pub grace: Duration,
    /// How many clients may wait inside the server, once it serves `max_clients` (pool).
    pub queue: usize,
    /// How the processes of a server share its listener (prefork).
    pub share: Share,
}

/// A way in which several processes accept the clients of one port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Share {
    /// Each blocks in accept(2) on the one listener.
    #[default]
    Accept,
    /// Each waits in epoll_wait(2) for one set, which all have inherited, and then accepts.
    Epoll,
    /// Each waits in poll(2) for the one listener, which does not block, and then accepts.
    NonBlocking,
    /// Each has a set of its own with the one listener in it, and EPOLLEXCLUSIVE (epoll_ctl(2)).
    Exclusive,
    /// Each has a listener of its own on the same port (SO_REUSEPORT, socket(7)).
    ReusePort,
}

impl Share {
    /// All ways, with the name of each on the command line.
    pub const ALL: [(&str, Share); 5] = [
        ("accept", Share::Accept),
        ("epoll", Share::Epoll),
        ("nonblocking", Share::NonBlocking),
        ("exclusive", Share::Exclusive),
        ("reuseport", Share::ReusePort),
    ];
}

/// The limits of a server that no command line has started, such as that of a test or an example.
impl Default for Limits {
    fn default() -> Limits {
        Limits {
            max_clients: 1000,
            idle_timeout: None,
            grace: Duration::from_secs(5),
            queue: 0,
            share: Share::default(),
        }
    }
}

impl Limits {
    /// The idle timeout in seconds, as the server tells it to clients.
    pub fn idle_seconds(&self) -> u64 {
        self.idle_timeout.unwrap_or_default().as_secs()
    }

    /// How long a member may take no output: the idle timeout, or [`WRITE_TIMEOUT`] if there is
    /// none.
    pub fn write_timeout(&self) -> Duration {
        self.idle_timeout.unwrap_or(WRITE_TIMEOUT)
    }
}
