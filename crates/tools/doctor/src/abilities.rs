//! Abilities of the system. Each is tried, and if that fails, the settings of the kernel say why.

use std::fs;
use std::io::{self, BufRead, BufReader, ErrorKind};
use std::net::{TcpListener, UdpSocket};
use std::process::{Child, Command, Stdio};

use launch::{NoRing, OTHER_FILTER, is_filtered};
use nix::sched::sched_getaffinity;
use nix::sys::ptrace;
use nix::sys::resource::{Resource, getrlimit};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use socket2::{Domain, Protocol, Socket, Type};

use crate::Found;

/// As many as select(2) can watch, and some for the rest.
const DESCRIPTORS: u64 = 1024 + 16;

/// A remark for people, or none.
fn yes(remark: &str) -> Found {
    Found::Yes(remark.to_owned())
}

fn no(why: impl Into<String>, try_this: &str) -> Found {
    Found::No { why: why.into(), try_this: try_this.to_owned() }
}

/// A setting of the kernel, if it has it.
fn setting(path: &str) -> Option<i64> {
    fs::read_to_string(format!("/proc/sys/{path}")).ok()?.trim().parse().ok()
}

/// Makes namespaces as the labs of the pages do.
pub(crate) fn namespaces() -> Found {
    let tried = Command::new("unshare")
        .args(["--user", "--map-root-user", "--net", "--mount", "true"])
        .stdin(Stdio::null())
        .output();
    let why = match tried {
        Ok(output) if output.status.success() => return yes(""),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            said.trim().replace('\n', "; ")
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return no("unshare is not installed", "sudo apt install util-linux");
        }
        Err(error) => error.to_string(),
    };
    const SETTINGS: [(&str, i64, &str); 4] = [
        ("user/max_user_namespaces", 0, "sudo sysctl user.max_user_namespaces=10000"),
        ("user/max_net_namespaces", 0, "sudo sysctl user.max_net_namespaces=10000"),
        ("kernel/unprivileged_userns_clone", 0, "sudo sysctl kernel.unprivileged_userns_clone=1"),
        (
            "kernel/apparmor_restrict_unprivileged_userns",
            1,
            "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0",
        ),
    ];
    let cause = SETTINGS.iter().find(|(path, forbids, _)| setting(path) == Some(*forbids));
    match cause {
        Some((path, value, command)) => {
            no(format!("{why} ({} is {value})", path.replace('/', ".")), command)
        }
        None if is_filtered() => no(why, OTHER_FILTER),
        None => no(why, "type sudo in front of each sh of such a page"),
    }
}

/// Traces a child, as `strace PROGRAM` does.
pub(crate) fn trace() -> Found {
    let child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn();
    let traced = child.and_then(|mut child| {
        let traced = seize(child.id() as i32);
        child.kill()?;
        child.wait()?;
        traced
    });
    match traced {
        Ok(()) => yes(""),
        Err(error) => cannot_trace(&error),
    }
}

/// Traces a process that is no child of ours, as `strace -p PID` does.
pub(crate) fn trace_others() -> Found {
    // The shell ends at once, so its child is nobody's: Yama lets a process trace its descendants.
    let script = "exec 3<&0; cat <&3 >&2 & echo $!";
    let shell = Command::new("sh")
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    match shell.and_then(trace_the_child_of) {
        Ok(()) => yes(""),
        Err(error) => cannot_trace(&error),
    }
}

/// Traces the process whose number the shell prints, and ends it.
fn trace_the_child_of(mut shell: Child) -> io::Result<()> {
    let output = shell.stdout.take().ok_or(ErrorKind::BrokenPipe)?;
    // Kept open, since the other process reads from it.
    let _input = shell.stdin.take();
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    shell.wait()?;
    let other: i32 = line.trim().parse().map_err(io::Error::other)?;
    let traced = seize(other);
    kill(Pid::from_raw(other), Signal::SIGKILL)?;
    if traced.is_ok() {
        waitpid(Pid::from_raw(other), Some(WaitPidFlag::__WALL))?;
    }
    traced
}

fn seize(process: i32) -> io::Result<()> {
    Ok(ptrace::seize(Pid::from_raw(process), ptrace::Options::empty())?)
}

fn cannot_trace(error: &io::Error) -> Found {
    let why = launch::without_numbers(error);
    match setting("kernel/yama/ptrace_scope") {
        Some(scope @ 1..=2) => no(
            format!("{why} (kernel.yama.ptrace_scope is {scope})"),
            "sudo sysctl kernel.yama.ptrace_scope=0, or type sudo in front of strace",
        ),
        Some(3) => no(
            format!("{why} (kernel.yama.ptrace_scope is 3)"),
            "nothing until the next boot: set kernel.yama.ptrace_scope=0 in /etc/sysctl.d",
        ),
        _ if is_filtered() => no(why, OTHER_FILTER),
        _ => no(why, "type sudo in front of strace"),
    }
}

/// Opens a socket that sees the frames of an interface, as `tcpdump` does.
pub(crate) fn capture() -> Found {
    match Socket::new(Domain::PACKET, Type::RAW, Some(Protocol::from(0))) {
        Ok(_) => yes(""),
        Err(error) => no(
            format!("{} (it takes root or CAP_NET_RAW)", launch::without_numbers(&error)),
            "type sudo in front of tcpdump",
        ),
    }
}

/// Reads the limit to which a process may raise its own limit of descriptors.
pub(crate) fn descriptors() -> Found {
    match getrlimit(Resource::RLIMIT_NOFILE) {
        Ok((_, most)) if most >= DESCRIPTORS => yes(&format!("{most}")),
        Ok((_, most)) => no(
            format!("a process may have {most} descriptors, and some pages need {DESCRIPTORS}"),
            "sudo prlimit --pid $$ --nofile=524288",
        ),
        Err(error) => no(error.to_string(), "ulimit -n"),
    }
}

/// Looks for a second processor, to which `taskset -c 1` binds a program.
pub(crate) fn processors() -> Found {
    let second = sched_getaffinity(Pid::from_raw(0)).and_then(|allowed| allowed.is_set(1));
    match second {
        Ok(true) => yes(""),
        _ => no("this process may not use processor 1", "another machine with two processors"),
    }
}

/// Binds the loopback address of IPv6.
pub(crate) fn ipv6() -> Found {
    let Err(error) = TcpListener::bind("[::1]:0") else { return yes("") };
    let why = launch::without_numbers(&error);
    match setting("net/ipv6/conf/lo/disable_ipv6") {
        Some(1) => no(
            format!("{why} (net.ipv6.conf.lo.disable_ipv6 is 1)"),
            "sudo sysctl net.ipv6.conf.all.disable_ipv6=0",
        ),
        Some(_) => no(format!("{why} (lo has no ::1)"), "sudo ip link set lo up"),
        None => no(
            format!("{why} (the kernel runs without IPv6)"),
            "boot without ipv6.disable=1; in a container of Docker, \
             --sysctl net.ipv6.conf.all.disable_ipv6=0",
        ),
    }
}

/// Asks for a route to a group.
pub(crate) fn multicast_route() -> Found {
    let socket = UdpSocket::bind("0.0.0.0:0");
    match socket.and_then(|socket| socket.connect("224.202.20.30:54321")) {
        Ok(()) => yes(""),
        Err(error) => no(
            format!("{} (no route to a group)", launch::without_numbers(&error)),
            "sudo ip route add 224.0.0.0/4 dev lo, or --interface lo behind the command",
        ),
    }
}

/// Sets up a small ring.
pub(crate) fn io_uring() -> Found {
    match launch::expect_ring() {
        Ok(()) => yes(""),
        Err(NoRing { why, try_this }) => no(why, try_this),
    }
}
