//! The one program, as people run it: real processes, real sockets, real signals.
//!
//! Each test has its own address in 127.0.0.0/8, all of which is this machine, so every test can
//! use all ports.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use launch::Style;
use nix::sys::prctl::set_child_subreaper;
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::waitpid;
use nix::unistd::{Pid, getpgid};
use protocol::CATALOGUE;
use test_kit::{Namespaces, skip, wait_until};

const PROGRAM: &str = env!("CARGO_BIN_EXE_after-accept");

/// The styles that start by default.
fn styles() -> Vec<&'static Style> {
    Style::ALL.into_iter().filter(|style| style.starts_by_default).collect()
}

/// The number of servers that start by default.
fn count_by_default() -> usize {
    styles().len() * CATALOGUE.len()
}

/// The time limit for events that should happen soon, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn every_style_serves_every_service() {
    let mut launcher = Launcher::start(Ipv4Addr::new(127, 101, 1, 1));
    let table = launcher.table();
    assert_eq!(table.len(), count_by_default(), "{table:?}");
    for (name, port) in &table {
        let address = launcher.address_of(name);
        assert_eq!(*port, address.port().to_string());
        check_answer(name, address);
    }
}

#[test]
fn the_table_fits_a_narrow_terminal() {
    let launcher = Launcher::start(Ipv4Addr::new(127, 0, 0, 9));
    let lines = launcher.out.until("Ctrl-C");
    // The name of a directory can be of any length.
    for line in lines.iter().filter(|line| !line.starts_with("Uploads")) {
        assert!(line.chars().count() <= 80, "{line}");
    }
    let example = "nc 127.0.0.9 3026";
    assert!(lines.iter().any(|line| line.ends_with(example)), "{lines:?}");
}

#[test]
fn each_server_is_a_process_with_its_own_name_that_ctrl_c_does_not_reach() {
    let mut launcher = Launcher::start(Ipv4Addr::new(127, 101, 1, 2));
    launcher.table();
    let mut names: Vec<_> = launcher
        .servers()
        .iter()
        .map(|server| {
            assert_eq!(getpgid(Some(server.pid)), Ok(server.pid), "{server:?}");
            server.name()
        })
        .collect();
    names.sort();
    assert_eq!(names, all_servers());
}

#[test]
fn the_styles_that_are_named_start_and_no_others() {
    // Each once, in the usual order, in whatever order they are given.
    let named = [&Style::FORK, &Style::ASYNC];
    check_started("async,fork,async", Ipv4Addr::new(127, 101, 1, 14), &named);
    check_started("all", Ipv4Addr::new(127, 101, 1, 15), &Style::ALL);
}

/// Checks the servers that start if `--styles` has these names.
fn check_started(names: &str, host: Ipv4Addr, expected: &[&Style]) {
    let mut command = Command::new(PROGRAM);
    command.args(["--no-book", "--host", &host.to_string(), "--styles", names]);
    let mut launcher = Launcher::spawn(command, host);
    let table = launcher.table();
    assert_eq!(table.keys().cloned().collect::<Vec<_>>(), servers_of(expected), "{names}");
    for (name, port) in &table {
        let expected = launcher.address_of(name).port().to_string();
        let why = "it is not served: has its style a line in crates/all-styles/src/lib.rs?";
        assert_eq!(*port, expected, "{name}: {why}");
    }
    let mut started: Vec<_> = launcher.servers().iter().map(Process::name).collect();
    started.sort();
    assert_eq!(started, servers_of(expected), "{names}");
    launcher.signal(Signal::SIGINT);
    assert_eq!(launcher.exit().code(), Some(0));
}

#[test]
fn an_unknown_style_is_a_usage_error_that_lists_the_styles() {
    for names in ["frok", "fork,frok", "", "fork,"] {
        let output = run(&["--styles", names]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{names}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        let known = Style::ALL.map(|style| style.name);
        for word in known.iter().chain(&["--styles", "all"]) {
            assert!(said.contains(word), "{said}");
        }
        assert_eq!(output.stdout, b"");
    }
}

#[test]
fn a_port_in_use_is_named_and_the_other_servers_start() {
    let host = Ipv4Addr::new(127, 101, 1, 3);
    let _taken = TcpListener::bind((host, 4026)).unwrap();
    let mut launcher = Launcher::start(host);
    let mut table = launcher.table();
    assert_eq!(table.remove("thread chat").unwrap(), "taken");
    assert_eq!(table.len(), count_by_default() - 1);
    for (name, port) in &table {
        let address = launcher.address_of(name);
        assert_eq!(*port, address.port().to_string());
        check_answer(name, address);
    }
    launcher.err.until("thread chat | error: cannot listen on 127.101.1.3:4026: ");
    launcher.signal(Signal::SIGTERM);
    assert_eq!(launcher.exit().code(), Some(0));
}

#[test]
fn no_server_at_all_is_a_failure() {
    // This address is reserved for documentation, so no machine has it (RFC 5737).
    let mut launcher = Launcher::start(Ipv4Addr::new(192, 0, 2, 1));
    launcher.out.until("✚ async      failed  failed   failed");
    assert_eq!(launcher.exit().code(), Some(1));
}

#[test]
fn ctrl_c_stops_every_server_gracefully() {
    let mut launcher = Launcher::start(Ipv4Addr::new(127, 101, 1, 4));
    launcher.table();
    let mut members: Vec<_> = styles()
        .iter()
        .map(|style| Client::join(launcher.address_of(&format!("{} chat", style.name))))
        .collect();
    // Like a terminal: to the whole group.
    killpg(launcher.pid(), Signal::SIGINT).unwrap();
    for member in &mut members {
        assert_eq!(member.line(), "* the server is stopping, goodbye\r\n");
        assert_eq!(member.line(), "", "that is the end");
    }
    drop(members);
    launcher.err.until("stopping; Ctrl-C again to stop at once");
    assert_eq!(launcher.exit().code(), Some(0));
    let log = launcher.err.rest();
    assert!(!log.iter().any(|line| line.contains("served")), "{log:#?}");
    let one_in_the_chat = |_: &Style, service: &str| u32::from(service == "chat").to_string();
    assert_eq!(log[log.len() - styles().len() - 1..], summary(one_in_the_chat), "{log:#?}");
    assert_eq!(launcher.processes(), []);
}

/// The table of how many clients each server has had.
fn summary(count: impl Fn(&Style, &str) -> String) -> Vec<String> {
    let names = CATALOGUE.iter().map(|service| service.name);
    let row = |name: &str, cells: Vec<String>| {
        let cells = cells.iter().zip(names.clone());
        let cells = cells.map(|(cell, name)| format!("  {cell:width$}", width = name.len()));
        format!("{name:11}{}", cells.collect::<String>()).trim_end().to_owned()
    };
    let counts = styles().into_iter().map(|style| {
        row(&style.label(), CATALOGUE.iter().map(|service| count(style, service.name)).collect())
    });
    [row("clients", names.clone().map(str::to_owned).collect())].into_iter().chain(counts).collect()
}

#[test]
fn a_second_ctrl_c_stops_at_once() {
    adopt_orphans();
    let mut launcher = Launcher::start(Ipv4Addr::new(127, 101, 1, 5));
    launcher.table();
    let _member = Client::join(launcher.address_of("fork chat"));
    let (servers, processes) = (launcher.servers(), launcher.processes());
    // A stopped server cannot stop gracefully.
    let stuck = servers.iter().find(|server| server.name() == "thread echo").unwrap();
    kill(stuck.pid, Signal::SIGSTOP).unwrap();
    launcher.signal(Signal::SIGINT);
    launcher.err.until("stopping; ");
    launcher.signal(Signal::SIGINT);
    assert_eq!(launcher.exit().code(), Some(128 + Signal::SIGINT as i32));
    // Only this process can wait for fork's child.
    all_end(&processes);
    assert_eq!(launcher.processes(), []);
}

#[test]
fn a_killed_launcher_leaves_no_process_behind() {
    adopt_orphans();
    let mut launcher = Launcher::start(Ipv4Addr::new(127, 101, 1, 6));
    launcher.table();
    let mut members: Vec<_> = styles()
        .iter()
        .map(|style| Client::join(launcher.address_of(&format!("{} chat", style.name))))
        .collect();
    let (servers, processes) = (launcher.servers(), launcher.processes());
    assert_eq!(
        processes.len(),
        1 + count_by_default() + 1,
        "launcher, servers, and fork's child: {processes:?}"
    );
    launcher.signal(Signal::SIGKILL);
    assert_eq!(launcher.exit().signal(), Some(Signal::SIGKILL as i32));
    for member in &mut members {
        assert_eq!(member.line(), "* the server is stopping, goodbye\r\n");
    }
    all_end(&servers);
    // If fork has a child, it is an orphan after the end of its parent.
    all_end(&processes);
    assert_eq!(launcher.processes(), []);
}

#[test]
fn a_server_that_dies_is_named_and_the_rest_goes_on() {
    let mut launcher = Launcher::start(Ipv4Addr::new(127, 101, 1, 7));
    launcher.table();
    let servers = launcher.servers();
    let victim = servers.iter().find(|server| server.name() == "select echo").unwrap();
    kill(victim.pid, Signal::SIGKILL).unwrap();
    launcher.err.until("select echo | has ended unexpectedly: signal: 9");
    check_answer("thread echo", launcher.address_of("thread echo"));
    launcher.signal(Signal::SIGINT);
    assert_eq!(launcher.exit().code(), Some(0));
}

/// In a container the launcher is PID 1, which adopts all orphans.
#[test]
fn as_the_first_process_it_reaps_the_orphans_of_a_server_that_dies() {
    if !Namespaces::are_possible(&["--pid", "--mount"]) {
        return skip("this system allows no namespaces of processes");
    }
    let host = Ipv4Addr::new(127, 101, 1, 21);
    let mut unshare = Command::new("unshare");
    unshare.args(["--map-root-user", "--pid", "--mount-proc", "--fork", "--kill-child", PROGRAM]);
    unshare.args(["--no-book", "--host", &host.to_string()]);
    let mut launcher = Launcher::spawn(unshare, host);
    launcher.table();
    let _member = Client::join(launcher.address_of("fork chat"));
    let outside = launcher.pid().to_string();
    let first = Process::all().find(|process| process.parent == outside).expect("PID 1");
    let with_parent = |parent: Pid| {
        let is_chat = |process: &Process| {
            process.parent == parent.to_string() && process.name() == "fork chat"
        };
        launcher.processes().into_iter().find(is_chat).expect("a process of fork's chat").pid
    };
    let server = with_parent(first.pid);
    let child = with_parent(server);
    kill(server, Signal::SIGKILL).unwrap();
    launcher.err.until("fork chat | has ended unexpectedly: signal: 9");
    wait_until("the child is reaped", || Process::of(child.as_raw()).is_none());
    kill(first.pid, Signal::SIGTERM).unwrap();
    assert_eq!(launcher.exit().code(), Some(0));
}

#[test]
fn logs_come_with_the_name_of_their_server() {
    let mut launcher = Launcher::start(Ipv4Addr::new(127, 101, 1, 8));
    launcher.table();
    let mut member = Client::join(launcher.address_of("fork chat"));
    member.say("hello\n");
    let mut lines = launcher.err.until("said \"hello\"");
    let long = "a long line ".repeat(20);
    member.say(&format!("{long}\n/nick ada\n"));
    lines.extend(launcher.err.until("is now ada"));
    assert!(lines.iter().all(|line| line.starts_with("fork chat | ")), "{lines:?}");
    assert!(lines.iter().all(|line| line.chars().count() <= 80), "{lines:?}");
    let said: Vec<_> =
        lines.iter().flat_map(|line| line["fork chat | ".len()..].split(' ')).collect();
    let said = said.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    assert!(said.contains(long.trim_end()), "nothing is left out: {said}");
}

#[test]
fn it_needs_no_standard_input_and_no_standard_error() {
    let host = Ipv4Addr::new(127, 101, 1, 9);
    let mut shell = Command::new("sh");
    shell.args(["-c", "exec \"$0\" --host 127.101.1.9 <&- 2>&-", PROGRAM]);
    let mut launcher = Launcher::spawn(shell, host);
    for name in launcher.table().keys() {
        check_answer(name, launcher.address_of(name));
    }
    launcher.signal(Signal::SIGTERM);
    assert_eq!(launcher.exit().code(), Some(0));
}

#[test]
fn uploads_are_stored_in_one_new_directory_which_is_kept_unless_it_is_empty() {
    let mut launcher = Launcher::start(Ipv4Addr::new(127, 101, 1, 12));
    let directory = launcher.uploads();
    assert!(fs::read_dir(&directory).unwrap().next().is_none());
    assert_eq!(upload(&launcher, "fork upload"), "stored name 6\r\n");
    let again = upload(&launcher, "thread upload");
    assert_eq!(again, "refused: there is a file of this name already\r\n");
    launcher.signal(Signal::SIGINT);
    assert_eq!(launcher.exit().code(), Some(0));
    assert_eq!(fs::read(directory.join("name")).unwrap(), b"hello\n");
    fs::remove_dir_all(directory).unwrap();

    let mut launcher = Launcher::start(Ipv4Addr::new(127, 101, 1, 12));
    let directory = launcher.uploads();
    assert!(directory.exists());
    launcher.signal(Signal::SIGINT);
    assert_eq!(launcher.exit().code(), Some(0));
    assert!(!directory.exists());
}

#[test]
fn uploads_are_stored_in_the_given_directory() {
    let mut command = Command::new(PROGRAM);
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("uploads_are_named");
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir(&directory).unwrap();
    command.args(["--host", "127.101.1.13", "--directory"]).arg(&directory);
    let mut launcher = Launcher::spawn(command, Ipv4Addr::new(127, 101, 1, 13));
    assert_eq!(launcher.uploads(), directory);
    assert_eq!(upload(&launcher, "select upload"), "stored name 6\r\n");
    assert_eq!(fs::read(directory.join("name")).unwrap(), b"hello\n");
    launcher.signal(Signal::SIGINT);
    assert_eq!(launcher.exit().code(), Some(0));
    fs::remove_dir_all(directory).unwrap();
}

#[test]
fn an_unknown_option_for_the_port_leads_to_the_right_one() {
    for (arguments, tip) in [
        (&["--port", "7"][..], "one server alone takes an address: fork echo --listen HOST:PORT"),
        (&["select", "chat", "--port", "7"], "write --listen HOST:PORT"),
        (&["hls-relay", "-p", "7"], "write --ingest HOST:PORT or --http HOST:PORT"),
        (&["datagrams", "echo", "--host", "a"], "write --listen HOST:PORT"),
        (&["load", "echo", "--port", "7"], "the address is an argument of its own"),
        (&["snmp-walk", "--port", "7", "a"], "the address is an argument of its own"),
    ] {
        let ended = Command::new(PROGRAM).args(arguments).output().unwrap();
        let errors = String::from_utf8(ended.stderr).unwrap();
        assert_eq!((ended.status.code(), errors.lines().count()), (Some(2), 1), "{errors}");
        assert!(errors.contains(&format!("tip: {tip}")), "{errors}");
    }
}

#[test]
fn an_empty_tmpdir_means_tmp() {
    let mut command = Command::new(PROGRAM);
    command.args(["--no-book", "--host", "127.101.1.99"]);
    // No directory can be made here, not even by root.
    command.env("TMPDIR", "").current_dir("/proc");
    let mut launcher = Launcher::spawn(command, Ipv4Addr::new(127, 101, 1, 99));
    assert_eq!(launcher.uploads().parent(), Some(Path::new("/tmp")));
    launcher.signal(Signal::SIGINT);
    assert_eq!(launcher.exit().code(), Some(0));
}

/// Uploads a short file to the server of this name. Returns the answer.
fn upload(launcher: &Launcher, name: &str) -> String {
    let mut client = Client::connect(launcher.address_of(name));
    client.say("name\n\0\0\0\x06\nhello\n");
    client.rest()
}

#[test]
fn a_style_and_a_service_start_that_server() {
    let mut command = Command::new(PROGRAM);
    command.args(["select", "fortune", "--listen", "127.101.1.10:5017"]);
    check_server(command, "select fortune", "127.101.1.10:5017");
}

#[test]
fn under_the_name_of_a_server_it_is_that_server() {
    let mut command = Command::new(PROGRAM);
    command.arg0("/some/where/async-server");
    command.args(["echo", "--listen", "127.101.1.11:6007"]);
    check_server(command, "async echo", "127.101.1.11:6007");
}

#[test]
fn talk_is_a_command() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = thread::spawn({
        let listener = listener.try_clone().unwrap();
        move || listener.accept().unwrap().0.write_all(b"a saying\r\n").unwrap()
    });
    let said = run(&["talk", &listener.local_addr().unwrap().to_string()]);
    server.join().unwrap();
    assert_eq!(String::from_utf8(said.stdout).unwrap(), "a saying\r\n");
    assert_eq!(said.status.code(), Some(0));
}

#[test]
fn shells_learn_its_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let script = String::from_utf8(run(&["completions", shell]).stdout).unwrap();
        for word in ["after-accept", "fork", "talk", "max-clients"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn it_prints_its_version_and_its_help() {
    let version = format!("after-accept {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(String::from_utf8(run(&["--version"]).stdout).unwrap(), version);
    let help = String::from_utf8(run(&["--help"]).stdout).unwrap();
    for Style { name, .. } in Style::ALL {
        assert!(help.contains(&format!("\n  {name} ")), "{help}");
    }
    let default = Style::ALL.iter().filter(|style| style.starts_by_default);
    let default = default.map(|style| style.name).collect::<Vec<_>>().join(",");
    for part in ["--styles <STYLES>", &format!("[default: {default}]"), "3026"] {
        assert!(help.contains(part), "the help does not say {part:?}:\n{help}");
    }
}

/// In each command, an option that takes a number rejects -1 with a description of correct values.
#[test]
fn a_number_below_0_is_not_an_option() {
    /// The placeholders of numbers in options.
    const NUMBERS: [&str; 6] = ["<N>", "<SECS>", "<BYTES>", "<B>", "<R>", "<PID>"];
    let mut commands = vec![Vec::new()];
    let mut tried = 0;
    while let Some(command) = commands.pop() {
        let arguments = |more: &[&str]| -> Vec<String> {
            command.iter().cloned().chain(more.iter().map(|word| (*word).to_owned())).collect()
        };
        let said =
            |arguments: Vec<String>| run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        let help = String::from_utf8(said(arguments(&["--help"])).stdout).expect("help is UTF-8");
        let listed = help.split_once("\nCommands:\n").map_or("", |(_, rest)| rest);
        let listed = listed.lines().take_while(|line| line.starts_with("  "));
        // The explanations are indented further.
        let names =
            listed.filter_map(|line| line[2..].split(' ').next()).filter(|name| !name.is_empty());
        commands.extend(names.filter(|name| *name != "help").map(|name| arguments(&[name])));
        for line in help.lines() {
            let mut words = line.split_whitespace().skip_while(|word| !word.starts_with("--"));
            let (Some(option), Some(value)) = (words.next(), words.next()) else { continue };
            if NUMBERS.contains(&value) {
                tried += 1;
                let ended = said(arguments(&[option, "-1"]));
                let errors = String::from_utf8_lossy(&ended.stderr);
                assert_eq!(ended.status.code(), Some(2), "{command:?} {option}: {errors}");
                assert!(errors.starts_with("error: invalid value '-1' for "), "{errors}");
            }
        }
    }
    assert!(tried > 30, "{tried} options were tried");
}

#[test]
fn an_unknown_command_gets_a_list_of_the_styles() {
    let output = run(&["frok", "chat"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(said.lines().count(), 1, "{said}");
    for style in Style::ALL {
        assert!(said.contains(style.name), "{said}");
    }
    assert_eq!(output.stdout, b"");
}

/// Checks that `command` becomes the server, and ends when it is stopped.
fn check_server(command: Command, name: &str, address: &str) {
    let address: SocketAddr = address.parse().unwrap();
    let mut server = Launcher::spawn(command, Ipv4Addr::UNSPECIFIED);
    assert_eq!(server.out.until("listening on "), [format!("listening on {address}")]);
    check_answer(name, address);
    server.signal(Signal::SIGTERM);
    assert_eq!(server.exit().code(), Some(0));
}

/// Checks that the first bytes of the server of this name are those of its service.
fn check_answer(name: &str, address: SocketAddr) {
    let mut client = Client::connect(address);
    match name.split_once(' ').unwrap().1 {
        "echo" => {
            client.say("hello\n");
            client.stream.get_ref().shutdown(Shutdown::Write).unwrap();
            assert_eq!(client.rest(), "hello\n", "{name}");
        }
        "fortune" => assert!(client.rest().ends_with("\r\n"), "{name}"),
        "chat" => assert!(client.line().starts_with("* welcome, "), "{name}"),
        "lines" => {
            client.say("hello\n");
            assert_eq!(client.line(), "=> hello\r\n", "{name}");
        }
        "frames" => {
            client.say("\0\0\0\x01\0\0\0\x06hello\n");
            assert_eq!(client.line(), "\0\0\0\x01\0\0\0\x06hello\n", "{name}");
        }
        "upload" => {
            client.say("../name\n");
            assert!(client.line().starts_with("refused: a name "), "{name}");
        }
        service => panic!(
            "tests/program.rs: there is no check for the service {service:?}: add an arm to \
             check_answer"
        ),
    }
}

/// Runs the program to its end.
fn run(arguments: &[&str]) -> Output {
    Command::new(PROGRAM).args(arguments).output().unwrap()
}

/// The names of all servers that start by default, sorted.
fn all_servers() -> Vec<String> {
    servers_of(&styles())
}

/// The names of the servers of these styles, sorted.
fn servers_of(styles: &[&Style]) -> Vec<String> {
    let of_style = |style: &&Style| {
        let name = style.name;
        CATALOGUE.iter().map(move |service| format!("{name} {}", service.name))
    };
    let mut names: Vec<_> = styles.iter().flat_map(of_style).collect();
    names.sort();
    names
}

/// The program while it runs. It is killed if the test ends first.
struct Launcher {
    host: Ipv4Addr,
    child: Child,
    out: Lines,
    err: Lines,
}

impl Launcher {
    /// Starts the program without the book, which has its own tests.
    fn start(host: Ipv4Addr) -> Launcher {
        let mut command = Command::new(PROGRAM);
        command.args(["--no-book", "--host", &host.to_string()]);
        Launcher::spawn(command, host)
    }

    fn spawn(mut command: Command, host: Ipv4Addr) -> Launcher {
        test_kit::hear_interrupts();
        if !command.get_envs().any(|(name, _)| name == "TMPDIR") {
            command.env("TMPDIR", env!("CARGO_TARGET_TMPDIR"));
        }
        let mut child = command
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let out = Lines::of(child.stdout.take().unwrap());
        let err = Lines::of(child.stderr.take().unwrap());
        Launcher { host, child, out, err }
    }

    /// The table's entry for each server.
    fn table(&mut self) -> BTreeMap<String, String> {
        let lines = self.out.until("Ctrl-C");
        let mut table = BTreeMap::new();
        let mut services = Vec::new();
        for line in &lines {
            let cells: Vec<_> = line.split("  ").map(str::trim).collect();
            let cells: Vec<_> = cells.into_iter().filter(|cell| !cell.is_empty()).collect();
            let is_service = |cell: &&str| CATALOGUE.iter().any(|service| service.name == *cell);
            match cells[..] {
                // The table may have several parts, each for different services.
                _ if cells.is_empty() || cells.iter().all(is_service) => services = cells,
                [label, ref cells @ ..]
                    if Style::ALL.iter().any(|known| known.label() == label) =>
                {
                    let (_, style) = label.split_once(' ').expect("a sign and a name");
                    let named = services.iter().map(|service| format!("{style} {service}"));
                    table.extend(named.zip(cells.iter().map(|cell| (*cell).to_owned())));
                }
                _ => {}
            }
        }
        table
    }

    /// The directory for uploads that the output names.
    fn uploads(&mut self) -> PathBuf {
        let lines = self.out.until("Ctrl-C");
        let place = lines.iter().find_map(|line| line.strip_prefix("Uploads land in "));
        place.expect("it says so").trim().into()
    }

    /// The address on which the server of this name has to listen.
    fn address_of(&self, name: &str) -> SocketAddr {
        let (style, service) = name.split_once(' ').unwrap();
        let style = Style::ALL.into_iter().find(|known| known.name == style).unwrap();
        let service = CATALOGUE.iter().find(|known| known.name == service).unwrap();
        SocketAddr::new(self.host.into(), style.port(service))
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().try_into().unwrap())
    }

    fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).unwrap();
    }

    /// Waits for the end.
    fn exit(&mut self) -> ExitStatus {
        // Its servers do not have its output, so this output ends with it.
        self.out.rest();
        self.child.wait().unwrap()
    }

    /// All processes whose arguments contain this launcher's address.
    fn processes(&self) -> Vec<Process> {
        let host = self.host.to_string();
        let is_ours = |process: &Process| {
            let mut arguments = process.arguments.iter();
            arguments.any(|argument| argument == &host || argument.starts_with(&format!("{host}:")))
        };
        Process::all().filter(is_ours).collect()
    }

    /// The processes that the launcher has started.
    fn servers(&self) -> Vec<Process> {
        let starter = self.pid().to_string();
        let mut servers = self.processes();
        servers.retain(|process| {
            process.parent == starter && process.arguments.last() == Some(&starter)
        });
        servers
    }
}

impl Drop for Launcher {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A process as `ps` shows it.
#[derive(Debug, PartialEq)]
struct Process {
    pid: Pid,
    parent: String,
    arguments: Vec<String>,
}

impl Process {
    fn all() -> impl Iterator<Item = Process> {
        let entries = fs::read_dir("/proc").unwrap();
        entries.filter_map(|entry| Process::of(entry.ok()?.file_name().to_str()?.parse().ok()?))
    }

    /// `None` if it has ended.
    fn of(pid: i32) -> Option<Process> {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let parent = status.lines().find_map(|line| line.strip_prefix("PPid:\t"))?;
        let arguments = fs::read_to_string(format!("/proc/{pid}/cmdline")).ok()?;
        Some(Process {
            pid: Pid::from_raw(pid),
            parent: parent.to_owned(),
            arguments: arguments.split_terminator('\0').map(str::to_owned).collect(),
        })
    }

    /// The name of a server: `fork chat`, as in its log.
    fn name(&self) -> String {
        let name = self.arguments[0].strip_suffix("-server").unwrap();
        format!("{name} {}", self.arguments[1])
    }
}

/// Makes orphans children of this process, so that it can wait for them.
fn adopt_orphans() {
    set_child_subreaper(true).unwrap();
}

/// Waits until all have ended. Those that are not children of this process have ended already.
fn all_end(processes: &[Process]) {
    let (tell, end) = mpsc::channel();
    let pids: Vec<_> = processes.iter().map(|process| process.pid).collect();
    thread::spawn(move || {
        for pid in pids {
            let _ = waitpid(pid, None);
        }
        tell.send(())
    });
    end.recv_timeout(PATIENCE).expect("every process should have ended");
}

/// The lines that a process writes, as they arrive.
struct Lines(Receiver<String>);

impl Lines {
    fn of(output: impl Read + Send + 'static) -> Lines {
        let (tell, lines) = mpsc::channel();
        thread::spawn(move || {
            let mut lines = BufReader::new(output).lines().map_while(Result::ok);
            lines.try_for_each(|line| tell.send(line))
        });
        Lines(lines)
    }

    /// Waits for a line that contains `text`. Returns all lines up to it.
    fn until(&self, text: &str) -> Vec<String> {
        let mut lines = Vec::new();
        let deadline = Instant::now() + PATIENCE;
        while !lines.last().is_some_and(|line: &String| line.contains(text)) {
            match self.0.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => lines.push(line),
                Err(error) => panic!("{error} before {text:?} came: {lines:#?}"),
            }
        }
        lines
    }

    /// Waits for the end. Returns the remaining lines.
    fn rest(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.0.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => lines.push(line),
                Err(RecvTimeoutError::Disconnected) => return lines,
                Err(RecvTimeoutError::Timeout) => panic!("there is no end: {lines:#?}"),
            }
        }
    }
}

/// A client of a server.
struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    fn connect(address: SocketAddr) -> Client {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Client { stream: BufReader::new(stream) }
    }

    /// Joins a room, and reads the welcome.
    fn join(address: SocketAddr) -> Client {
        let mut client = Client::connect(address);
        assert!(client.line().starts_with("* welcome, "));
        client
    }

    fn say(&mut self, text: &str) {
        self.stream.get_mut().write_all(text.as_bytes()).unwrap();
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        line
    }

    fn rest(&mut self) -> String {
        let mut rest = String::new();
        self.stream.read_to_string(&mut rest).unwrap();
        rest
    }
}
