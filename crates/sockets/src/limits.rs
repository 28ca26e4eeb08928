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
