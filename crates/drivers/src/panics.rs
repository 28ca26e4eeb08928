use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Does what may panic, and makes an error of the panic: one client's bug ends that client only.
///
/// What was in the middle of changing when it panicked is the client's own, and is dropped with
/// it: that is why asserting unwind safety is sound.
///
/// # Errors
///
/// What `action` returns, or [`panicked`].
pub fn catch_panic<T>(action: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    catch_unwind(AssertUnwindSafe(action)).unwrap_or_else(|_| Err(panicked()))
}

/// The error by which a client is lost whose session panicked.
pub fn panicked() -> io::Error {
    io::Error::other("its session panicked")
}
