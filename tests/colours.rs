//! The colours of styles and of bits: on a terminal that has them, and nowhere else.

use std::fs::File;
use std::io::Read;
use std::process::{Command, Stdio};

use launch::Style;
use nix::pty::openpty;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use test_kit::{Running, require_tool};

const PROGRAM: &str = env!("CARGO_BIN_EXE_after-accept");

/// The output of a program on its terminal until it has written `end`; then it is stopped.
fn on_terminal(arguments: &[&str], variables: &[(&str, &str)], end: &str) -> String {
    let pty = openpty(None, None).expect("there is a terminal");
    let mut command = program(arguments, variables);
    command.stdin(Stdio::null()).stdout(pty.slave.try_clone().expect("there are descriptors"));
    command.stderr(pty.slave);
    let mut child = command.spawn().expect("it starts");
    // The command holds the terminal's other side, which has to be closed for an end of the output.
    drop(command);
    let mut terminal = File::from(pty.master);
    let (mut output, mut bytes) = (Vec::new(), [0; 4096]);
    // The end of a terminal is an error, EIO.
    let mut is_stopped = false;
    while let Ok(count @ 1..) = terminal.read(&mut bytes) {
        output.extend_from_slice(&bytes[..count]);
        // A second signal would stop it at once.
        if !is_stopped && String::from_utf8_lossy(&output).contains(end) {
            kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM).expect("it is our child");
            is_stopped = true;
        }
    }
    child.wait().expect("it is our child");
    String::from_utf8(output).expect("UTF-8").replace("\r\n", "\n")
}

fn program(arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(PROGRAM);
    for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "CI"] {
        command.env_remove(variable);
    }
    command.args(arguments).env("TERM", "xterm").envs(variables.iter().copied());
    command
}

/// Checks that the output has these colours on a terminal, and none elsewhere.
#[track_caller]
fn check(arguments: &[&str], painted: &[String]) {
    const NEVER: &str = "\0";
    let output = on_terminal(arguments, &[], NEVER);
    for text in painted {
        assert!(output.contains(text), "{text:?} is not in {output:?}");
    }
    for variables in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let plain = on_terminal(arguments, &[variables], NEVER);
        // The line of the progress is cleared, which is no colour.
        let plain = plain.replace("\r\x1b[K", "");
        assert!(!plain.contains('\x1b'), "{variables:?}: {plain:?}");
    }
    let piped = program(arguments, &[]).output().expect("it runs");
    assert!(!piped.stdout.contains(&b'\x1b'), "{piped:?}");
}

#[test]
fn the_start_table_and_the_summary_show_each_style_in_its_colour() {
    let arguments = ["--no-book", "--host", "127.101.3.1", "--styles", "all"];
    let output = on_terminal(&arguments, &[], "Ctrl-C\r\n");
    for style in Style::ALL {
        let label = style.painted(&style.label());
        assert_eq!(output.matches(&label).count(), 2, "{label:?} is not twice in {output}");
    }
    for variables in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let plain = on_terminal(&arguments, &[variables], "Ctrl-C\r\n");
        // The line of the progress is cleared, which is no colour.
        let plain = plain.replace("\r\x1b[K", "");
        assert!(!plain.contains('\x1b'), "{variables:?}: {plain:?}");
        assert_eq!(plain.matches(&Style::FORK.label()).count(), 2, "{plain}");
    }
}

#[test]
fn a_load_shows_the_style_in_its_colour() {
    // The style is known by the port, so the server has to have it.
    let mut server = Command::new(PROGRAM);
    server.args(["select", "echo", "--listen", "127.101.3.2:5007"]);
    let server = Running::spawn(server);
    server.wait_for_output(|line| line.starts_with("listening on "));
    let select = Style::SELECT.painted(&Style::SELECT.label());
    let wanted = ["load", "echo", "127.101.3.2:5007", "--duration", "0.1"];
    check(&wanted, &[select]);
}

#[test]
fn timelines_draw_bars_in_the_styles_colour_on_a_terminal() {
    if !require_tool("strace") {
        return;
    }
    let thread = Style::THREAD;
    let look = thread.look;
    check(&["timelines", "thread"], &[thread.painted(&thread.label()), format!("{look}>")]);
}

#[test]
fn the_bits_of_network_and_host_have_a_colour_each() {
    check(
        &["addresses", "subnet", "10.1.2.3/20"],
        &["\x1b[34m00001010 00000001 0000\x1b[0m|\x1b[33m0010 00000011\x1b[0m".to_owned()],
    );
}
