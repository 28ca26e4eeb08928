use std::io;
use std::mem::MaybeUninit;
use std::ptr;

use nix::errno::Errno;
use nix::libc;
use nix::sys::signal::SigSet;
use nix::sys::signal::Signal::{self, SIGHUP, SIGINT, SIGTERM};

/// Runs `register`, which registers handlers of these signals, with the signals blocked, and
/// unblocks them afterwards (signal(7), pthread_sigmask(3)).
///
/// A handler may consist of several actions. A signal that came between two registrations would run
/// the first action, and miss the second. A blocked signal waits until all actions are there.
/// Call it while there is only one thread: another thread would take the signal meanwhile.
///
/// The program may have been started with the signals blocked, since a mask outlives execve(2).
/// They are unblocked all the same: a program with a handler wants the signal.
///
/// # Errors
///
/// The errors of `register`.
pub fn hear<T>(signals: &[Signal], register: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let signals: SigSet = signals.iter().copied().collect();
    signals.thread_block()?;
    let registered = register();
    signals.thread_unblock()?;
    registered
}

/// The signals that tell this program to stop: SIGTERM, and SIGINT (Ctrl-C) and SIGHUP (its terminal
/// was closed) unless they were ignored at the start.
///
/// # Errors
///
/// The errors of sigaction(2).
pub fn stopping_signals() -> io::Result<Vec<Signal>> {
    Ok([vec![SIGTERM], heeded(&[SIGINT, SIGHUP])?].concat())
}

/// The signals that this program should hear, of those that it could: it goes on ignoring the ones
/// that were ignored when it was started.
///
/// # Errors
///
/// The errors of sigaction(2).
pub fn heeded(signals: &[Signal]) -> io::Result<Vec<Signal>> {
    let mut heeded = Vec::new();
    for &signal in signals {
        if !is_ignored(signal)? {
            heeded.push(signal);
        }
    }
    Ok(heeded)
}

/// Whether the program was started with this signal ignored, and so should go on ignoring it.
///
/// A shell without job control starts programs in the background with SIGINT ignored, since Ctrl-C
/// is then meant for other programs. nohup(1) starts a program with SIGHUP ignored.
///
/// # Errors
///
/// The errors of sigaction(2).
#[allow(unsafe_code)]
pub fn is_ignored(signal: Signal) -> io::Result<bool> {
    let mut action = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: without a new action, sigaction(2) changes nothing and writes the current one.
    let asked = unsafe { libc::sigaction(signal as i32, ptr::null(), action.as_mut_ptr()) };
    Errno::result(asked)?;
    // SAFETY: sigaction(2) has written it.
    Ok(unsafe { action.assume_init() }.sa_sigaction == libc::SIG_IGN)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

    use nix::sys::signal::raise;
    use signal_hook::flag;

    use super::*;

    #[test]
    fn a_signal_that_comes_meanwhile_is_heard_afterwards() {
        let is_raised = Arc::new(AtomicBool::new(false));
        let signal = Signal::SIGUSR2;
        let registered = hear(&[signal], || {
            raise(signal)?;
            flag::register(signal as i32, Arc::clone(&is_raised))
        });
        assert!(registered.is_ok() && is_raised.load(SeqCst));
    }

    #[test]
    fn a_signal_that_was_blocked_before_is_heard() {
        let is_raised = Arc::new(AtomicBool::new(false));
        let signal = Signal::SIGWINCH;
        SigSet::from(signal).thread_block().unwrap();
        raise(signal).unwrap();
        hear(&[signal], || flag::register(signal as i32, Arc::clone(&is_raised))).unwrap();
        assert!(is_raised.load(SeqCst));
        assert!(!SigSet::thread_get_mask().unwrap().contains(signal));
    }

    #[test]
    fn a_program_of_rust_ignores_sigpipe_and_nothing_else() {
        assert!(is_ignored(Signal::SIGPIPE).unwrap());
        assert!(!is_ignored(Signal::SIGVTALRM).unwrap());
    }
}
