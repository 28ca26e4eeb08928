//! Signals to a whole process group, and whether a signal has arrived.

use std::fs;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

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
        let status = fs::read_to_string(format!("/proc/{}/status", self.0)).unwrap_or_default();
        let pending = status
            .lines()
            .find_map(|line| u64::from_str_radix(line.strip_prefix("ShdPnd:")?.trim(), 16).ok());
        pending.is_some_and(|pending| pending & (1 << (signal as i32 - 1)) != 0)
    }
}
