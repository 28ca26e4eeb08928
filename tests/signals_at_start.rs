//! A signal that stops a program is not lost while the program starts: not between two system calls
//! of the start, where strace(1) delays the program, and not if the program was started with
//! blocked signals.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::iter;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

use test_kit::{Directory, Ended, Process, Running, Server, Signal, Style};
use test_kit::{each_style, require_tool, wait_until};

const PROGRAM: &str = env!("CARGO_BIN_EXE_after-accept");

/// The file into which strace(1) writes.
const RECORD: &str = "record";

/// The calls that register handlers.
const CALLS: &str = "rt_sigaction,rt_sigprocmask,fcntl,socketpair,prctl";

/// The delay of one of these calls in microseconds. A signal that is sent later reaches the program
/// at a later point, and must not be lost there either.
const DELAY: u32 = 300_000;

/// The number of calls that are tested after the last one that registers a handler.
const CALLS_BEHIND: usize = 5;

/// The number of programs that start at once. They mostly wait.
const AT_ONCE: usize = 8;

/// A call of a start.
#[derive(Debug)]
struct Call {
    /// The call as strace(1) shows it.
    text: String,
    name: String,
    /// Its number among the calls of this name, counted from 1.
    number: usize,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.text)
    }
}

each_style!(
    a_signal_at_any_point_of_a_servers_start_stops_it (row 51),
    a_server_that_was_started_with_blocked_signals_receives_them (row 51),
    a_server_that_was_started_with_sigint_ignored_ignores_it (row 51),
);

fn a_signal_at_any_point_of_a_servers_start_stops_it(style: Style) {
    let name = style.name;
    check_server(&[name, "chat", "--listen", "127.0.0.1:0"]);
}

#[test]
fn a_signal_at_any_point_of_the_start_of_datagrams_stops_it() {
    check_server(&["datagrams", "echo", "--listen", "127.0.0.1:0"]);
}

#[test]
#[cfg(feature = "book")]
fn a_signal_at_any_point_of_the_books_start_stops_it() {
    check_server(&["book", "--listen", "127.0.0.1:0"]);
}

#[test]
#[cfg(feature = "hls-relay")]
fn a_signal_at_any_point_of_the_relays_start_stops_it() {
    check_server(&["hls-relay", "--ingest", "127.0.0.1:0", "--http", "127.0.0.1:0"]);
}

#[test]
fn a_signal_at_any_point_of_the_launchers_start_stops_it() {
    let arguments = |_: &Directory, number| {
        // Each launcher has its own address, and so can use all ports.
        let host = format!("127.102.1.{number}");
        ["--host", &host, "--no-book"].map(str::to_owned).into()
    };
    check(Signal::SIGTERM, &[0], arguments, |launcher| {
        launcher.running.wait_for_output(|line| line.contains("Ctrl-C"));
    });
}

#[test]
fn a_signal_at_any_point_of_the_start_of_load_interrupts_it() {
    let server = Server::start(Style::SELECT, "echo");
    let address = server.address().to_string();
    // Either it has measured nothing, or it has something to report.
    let arguments = |_: &Directory, _| {
        ["load", "echo", &address, "--duration", "600"].map(str::to_owned).into()
    };
    check(Signal::SIGINT, &[0, 1], arguments, |_| {
        server.wait_for_log(|line| line.contains("client 1 connected"));
    });
}

#[test]
fn a_signal_at_any_point_of_a_comparisons_start_interrupts_it() {
    let arguments = |directory: &Directory, _| {
        let into = directory.as_str();
        ["compare", "--quick", "--duration", "0.1", "--into", into].map(str::to_owned).into()
    };
    check(Signal::SIGINT, &[1], arguments, |comparison| {
        wait_until("it has handlers", || comparison.record().contains("rt_sigaction(SIGINT, {"));
        wait_until("it measures", || !comparison.running.process().children().is_empty());
    });
}

/// A stop reaches a child as well, perhaps before the child is ready for it.
#[test]
fn a_signal_at_any_point_of_a_childs_start_stops_it() {
    if !require_tool("strace") {
        return;
    }
    for service in ["echo", "chat"] {
        let traced = TracedChild::start(service, None);
        let lines = traced.childs_lines();
        let calls = calls(lines.iter().map(String::as_str));
        assert!(calls.len() >= 3, "{calls:#?}");
        drop(traced);
        at_once(&calls, |_, call| {
            for signal in [Signal::SIGTERM, Signal::SIGINT] {
                let mut traced = TracedChild::start(service, Some(call));
                wait_until(&format!("{call} is delayed"), || {
                    traced.childs_lines().iter().any(|line| line.ends_with("(DELAYED)"))
                });
                let server = traced.server.process();
                match signal {
                    // Like Ctrl-C: to the child as well.
                    Signal::SIGINT => server.signal_group(signal),
                    // The parent stops the child.
                    _ => server.signal(signal),
                }
                traced.client.read_to_end();
                traced.client.half_close();
                wait_until(&format!("it ends, stopped after {call}"), || {
                    is_over(traced.server.process())
                });
                assert_eq!(traced.server.wait().code(), Some(0), "stopped after {call}");
            }
        });
    }
}

fn a_server_that_was_started_with_blocked_signals_receives_them(style: Style) {
    let mut server = Server::start_under(&["env", "--block-signal"], style, "echo", &LONG);
    let mut visitor = server.connect();
    visitor.half_close();
    visitor.read_to_end();
    server.wait_for_no_clients();
    let mut silent = server.connect();
    silent.send("hello");
    assert_eq!(silent.read_exact(5), b"hello");
    server.process().signal(Signal::SIGTERM);
    silent.expect_end();
    drop(silent);
    assert_eq!(server.wait().code(), Some(0));
}

/// A shell without job control starts background programs like this, and so does nohup(1).
fn a_server_that_was_started_with_sigint_ignored_ignores_it(style: Style) {
    let nohup = ["env", "--ignore-signal=INT,HUP"];
    let mut server = Server::start_under(&nohup, style, "echo", &LONG);
    server.process().signal(Signal::SIGINT);
    server.process().signal(Signal::SIGHUP);
    let mut client = server.connect();
    client.send("hello");
    assert_eq!(client.read_exact(5), b"hello");
    server.process().signal(Signal::SIGINT);
    server.process().signal(Signal::SIGTERM);
    client.expect_end();
    drop(client);
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn a_launcher_that_was_started_with_blocked_signals_and_ignored_sigint_receives_sigterm() {
    let mut command = Command::new("env");
    command.args(["--block-signal", "--ignore-signal=INT", PROGRAM]);
    command.args(["--host", "127.102.2.1", "--no-book"]);
    let mut launcher = Running::spawn(command);
    launcher.wait_for_output(|line| line.contains("Ctrl-C"));
    launcher.process().signal(Signal::SIGINT);
    launcher.process().signal(Signal::SIGTERM);
    assert_eq!(launcher.wait().code(), Some(0));
}

/// A grace that no test waits for.
const LONG: [&str; 2] = ["--grace", "3600"];

fn check_server(arguments: &[&str]) {
    let arguments =
        |_: &Directory, _| arguments.iter().map(|argument| (*argument).to_owned()).collect();
    check(Signal::SIGTERM, &[0], arguments, |server| {
        server.running.wait_for_output(|line| line.starts_with("listening on "));
        wait_until("it waits", || server.running.process().state() == Some('S'));
    });
}

/// A program ends by itself, with one of these statuses, at whatever point of its start the signal
/// comes; or by the signal, if there is no handler yet.
///
/// The command line may depend on a directory and a number, which are different for each program.
/// `wait_for_start` returns when all handlers are registered.
fn check(
    signal: Signal,
    statuses: &[i32],
    arguments: impl Fn(&Directory, usize) -> Vec<String> + Sync,
    wait_for_start: impl FnOnce(&Traced),
) {
    if !require_tool("strace") {
        return;
    }
    let traced = Traced::start(None, |directory| arguments(directory, 254));
    wait_for_start(&traced);
    let calls = traced.registration();
    let registers = format!("rt_sigaction({signal}, {{");
    assert!(calls.iter().any(|call| call.text.starts_with(&registers)), "{calls:#?}");
    at_once(&calls, |number, call| {
        let traced = Traced::start(Some(call), |directory| arguments(directory, number));
        let process = traced.running.process();
        wait_until(&format!("{call} is delayed"), || {
            traced.record().contains("(DELAYED)") || is_over(process)
        });
        process.signal(signal);
        wait_until(&format!("it ends, stopped after {call}"), || is_over(process));
        let is_heard = traced.record().contains(&format!("rt_sigaction({signal}, {{"));
        let ended = traced.running.end();
        let has_stopped = ended.status.code().is_some_and(|code| statuses.contains(&code));
        let was_ended = ended.status.signal() == Some(signal as i32);
        assert!(has_stopped || was_ended && !is_heard, "stopped after {call}: {ended:#?}");
        expect_no_promise_broken(&ended, was_ended);
    });
}

/// A server that has announced its address does not die of a signal, but stops.
fn expect_no_promise_broken(ended: &Ended, was_ended: bool) {
    let has_promised = ended.output.iter().any(|line| line.starts_with("listening on "));
    assert!(!(was_ended && has_promised), "{ended:#?}");
}

/// Runs this for each call of a start, with a number, several at once.
fn at_once(calls: &[Call], check: impl Fn(usize, &Call) + Sync) {
    let next = AtomicUsize::new(0);
    let work = || {
        for number in iter::repeat_with(|| next.fetch_add(1, SeqCst)) {
            let Some(call) = calls.get(number) else { break };
            check(number + 1, call);
        }
    };
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(work);
        }
    });
}

/// Whether the process has ended. It has not been waited for yet.
fn is_over(process: Process) -> bool {
    matches!(process.state(), None | Some('Z'))
}

/// The arguments of strace(1): record the calls, and delay this one.
fn strace(record: &str, delayed: Option<&Call>) -> Vec<String> {
    // With -D the program stays the child of the test.
    let mut strace: Vec<String> = ["strace", "-D", "-qq", "-o", record].map(str::to_owned).into();
    strace.push(format!("--trace={CALLS}"));
    strace.extend(delayed.map(|Call { name, number, .. }| {
        format!("--inject={name}:delay_exit={DELAY}:when={number}")
    }));
    strace
}

/// A program with recorded calls, those of its main thread.
struct Traced {
    running: Running,
    /// The directory of the record.
    directory: Directory,
}

impl Traced {
    fn start(delayed: Option<&Call>, arguments: impl FnOnce(&Directory) -> Vec<String>) -> Traced {
        let directory = Directory::default();
        let strace = strace(directory.file(RECORD).to_str().expect("it is UTF-8"), delayed);
        let mut command = Command::new(&strace[0]);
        command.args(&strace[1..]).arg(PROGRAM).args(arguments(&directory));
        // A killed program leaves its temporary files there.
        command.env("TMPDIR", directory.path());
        Traced { running: Running::spawn(command), directory }
    }

    fn record(&self) -> String {
        fs::read_to_string(self.directory.file(RECORD)).unwrap_or_default()
    }

    /// The calls so far, up to a few after the last one that registers a handler.
    fn registration(self) -> Vec<Call> {
        let mut calls = calls(self.record().lines());
        let last = calls.iter().rposition(|call| call.name == "rt_sigaction");
        calls.truncate(last.expect("there are handlers") + 1 + CALLS_BEHIND);
        calls
    }
}

/// A forking server, and a client whose child's calls are recorded.
struct TracedChild {
    server: Server,
    client: test_kit::Client,
    directory: Directory,
}

impl TracedChild {
    /// Starts a server and connects to it. Unless a call is delayed, the child has started as well.
    fn start(service: &str, delayed: Option<&Call>) -> TracedChild {
        let directory = Directory::default();
        let strace = strace(directory.file(RECORD).to_str().expect("it is UTF-8"), delayed);
        let wrapper = iter::once("setsid").chain(strace.iter().map(String::as_str)).chain(["-f"]);
        let wrapper: Vec<&str> = wrapper.collect();
        let server = Server::start_under(&wrapper, Style::FORK, service, &LONG);
        let mut client = server.connect();
        if delayed.is_none() {
            client.send("hello\r\n");
            client.read_exact(1);
        }
        TracedChild { server, client, directory }
    }

    /// The record of the child so far.
    fn childs_lines(&self) -> Vec<String> {
        let record = fs::read_to_string(self.directory.file(RECORD)).unwrap_or_default();
        let server = self.server.pid().to_string();
        let lines = record.lines().filter_map(|line| line.split_once(' '));
        let childs = lines.filter(|(pid, _)| *pid != server);
        childs.map(|(_, line)| line.trim_start().to_owned()).collect()
    }
}

/// The calls in a record of one process.
fn calls<'a>(record: impl Iterator<Item = &'a str>) -> Vec<Call> {
    let mut counts = BTreeMap::new();
    // Signals are recorded as well.
    let calls = record.filter(|line| line.starts_with(|first: char| first.is_ascii_lowercase()));
    let counted = calls.filter_map(|line| {
        let (name, _) = line.split_once('(')?;
        let count = counts.entry(name).or_insert(0);
        *count += 1;
        Some(Call { text: line.to_owned(), name: name.to_owned(), number: *count })
    });
    counted.collect()
}
