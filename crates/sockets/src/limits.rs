use std::time::Duration;

/// How long a member may take nothing of what is being sent to it, if it may be idle for ever: a
/// minute. Else one that has left the room and does not read would keep its place for good.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(60);

/// How much a server takes on.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many clients are served at once. The others wait in the backlog.
    pub max_clients: usize,
    /// How long a client may complete nothing, or for ever.
    pub idle_timeout: Option<Duration>,
    /// How long clients have to leave once the server stops.
    pub grace: Duration,
}

impl Limits {
    /// The idle timeout as people are told it.
    pub fn idle_seconds(&self) -> u64 {
        self.idle_timeout.unwrap_or_default().as_secs()
    }

    /// How long a member may take nothing of what is being sent to it: as long as it may be idle,
    /// and [`WRITE_TIMEOUT`] where that is for ever.
    pub fn write_timeout(&self) -> Duration {
        self.idle_timeout.unwrap_or(WRITE_TIMEOUT)
    }
}
