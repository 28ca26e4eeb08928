//! Reaping.

// ANCHOR: reap
use nix::errno::Errno;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};

/// The children that have been reaped.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reaped {
    /// The number of children.
    pub all: usize,
    /// The number of those that were killed by a signal.
    pub killed: usize,
}

/// Reaps every child that has ended, without waiting for the others.
pub fn reap() -> Reaped {
    let mut reaped = Reaped::default();
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(..)) => reaped.all += 1,
            // A real-time signal has no name in nix, which then returns this error; the child is
            // reaped.
            Ok(WaitStatus::Signaled(..)) | Err(Errno::EINVAL) => {
                reaped.all += 1;
                reaped.killed += 1;
            }
            // All remaining children live, or there are none (ECHILD).
            _ => return reaped,
        }
    }
}
// ANCHOR_END: reap

#[cfg(test)]
mod tests {
    use std::env;
    use std::process::{Child, Command, Stdio};

    use nix::sys::wait::{Id, WaitPidFlag, waitid};
    use nix::unistd::Pid;

    use super::*;

    fn start(script: &str) -> Child {
        let mut shell = Command::new("sh");
        shell.args(["-c", script]).stdin(Stdio::piped()).spawn().unwrap()
    }

    fn wait_for_end(child: &Child) {
        let pid = Pid::from_raw(child.id().cast_signed());
        let ended = waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT);
        assert!(ended.is_ok() || ended == Err(Errno::EINVAL), "{ended:?}");
    }

    /// Reaping affects all children of a process, so the test needs a process without other tests:
    /// it starts itself again.
    #[test]
    #[expect(clippy::zombie_processes, reason = "the test waits for them itself")]
    fn exactly_the_ended_children_are_reaped() {
        if env::var_os("ALONE").is_none() {
            let this = "exercises::processes::tests::exactly_the_ended_children_are_reaped";
            let mut alone = Command::new(env::current_exe().unwrap());
            let status = alone.args(["--exact", this]).env("ALONE", "1").status();
            return assert!(status.unwrap().success());
        }
        assert_eq!(reap(), Reaped::default());
        let ended = ["exit 0", "kill -40 $$", "exit 7", "kill -KILL $$"].map(start);
        let mut lives = start("read line");
        ended.iter().for_each(wait_for_end);
        assert_eq!(reap(), Reaped { all: 4, killed: 2 });
        assert_eq!(reap(), Reaped::default());
        drop(lives.stdin.take());
        wait_for_end(&lives);
        assert_eq!(reap(), Reaped { all: 1, killed: 0 });
    }
}
