//! Reaping.

// ANCHOR: reap
use nix::errno::Errno;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};

/// The children that have ended since the last look.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reaped {
    /// How many there were.
    pub all: usize,
    /// How many of them were killed by a signal.
    pub killed: usize,
}

/// Reaps every child that has ended, and waits for none that has not.
pub fn reap() -> Reaped {
    let mut reaped = Reaped::default();
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(..)) => reaped.all += 1,
            // A real-time signal has no name in nix, which then gives this error; the child is reaped.
            Ok(WaitStatus::Signaled(..)) | Err(Errno::EINVAL) => {
                reaped.all += 1;
                reaped.killed += 1;
            }
            // All that are left live, or there are none (ECHILD).
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

    /// Reaping takes any child there is, so the test needs a process in which no other test has
    /// children: it starts itself anew.
    #[test]
    #[expect(clippy::zombie_processes, reason = "to wait is what is tested")]
    fn all_that_have_ended_are_reaped_and_nobody_else() {
        if env::var_os("ALONE").is_none() {
            let this =
                "exercises::processes::tests::all_that_have_ended_are_reaped_and_nobody_else";
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
