use std::io;
use std::mem::MaybeUninit;
use std::ptr;

use nix::errno::Errno;
use nix::libc;
use nix::sys::signal::SigSet;
use nix::sys::signal::Signal::{self, SIGHUP, SIGINT, SIGTERM};

/// Runs `register`, which registers handlers of these signals, with the signals blocked, and lets
/// them through from then on (signal(7), pthread_sigmask(3)).
///
/// A handler may be made of several actions, and a signal that came between two of them would meet
/// the first and miss the second. Blocked, it waits until all of them are there.
/// To be called while there is one thread: another would take the signal meanwhile.
///
/// The program may have been started with the signals blocked, since a mask outlives execve(2).
/// They are let through all the same: a program that has a handler wants to hear.
///
/// # Errors
///
/// Those of `register`.
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
/// Those of sigaction(2).
pub fn stopping_signals() -> io::Result<Vec<Signal>> {
    let mut signals = vec![SIGTERM];
    for signal in [SIGINT, SIGHUP] {
        if !is_ignored(signal)? {
            signals.push(signal);
        }
    }
    Ok(signals)
}

/// Whether the program was started with this signal ignored, so that it shall stay ignored.
///
/// A shell without job control starts programs in the background with SIGINT ignored, since Ctrl-C
/// is meant for others then. nohup(1) starts a program with SIGHUP ignored.
///
/// # Errors
///
/// Those of sigaction(2).
#[allow(unsafe_code)]
pub fn is_ignored(signal: Signal) -> io::Result<bool> {
    let mut action = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: with no new action sigaction(2) changes nothing, and writes the present one.
    let asked = unsafe { libc::sigaction(signal as i32, ptr::null(), action.as_mut_ptr()) };
    Errno::result(asked)?;
    // SAFETY: it has been written.
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
    fn what_comes_meanwhile_is_heard_afterwards() {
        let is_raised = Arc::new(AtomicBool::new(false));
        let signal = Signal::SIGUSR2;
        let registered = hear(&[signal], || {
            raise(signal)?;
            flag::register(signal as i32, Arc::clone(&is_raised))
        });
        assert!(registered.is_ok() && is_raised.load(SeqCst));
    }

    #[test]
    fn what_was_blocked_before_is_heard() {
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
