//! One policy for standard output in all programs: if it is full, the program says so in one line
//! and exits 1; if its reader has closed the pipe, the program exits 0 and says nothing.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use test_kit::{Directory, Server, Style, wait_until};

const PROGRAM: &str = env!("CARGO_BIN_EXE_after-accept");

const FULL: &str = "cannot write standard output: No space left on device";

/// Checks a program with these arguments and this input against both kinds of output. `before`
/// stands before its complaint.
#[track_caller]
fn check_with(program: &str, arguments: &[&str], input: &str, before: &str) {
    check_full(program, arguments, input, before);
    check_closed(program, arguments, input);
}

#[track_caller]
fn check_full(program: &str, arguments: &[&str], input: &str, before: &str) {
    let full = File::options().write(true).open("/dev/full").expect("Linux has it");
    let complaint = format!("{before}{FULL}\n");
    assert_eq!(run(program, arguments, input, full), (Some(1), complaint), "{arguments:?}");
}

#[track_caller]
fn check_closed(program: &str, arguments: &[&str], input: &str) {
    let (reader, closed) = io::pipe().expect("there are descriptors");
    drop(reader);
    let nothing = String::new();
    assert_eq!(run(program, arguments, input, closed), (Some(0), nothing), "{arguments:?}");
}

/// The exit status of a program with this output, and what it writes to standard error.
fn run(
    program: &str,
    arguments: &[&str],
    input: &str,
    output: impl Into<Stdio>,
) -> (Option<i32>, String) {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(output)
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    // A program that does not read its input may have ended already.
    let _ = child.stdin.take().expect("piped").write_all(input.as_bytes());
    let mut status = None;
    wait_until("the program has ended", || {
        status = child.try_wait().expect("it is our child");
        status.is_some()
    });
    let mut said = String::new();
    child.stderr.take().expect("piped").read_to_string(&mut said).expect("text");
    (status.and_then(|status| status.code()), said)
}

#[track_caller]
fn check(arguments: &[&str]) {
    check_with(PROGRAM, arguments, "", "error: ");
}

#[test]
fn help_and_version_follow_the_policy() {
    check(&["--help"]);
    check(&["--version"]);
    check(&["help"]);
    let program = Command::new(PROGRAM).arg("help").output().expect("it runs");
    let help = String::from_utf8(program.stdout).expect("text");
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands = commands.take_while(|line| !line.is_empty());
    // A line that begins with more spaces goes on with the text above.
    let begins = commands.filter(|line| !line.starts_with("   "));
    let names: Vec<_> = begins.filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.contains(&"talk") && names.contains(&"fork"), "{names:?}");
    for name in names {
        check(&["help", name]);
        if name != "help" {
            check(&[name, "--help"]);
        }
    }
}

#[test]
fn the_servers_own_programs_follow_it() {
    test_kit::build();
    for style in Style::ALL {
        let program = Path::new(PROGRAM).with_file_name(style.process_name);
        let program = program.to_str().expect("it is UTF-8");
        check_with(program, &["--help"], "", "error: ");
        check_with(program, &["--version"], "", "error: ");
    }
}

#[test]
fn completions_follow_it() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        check(&["completions", shell]);
    }
}

#[test]
fn answers_of_addresses_follow_it() {
    check(&["addresses", "subnet", "10.0.0.0/24"]);
    check(&["addresses", "split", "10.0.0.0/8", "--into", "2"]);
    check(&["addresses", "drill", "mac", "--seed", "1", "--count", "1"]);
}

#[test]
fn interfaces_and_datagrams_follow_it() {
    check(&["datagrams", "interfaces"]);
    let send = ["send", "--interface", "lo", "--group", "239.1.2.3:5432", "--count", "1"];
    check(&[&["datagrams", "multicast"][..], &send].concat());
}

#[test]
fn a_load_follows_it() {
    let server = Server::start(any(), "echo");
    let address = server.address().to_string();
    let options = ["load", "echo", &address, "--connections", "1", "--duration", "0.1"];
    check(&options);
    check(&[&options[..], &["--json"]].concat());
}

#[test]
fn a_conversation_follows_it() {
    let echo = Server::start(any(), "echo");
    let address = echo.address().to_string();
    check_with(PROGRAM, &["talk", &address], "hello\n", &format!("talk: {address}: "));
    let frames = Server::start(any(), "frames");
    let address = frames.address().to_string();
    let arguments = ["talk", "frames", &address];
    check_with(PROGRAM, &arguments, "hello\n", &format!("talk: {address}: "));
    let directory = Directory::default();
    let options = ["--directory", directory.as_str()];
    let upload = Server::start_with(any(), "upload", &options);
    let address = upload.address().to_string();
    let arguments = ["talk", "upload", &address, "Cargo.toml"];
    check_full(PROGRAM, &arguments, "", &format!("talk: {address}: "));
    check_closed(PROGRAM, &[&arguments[..], &["--name", "again"]].concat(), "");
}

#[test]
fn answers_by_datagram_follow_it() {
    let server = |service| {
        let mut command = Command::new(PROGRAM);
        command.args(["datagrams", service, "--listen", "127.0.0.1:0"]);
        Server::from_command(command).expect("it listens")
    };
    let echo = server("echo");
    let address = echo.address().to_string();
    let before = format!("talk: {address}: ");
    check_with(PROGRAM, &["talk", "echo", "--udp", &address], "hello\n", &before);
    let increment = server("increment");
    let address = increment.address().to_string();
    let before = format!("talk: {address}: ");
    check_with(PROGRAM, &["talk", "increment", &address, "7"], "", &before);
}

/// A style for tests in which the style does not matter.
fn any() -> Style {
    *Style::ALL[0]
}
