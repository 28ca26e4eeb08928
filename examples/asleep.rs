//! Shows the system calls in which a process sleeps: for each of its threads, then for each of its
//! children (proc(5), /proc/PID/syscall and /proc/PID/task/TID/children).

use std::io::{self, ErrorKind};
use std::process::ExitCode;
use std::{env, fs};

use nix::libc;

/// The system calls in which servers wait, by number. Not every processor has all of them.
const CALLS: &[(i64, &str)] = &[
    (libc::SYS_accept4, "accept4"),
    (libc::SYS_epoll_pwait, "epoll_pwait"),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_epoll_wait, "epoll_wait"),
    (libc::SYS_futex, "futex"),
    (libc::SYS_io_uring_enter, "io_uring_enter"),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_poll, "poll"),
    (libc::SYS_ppoll, "ppoll"),
    (libc::SYS_pselect6, "pselect6"),
    (libc::SYS_read, "read"),
    (libc::SYS_recvfrom, "recvfrom"),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_select, "select"),
    (libc::SYS_sendto, "sendto"),
    (libc::SYS_wait4, "wait4"),
    (libc::SYS_write, "write"),
    (libc::SYS_writev, "writev"),
];

fn main() -> ExitCode {
    let Err(error) = env::args().skip(1).try_for_each(|pid| show(&pid)) else {
        return ExitCode::SUCCESS;
    };
    eprintln!("{error}");
    if error.kind() == ErrorKind::PermissionDenied {
        eprintln!("you need the right to trace that process (ptrace(2), ptrace_scope):");
        eprintln!("type sudo target/debug/examples/asleep for cargo run --example asleep --");
    }
    ExitCode::FAILURE
}

fn show(pid: &str) -> io::Result<()> {
    let mut threads = Vec::new();
    for entry in fs::read_dir(format!("/proc/{pid}/task"))? {
        threads.push(entry?.path());
    }
    // In the order of their numbers: 9 before 10.
    threads.sort_by_key(|thread| (thread.as_os_str().len(), thread.clone()));
    for thread in &threads {
        let name = fs::read_to_string(thread.join("comm"))?;
        let call = fs::read_to_string(thread.join("syscall"))?;
        let number = call.split(' ').next().and_then(|first| first.parse().ok());
        let known = CALLS.iter().find(|(call, _)| Some(*call) == number);
        let call = known.map_or(call.trim(), |(_, name)| name);
        println!("{:15} {call}", name.trim());
    }
    for thread in &threads {
        let children = fs::read_to_string(thread.join("children"))?;
        children.split_whitespace().try_for_each(show)?;
    }
    Ok(())
}
