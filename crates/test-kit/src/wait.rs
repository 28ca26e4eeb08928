use std::io::{self, ErrorKind};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

/// How long a browser on a busy machine may be silent between its connection and its first request,
/// at least, before a server closes the connection.
pub const BROWSER_PAUSE: Duration = Duration::from_secs(15);

/// How long to wait for an event, at most: 30 seconds, times the number in the environment variable
/// `SLOW_MACHINE` if there is one.
///
/// It does not say how fast the servers are. It only ends a test that would wait forever.
pub fn deadline() -> Duration {
    static FACTOR: OnceLock<f64> = OnceLock::new();
    let factor = FACTOR.get_or_init(|| {
        std::env::var("SLOW_MACHINE")
            .map_or(1.0, |factor| factor.parse().expect("SLOW_MACHINE is a number"))
    });
    Duration::from_secs(30).mul_f64(*factor)
}

/// Waits until `condition` holds, and fails after [`deadline()`] with `what` in the message.
///
/// It checks every few milliseconds. Use it only if there is no event to wait for, as with a figure
/// in /proc. If there is an event (a line, an end of input, a log line), wait for that.
#[track_caller]
pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let by = Instant::now() + deadline();
    while !condition() {
        assert!(Instant::now() < by, "waited in vain until {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Makes a call, and makes it again as long as it fails with EINTR.
///
/// A call on a socket that has a timeout fails so whenever its process was stopped and goes on, even
/// without a handler (signal(7)): a machine that freezes its programs for a moment is enough.
///
/// # Errors
///
/// Those of the call.
pub fn again<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
