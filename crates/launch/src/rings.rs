//! Whether this process may have a ring, through which the kernel takes orders (io_uring(7)).

use std::fs;
use std::io;

use io_uring::{IoUring, cqueue, squeue};
use nix::errno::Errno;
use nix::unistd::geteuid;

use crate::without_numbers;

/// The reason why there is no ring, and a remedy.
#[derive(Debug, PartialEq)]
pub struct NoRing {
    /// The reason.
    pub why: String,
    /// A command that changes it, or another way out.
    pub try_this: &'static str,
}

/// The advice if a filter of a container forbids something.
pub const OTHER_FILTER: &str = "start the container with \
                                --security-opt seccomp=.devcontainer/seccomp.json";

/// Sets up a small ring of the kind that a server needs, and gives it up again.
///
/// # Errors
///
/// The kernel has none, or refuses it.
pub fn expect_ring() -> Result<(), NoRing> {
    let mut ring = IoUring::<squeue::Entry, cqueue::Entry>::builder();
    ring.setup_single_issuer().setup_defer_taskrun();
    ring.build(2).map(drop).map_err(|error| {
        let disabled = fs::read_to_string("/proc/sys/kernel/io_uring_disabled").ok();
        let disabled = disabled.and_then(|text| text.trim().parse().ok());
        refusal(&error, disabled, geteuid().is_root(), is_filtered())
    })
}

/// What the error of io_uring_setup(2) means, with the sysctl kernel.io_uring_disabled.
fn refusal(error: &io::Error, disabled: Option<u8>, is_root: bool, is_filtered: bool) -> NoRing {
    let why = without_numbers(error);
    let no = |why, try_this| NoRing { why, try_this };
    let newer = "a kernel of Linux 6.1 or later";
    match (disabled, error.raw_os_error().map(Errno::from_raw)) {
        // With 1 it is disabled for others than root.
        (Some(disabled @ 1..=2), Some(Errno::EPERM)) if !(disabled == 1 && is_root) => no(
            format!("{why} (kernel.io_uring_disabled is {disabled})"),
            "sudo sysctl kernel.io_uring_disabled=0",
        ),
        (_, Some(Errno::EPERM | Errno::ENOSYS | Errno::EACCES)) if is_filtered => {
            no(format!("{why} (a filter of system calls forbids it)"), OTHER_FILTER)
        }
        (_, Some(Errno::ENOSYS)) => no(format!("{why} (the kernel is built without it)"), newer),
        (_, Some(Errno::EINVAL)) => no(format!("{why} (the kernel is too old for it)"), newer),
        (_, Some(Errno::ENOMEM)) => no(format!("{why} (RLIMIT_MEMLOCK)"), "ulimit -l unlimited"),
        (_, Some(Errno::EMFILE | Errno::ENFILE)) => no(why, "ulimit -n 1024"),
        // Perhaps a security module forbids it.
        _ => no(why, "another style, such as epoll"),
    }
}

/// Whether a filter decides which system calls this process may make (seccomp(2)).
pub fn is_filtered() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().any(|line| line.starts_with("Seccomp:") && line.ends_with('2'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(errno: Errno, disabled: Option<u8>, is_filtered: bool, why: &str, try_this: &str) {
        let refusal = refusal(&errno.into(), disabled, false, is_filtered);
        assert!(refusal.why.contains(why), "{refusal:?}");
        assert!(refusal.try_this.contains(try_this), "{refusal:?}");
    }

    #[test]
    fn each_refusal_has_its_remedy() {
        check(Errno::EPERM, Some(2), false, "io_uring_disabled is 2", "io_uring_disabled=0");
        check(Errno::EPERM, Some(1), true, "io_uring_disabled is 1", "io_uring_disabled=0");
        check(Errno::EPERM, Some(0), true, "filter", "seccomp");
        check(Errno::ENOSYS, None, true, "filter", "seccomp");
        check(Errno::ENOSYS, None, false, "without it", "6.1");
        check(Errno::EINVAL, Some(0), false, "too old", "6.1");
        check(Errno::ENOMEM, Some(0), false, "MEMLOCK", "ulimit -l");
        check(Errno::EMFILE, Some(0), true, "open files", "ulimit -n");
        check(Errno::EPERM, Some(0), false, "not permitted", "epoll");
    }

    #[test]
    fn root_may_have_a_ring_that_is_disabled_for_others() {
        let refusal = refusal(&Errno::EPERM.into(), Some(1), true, true);
        assert_eq!(refusal.try_this, OTHER_FILTER);
    }
}
