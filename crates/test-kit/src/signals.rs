//! Signals to a whole process group, whether a signal has arrived, and whether it is heard.

use std::fs;
use std::sync::{Arc, Once};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use signal_hook::flag;

use crate::Process;

impl Process {
    /// Sends a signal to the process group that this process leads, as Ctrl-C in a terminal does:
    /// for a server that was started under `setsid`.
    ///
    /// # Panics
    ///
    /// It leads no group: the signal would go to nobody, or to somebody else.
    #[track_caller]
    pub fn signal_group(self, signal: Signal) {
        killpg(Pid::from_raw(self.0), signal).expect("it leads a process group");
    }

    /// Whether a signal that was sent to it still waits to be handled (proc_pid_status(5),
    /// `ShdPnd`). A second one like it would be lost then.
    pub fn has_pending(self, signal: Signal) -> bool {
        self.has_in("ShdPnd:", signal)
    }

    /// Whether its first thread has handled this signal, which was sent to the process before: it
    /// waits for the next event. A signal that waits no longer may have its handler still under
    /// way, and the handler of another signal would run in the middle of that.
    pub fn has_handled(self, signal: Signal) -> bool {
        // In this order: the thread takes the signal while it runs, and sleeps after the handler.
        !self.has_pending(signal) && self.state() == Some('S')
    }

    /// Whether a set of signals that proc_pid_status(5) shows holds this one.
    fn has_in(self, set: &str, signal: Signal) -> bool {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0)).unwrap_or_default();
        let set = status
            .lines()
            .find_map(|line| u64::from_str_radix(line.strip_prefix(set)?.trim(), 16).ok());
        set.is_some_and(|set| set & (1 << (signal as i32 - 1)) != 0)
    }
}

/// Has the programs that this test starts from now on hear SIGINT, SIGQUIT and SIGHUP. A shell without
/// job control starts a test in the background with the first two ignored, and nohup(1) ignores
/// SIGHUP: the test's programs would ignore them as well.
pub fn hear_interrupts() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for signal in [Signal::SIGINT, Signal::SIGQUIT, Signal::SIGHUP] {
            if Process(std::process::id() as i32).has_in("SigIgn:", signal) {
                // One that has a handler here has the default action in other programs (execve(2)).
                flag::register(signal as i32, Arc::default()).expect("it may be caught");
            }
        }
    });
}
