//! The signals that stop programs which are not servers. (A server has its
//! [`Stop`](sockets::Stop).)

use std::io;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use nix::sys::signal::Signal::{self, SIGINT};
use signal_hook::{flag, low_level};
use sockets::{hear, is_ignored, stopping_signals};

/// The flag that the first Ctrl-C raises. The second one ends the process at once, as Ctrl-C does
/// in a program without a handler.
///
/// # Errors
///
/// The system refuses the handler.
pub fn interruption() -> io::Result<Arc<AtomicBool>> {
    let is_interrupted = Arc::default();
    if !is_ignored(SIGINT)? {
        hear(&[SIGINT], || {
            // They run in this order, so the first signal raises the flag and the second finds it
            // raised.
            flag::register_conditional_default(SIGINT as i32, Arc::clone(&is_interrupted))?;
            flag::register(SIGINT as i32, Arc::clone(&is_interrupted))
        })?;
    }
    Ok(is_interrupted)
}

/// The arrivals of a signal that tells a program to stop.
#[derive(Debug)]
pub struct Arrivals {
    /// The signal.
    pub signal: Signal,
    /// A socket from which a byte can be read for each arrival.
    pub bytes: UnixStream,
}

impl Arrivals {
    /// Turns the arrivals of SIGTERM, SIGINT and SIGHUP into bytes, and makes them raise a flag. If
    /// one comes while the flag is raised, the process ends at once, with status 128 + signal.
    ///
    /// It leaves out SIGINT and SIGHUP if they were ignored at the start.
    ///
    /// # Errors
    ///
    /// There are no descriptors left, or the system refuses the handlers.
    pub fn of_each(is_raised: &Arc<AtomicBool>) -> io::Result<Vec<Arrivals>> {
        let signals = stopping_signals()?;
        hear(&signals, || signals.iter().map(|signal| Arrivals::of(*signal, is_raised)).collect())
    }

    fn of(signal: Signal, is_raised: &Arc<AtomicBool>) -> io::Result<Arrivals> {
        let number = signal as i32;
        let (bytes, write) = UnixStream::pair()?;
        // They run in this order, so a signal finds the flag that the one before has raised.
        flag::register_conditional_shutdown(number, 128 + number, Arc::clone(is_raised))?;
        flag::register(number, Arc::clone(is_raised))?;
        low_level::pipe::register(number, write)?;
        Ok(Arrivals { signal, bytes })
    }
}
