use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use nix::libc;
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use signal_hook::low_level;
use sockets::hear;

/// A socket from which bytes can be read when children have ended (SIGCHLD); its reads do not block.
/// One byte may stand for several children, so reap until there is none.
///
/// Also returns the descriptor to which the handler writes. A forked child may close it once the
/// handler cannot run any more.
///
/// Without a handler, and if SIGCHLD was ignored at the start, the kernel would reap the children,
/// and a wait for one would fail (wait(2), ECHILD).
///
/// # Errors
///
/// There are no descriptors left, or the system refuses the handler.
pub fn deaths() -> io::Result<(UnixStream, RawFd)> {
    let (deaths, death) = UnixStream::pair()?;
    deaths.set_nonblocking(true)?;
    let handlers_end = death.as_raw_fd();
    hear(&[Signal::SIGCHLD], || low_level::pipe::register(Signal::SIGCHLD as i32, death))?;
    Ok((deaths, handlers_end))
}

// ANCHOR: reap
/// Reaps a child that has ended, if there is one (waitpid(2)). Returns its exit status and its
/// process number, which the kernel may give to another process from now on.
///
/// The status is kept as the kernel gives it. nix's `waitpid` would return an error if a signal
/// without a name, such as a real-time signal, had killed the child, and would still reap the
/// child.
#[allow(unsafe_code)]
pub fn reap() -> Option<(Pid, ExitStatus)> {
    let mut status = 0;
    // SAFETY: waitpid(2) writes only the status.
    let process = unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG) };
    // No child has ended (0), or there is no child (-1).
    (process > 0).then(|| (Pid::from_raw(process), ExitStatus::from_raw(status)))
}
// ANCHOR_END: reap

/// How a process has ended, in words: `exited with 0`, `was killed by SIGKILL`, `was killed by
/// signal 40`, `was killed by SIGSEGV (core dumped)`.
pub fn describe(status: ExitStatus) -> String {
    let core = if status.core_dumped() { " (core dumped)" } else { "" };
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exited with {code}"),
        (None, Some(number)) => match Signal::try_from(number) {
            Ok(signal) => format!("was killed by {signal}{core}"),
            Err(_) => format!("was killed by signal {number}{core}"),
        },
        (None, None) => "has ended".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_has_its_words() {
        let core_dumped = 0x80;
        for (status, words) in [
            (0, "exited with 0"),
            (1 << 8, "exited with 1"),
            (9, "was killed by SIGKILL"),
            (11 | core_dumped, "was killed by SIGSEGV (core dumped)"),
            (40, "was killed by signal 40"),
            (40 | core_dumped, "was killed by signal 40 (core dumped)"),
        ] {
            assert_eq!(describe(ExitStatus::from_raw(status)), words);
        }
    }
}
