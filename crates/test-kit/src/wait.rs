use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take that shall happen: 30 seconds, times the number in the environment
/// variable `SLOW_MACHINE` if there is one.
///
/// It is no promise about the servers. It only ends a test that would wait for ever.
pub fn deadline() -> Duration {
    static FACTOR: OnceLock<f64> = OnceLock::new();
    let factor = FACTOR.get_or_init(|| {
        std::env::var("SLOW_MACHINE")
            .map_or(1.0, |factor| factor.parse().expect("SLOW_MACHINE is a number"))
    });
    Duration::from_secs(30).mul_f64(*factor)
}

/// Waits until `condition` holds, and fails after [`deadline()`] with `what` was waited for.
///
/// It looks again every few milliseconds: for what has no event to wait for, such as a figure in
/// /proc. Where there is one (a line, an end of input, a log line), wait for that.
#[track_caller]
pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let by = Instant::now() + deadline();
    while !condition() {
        assert!(Instant::now() < by, "waited in vain until {what}");
        thread::sleep(Duration::from_millis(5));
    }
}
