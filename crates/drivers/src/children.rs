//! Child processes: how one is forked and becomes a process in its own right, and how its parent
//! learns of its end.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use nix::libc;
use nix::sys::prctl;
use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use nix::unistd::{ForkResult, Pid, fork, getpid, getppid};
use signal_hook::low_level;
use sockets::{Stop, StopFlag, hear};

/// The two processes in which [`fork_child`] returns.
#[derive(Debug)]
pub enum Forked {
    /// The parent, with the child's process number.
    Parent(Pid),
    /// The child.
    Child(Newborn),
}

/// A child that was just forked. Signals are blocked in it.
#[derive(Debug)]
pub struct Newborn {
    parent: Pid,
    signal_mask: SigSet,
}

// ANCHOR: fork_child
/// Forks, and returns in both processes. Only a process with one thread may call it.
///
/// # Errors
///
/// The system has no process or no memory left (fork(2)).
pub fn fork_child() -> io::Result<Forked> {
    let parent = getpid();
    // Otherwise a signal that reaches the child early would run the parent's handlers in it.
    let signal_mask = SigSet::all().thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
    let forked = fork_alone();
    if let Ok(ForkResult::Child) = forked {
        return Ok(Forked::Child(Newborn { parent, signal_mask }));
    }
    signal_mask.thread_set_mask()?;
    match forked? {
        ForkResult::Parent { child } => Ok(Forked::Parent(child)),
        ForkResult::Child => unreachable!("the child has returned above"),
    }
}

/// Forks. Only a process with one thread may do so without further thought: the child gets a copy
/// of this thread and of no other.
#[allow(unsafe_code)]
fn fork_alone() -> nix::Result<ForkResult> {
    // SAFETY: there is no other thread, so no lock in the child is held by a thread that it lacks.
    unsafe { fork() }
}
// ANCHOR_END: fork_child

impl Newborn {
    /// Gives the child a name for `ps`, its own handlers of signals and its own mask, and ties its
    /// life to its parent's. Returns the flag that SIGTERM raises in the child from now on.
    ///
    /// # Errors
    ///
    /// The parent has ended already, or the system refuses an action for a signal.
    pub fn settle(&self, name: &str, stop: Stop) -> io::Result<StopFlag> {
        // `ps` shows this name, in the form of a thread's name.
        let _ = CString::new(name).map(|name| prctl::set_name(&name));
        let stop = stop.into_child()?;
        self.signal_mask.thread_set_mask()?;
        // The kernel kills the child when the parent ends, even if the child is stuck in a write.
        prctl::set_pdeathsig(Signal::SIGKILL)?;
        if getppid() != self.parent {
            return Err(io::Error::other("the server is gone"));
        }
        Ok(stop)
    }
}

/// Ends the child at once, without exit handlers: those in its memory are copies of the parent's, and
/// only the parent has to run them.
#[allow(unsafe_code)]
pub fn exit_at_once(status: i32) -> ! {
    // SAFETY: the child has nothing left to do.
    unsafe { libc::_exit(status) }
}

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
