//! The container for those who have no Linux: what its files say. No test here starts a container
//! engine; the profile is loaded by the library that engines use.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use doctor::NEEDS;
use nix::errno::Errno;
use nix::sys::signal::Signal;
use serde_json::Value;
use test_kit::{Directory, Ended, Running, Wire, require_tool, skip};

const PROGRAM: &str = env!("CARGO_BIN_EXE_after-accept");

const PROFILE: &str = ".devcontainer/seccomp.json";

/// Debian's own, which has the module `seccomp`.
const PYTHON: &str = "/usr/bin/python3";

fn read(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn profile() -> Value {
    serde_json::from_str(&read(PROFILE)).expect("it is JSON")
}

/// The system calls that are allowed with any arguments, and those only with some.
fn allowed(profile: &Value) -> [BTreeSet<String>; 2] {
    let mut allowed = [BTreeSet::new(), BTreeSet::new()];
    for group in profile["syscalls"].as_array().expect("groups") {
        assert_eq!(group["action"], "SCMP_ACT_ALLOW");
        let names = group["names"].as_array().expect("names").iter();
        let names = names.map(|name| name.as_str().expect("a name").to_owned());
        allowed[usize::from(group.get("args").is_some())].extend(names);
    }
    allowed
}

#[test]
fn the_profile_allows_what_the_tests_use_and_refuses_what_reaches_beyond() {
    let profile = profile();
    assert_eq!(profile["defaultAction"], "SCMP_ACT_ERRNO");
    // Libraries take ENOSYS for an old kernel, and fall back on an older call.
    assert_eq!(profile["defaultErrnoRet"], Errno::ENOSYS as i32);
    let [always, sometimes] = allowed(&profile);
    let needed = "clone clone3 unshare setns mount umount2 fsopen move_mount \
                  io_uring_setup io_uring_enter io_uring_register ptrace process_vm_readv \
                  pivot_root accept4 epoll_wait select pselect6 poll signalfd4 eventfd2 linkat prctl";
    for name in needed.split_whitespace() {
        assert!(always.contains(name), "{name}");
    }
    assert_eq!(sometimes, ["personality", "socket"].map(str::to_owned).into());
    let beyond = "bpf clock_settime settimeofday init_module finit_module delete_module kexec_load \
                  reboot swapon keyctl add_key open_by_handle_at perf_event_open quotactl syslog \
                  iopl ioperm userfaultfd personality";
    for name in beyond.split_whitespace() {
        assert!(!always.contains(name), "{name}");
    }
}

/// Runs a command under a profile, or `None` if this machine has not the library.
fn under(profile: &Path, command: &[&str]) -> Option<Ended> {
    if !require_tool(PYTHON) {
        return None;
    }
    let has_module = Command::new(PYTHON).args(["-c", "import seccomp"]).output();
    if !has_module.is_ok_and(|output| output.status.success()) {
        skip("python3-seccomp is not installed");
        return None;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/foreign_clients/under_profile.py");
    let mut python = Command::new(PYTHON);
    python.arg(script).arg(profile).args(command);
    Some(Running::spawn(python).end())
}

/// The state of a need in the report of the doctor: `yes` or `NO`.
fn told(report: &Ended, need: &str) -> String {
    let lines = report.output.iter().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let line = lines.into_iter().find(|words| words.get(1) == Some(&need));
    line.map(|words| words[0].to_owned()).unwrap_or_else(|| panic!("{need}: {report:#?}"))
}

#[test]
fn under_the_profile_everything_works_that_works_without() {
    let here = Running::spawn(doctor()).end();
    let profile = Path::new(env!("CARGO_MANIFEST_DIR")).join(PROFILE);
    let Some(there) = under(&profile, &[PROGRAM, "doctor"]) else { return };
    assert_eq!(there.output, here.output);
    let set_the_clock = "import time; time.clock_settime(time.CLOCK_REALTIME, time.time())";
    let refused = under(&profile, &[PYTHON, "-c", set_the_clock]).expect("it ran just now");
    assert!(refused.errors.join("\n").contains("Function not implemented"), "{refused:#?}");
}

/// As in a container with the engine's own profile.
#[test]
fn under_a_stricter_profile_the_doctor_names_ours() {
    let mut profile = profile();
    let groups = profile["syscalls"].as_array_mut().expect("groups");
    let wanted = |group: &Value| {
        let names = group["names"].as_array().expect("names");
        !names.iter().any(|name| name == "unshare" || name == "io_uring_setup" || name == "ptrace")
    };
    groups.retain(wanted);
    let clone = serde_json::json!({ "names": ["clone"], "action": "SCMP_ACT_ALLOW" });
    groups.push(clone);
    let directory = Directory::default();
    let file = directory.file("stricter.json");
    fs::write(&file, profile.to_string()).expect("it is writable");
    let Some(report) = under(&file, &[PROGRAM, "doctor"]) else { return };
    assert_eq!(report.status.code(), Some(1), "{report:#?}");
    for need in ["namespaces", "trace", "io_uring"] {
        assert_eq!(told(&report, need), "NO", "{report:#?}");
    }
    let way = "-> start the container with --security-opt seccomp=.devcontainer/seccomp.json";
    assert!(report.output.iter().any(|line| line.trim() == way), "{report:#?}");
}

/// So ports can be published. The start says that others can use them.
#[test]
fn on_another_host_than_loopback_others_reach_the_servers_and_the_start_says_so() {
    let Some(wire) = Wire::new() else { return };
    for (host, is_open) in [("0.0.0.0", true), ("10.0.0.1", true), ("127.0.0.1", false)] {
        let mut command = wire.left.command(PROGRAM);
        command.args(["--host", host, "--no-book", "--styles", "iterative"]);
        let program = Running::spawn(command);
        program.wait_for_output(|line| line.starts_with("To stop them all"));
        let asked = wire.right.try_run(&format!("echo hello | {PROGRAM} talk 10.0.0.1:2007"));
        assert_eq!(asked.status.success(), is_open, "{host}");
        program.process().signal(Signal::SIGTERM);
        let errors = program.end().errors;
        let note = format!("note: other machines can reach these servers at {host}");
        assert_eq!(errors.iter().any(|line| line.starts_with(&note)), is_open, "{errors:#?}");
    }
}

fn doctor() -> Command {
    let mut command = Command::new(PROGRAM);
    command.arg("doctor");
    command
}

/// `.ci/run` and the Containerfile read one list.
#[test]
fn one_list_of_packages_has_what_the_doctor_tells_to_install() {
    assert!(read(".ci/run").contains("mapfile -t tools < .ci/packages"));
    assert!(read("Containerfile").contains("COPY .ci/packages /tmp/packages"));
    let list = read(".ci/packages");
    let packages: Vec<_> = list.lines().collect();
    assert!(packages.is_sorted(), "{packages:?}");
    // Debian itself cannot do without it.
    let others = NEEDS.iter().filter_map(doctor::Need::package).filter(|name| *name != "coreutils");
    for package in others {
        assert!(packages.contains(&package), "{package}");
    }
}

#[test]
fn the_devcontainer_uses_our_files() {
    let text = read(".devcontainer/devcontainer.json");
    let devcontainer: Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(devcontainer["build"]["dockerfile"], "../Containerfile");
    let user = devcontainer["remoteUser"].as_str().expect("a user");
    assert!(read("Containerfile").contains(&format!("USER {user}\n")));
    let profile = format!("seccomp=${{localWorkspaceFolder}}/{PROFILE}");
    let arguments = devcontainer["runArgs"].as_array().expect("arguments");
    assert!(arguments.iter().any(|argument| *argument == *profile), "{arguments:?}");
}

#[test]
fn the_book_and_the_changes_have_the_version_of_the_program() {
    let version = env!("CARGO_PKG_VERSION");
    assert!(read("lessons/README.md").contains(&format!("Version {version}; ")));
    assert!(read("CHANGELOG.md").contains(&format!("\n## {version}\n")));
}
