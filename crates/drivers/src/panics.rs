use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs an action that may panic, and turns a panic into an error: a bug in one client's session
/// ends only that client.
///
/// Asserting unwind safety is sound here: the panic may leave only the client's own data half
/// changed, and that is dropped with the client.
///
/// # Errors
///
/// The errors of `action`, or [`panicked`].
pub fn catch_panic<T>(action: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    catch_unwind(AssertUnwindSafe(action)).unwrap_or_else(|_| Err(panicked()))
}

/// The error for a client whose session panicked.
pub fn panicked() -> io::Error {
    io::Error::other("its session panicked")
}
