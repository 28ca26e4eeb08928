//! `talk` on a terminal: what arrives is printed above the line that is being typed. tmux is the
//! terminal, and these tests read its screens.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use socket2::SockRef;
use test_kit::chat::join;
use test_kit::{Directory, Process, Server, Signal, Style, deadline, require_tool, wait_until};

const PROGRAM: &str = env!("CARGO_BIN_EXE_after-accept");

/// A tmux server of its own, which ends when this is dropped. In each pane is a plain shell, which
/// has job control, and never sets the terminal itself.
struct Tmux {
    directory: Directory,
}

impl Tmux {
    /// Two panes, the second below the first, of 80 columns and 12 rows each. `None` if tmux is not
    /// installed.
    fn start() -> Option<Tmux> {
        if !require_tool("tmux") {
            return None;
        }
        let tmux = Tmux { directory: Directory::default() };
        let shell = format!("env PS1='$ ' TALK='{PROGRAM} talk' ENV= sh -i");
        tmux.run(&["-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "26", &shell]);
        tmux.run(&["split-window", "-v", "-t", "0.0", &shell]);
        for pane in [0, 1] {
            tmux.wait_for(pane, &["$"]);
        }
        Some(tmux)
    }

    #[track_caller]
    fn run(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("tmux");
        command.arg("-S").arg(self.directory.file("tmux")).args(arguments);
        command.env_remove("TMUX").env("LC_ALL", "C.UTF-8").current_dir(self.directory.path());
        let Output { status, stdout, stderr } = command.output().expect("it is installed");
        assert!(status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&stderr));
        String::from_utf8(stdout).expect("UTF-8")
    }

    /// Types a text, as it is.
    fn type_text(&self, pane: usize, text: &str) {
        self.run(&["send-keys", "-t", &format!("0.{pane}"), "-l", text]);
    }

    /// Presses keys by their names in tmux.
    fn press(&self, pane: usize, keys: &[&str]) {
        let target = format!("0.{pane}");
        self.run(&[&["send-keys", "-t", &target], keys].concat());
    }

    fn command(&self, pane: usize, command: &str) {
        self.type_text(pane, command);
        self.press(pane, &["Enter"]);
    }

    /// The screen of a pane, without empty lines at its end.
    fn screen(&self, pane: usize) -> Vec<String> {
        let screen = self.run(&["capture-pane", "-p", "-t", &format!("0.{pane}")]);
        screen.trim_end().lines().map(|line| line.trim_end().to_owned()).collect()
    }

    /// Waits until the screen ends with these lines.
    #[track_caller]
    fn wait_for(&self, pane: usize, end: &[&str]) {
        let end: Vec<String> = end.iter().map(|line| (*line).to_owned()).collect();
        let by = Instant::now() + deadline();
        loop {
            let screen = self.screen(pane);
            if screen.ends_with(&end) {
                return;
            }
            assert!(Instant::now() < by, "no {end:#?} in\n{}", screen.join("\n"));
        }
    }

    /// The process below the shell of a pane.
    fn child(&self, pane: usize) -> Process {
        let target = format!("0.{pane}");
        let shell = self.run(&["display-message", "-p", "-t", &target, "#{pane_pid}"]);
        let shell = Process(shell.trim().parse().expect("a number"));
        let mut children = Vec::new();
        wait_until("the shell has a child", || {
            children = shell.children();
            !children.is_empty()
        });
        children[0]
    }

    /// Lets a pane call a listener of this test, and returns the connection.
    fn call(&self, pane: usize, options: &str) -> TcpStream {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        self.command(pane, &format!("clear; $TALK {options} {address}"));
        let (caller, _) = listener.accept().expect("it calls");
        caller.set_read_timeout(Some(deadline())).expect("it is not zero");
        self.wait_for(pane, &[&greeting(address)]);
        caller
    }

    /// Shows both screens, for those that run a test with --nocapture.
    fn show(&self, title: &str) {
        for (pane, name) in ["ann", "bob"].iter().enumerate() {
            println!("--- {name}, {title}\n{}", self.screen(pane).join("\n"));
        }
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        let mut command = Command::new("tmux");
        let _ = command.arg("-S").arg(self.directory.file("tmux")).arg("kill-server").output();
    }
}

fn greeting(address: SocketAddr) -> String {
    format!("connected to {address}; Ctrl-D ends your side, Ctrl-C leaves")
}

#[track_caller]
fn expect(stream: &mut TcpStream, text: &str) {
    let mut heard = vec![0; text.len()];
    stream.read_exact(&mut heard).expect("it is sent");
    assert_eq!(String::from_utf8_lossy(&heard), text);
}

#[test]
fn two_panes_hold_a_conversation_while_both_type() {
    let Some(tmux) = Tmux::start() else {
        return;
    };
    tmux.command(0, "clear; $TALK --listen 127.0.0.1:0");
    let mut address = None;
    wait_until("talk listens", || {
        let screen = tmux.screen(0);
        address = screen.iter().find_map(|line| line.strip_prefix("listening on ")?.parse().ok());
        address.is_some()
    });
    let address: SocketAddr = address.expect("it was waited for");
    tmux.command(1, &format!("clear; $TALK {address}"));
    tmux.wait_for(1, &[&greeting(address)]);
    wait_until("it is called", || tmux.screen(0).join("\n").contains("has called"));

    tmux.type_text(0, "have you read the chapter on");
    tmux.type_text(1, "good morning! 早上");
    tmux.wait_for(0, &["have you read the chapter on"]);
    tmux.wait_for(1, &[&greeting(address), "good morning! 早上"]);
    tmux.show("both have half a line");
    tmux.command(1, "好");
    tmux.wait_for(0, &["good morning! 早上好", "have you read the chapter on"]);
    tmux.type_text(1, "which one");
    tmux.wait_for(1, &["good morning! 早上好", "which one"]);
    tmux.show("bob's line has come, and ann's is whole");
    tmux.command(0, " select?");
    let question = "have you read the chapter on select?";
    tmux.wait_for(1, &["good morning! 早上好", question, "which one"]);
    tmux.wait_for(0, &["good morning! 早上好", question]);
    // The line that was interrupted can still be edited: anywhere, and by whole words.
    tmux.press(1, &["BSpace", "C-w", "Home"]);
    tmux.type_text(1, "not yet, ");
    tmux.wait_for(1, &[question, "not yet, which"]);
    tmux.press(1, &["End", "C-w", "Enter"]);
    tmux.wait_for(0, &[question, "not yet,"]);
    tmux.show("bob has changed his line");
    tmux.press(1, &["C-d"]);
    for pane in [0, 1] {
        tmux.wait_for(pane, &[question, "not yet,", "$"]);
    }
}

#[test]
fn a_chat_goes_on_above_the_typed_line() {
    let Some(tmux) = Tmux::start() else {
        return;
    };
    let server = Server::start(Style::THREAD, "chat");
    tmux.command(0, &format!("clear; $TALK {}", server.address()));
    wait_until("it is welcomed", || tmux.screen(0).join("\n").contains("; 1 here"));
    let mut bob = join(&server, 2);
    tmux.wait_for(0, &[&format!("* {} joined", bob.name())]);
    tmux.type_text(0, "/nick an");
    bob.send("hello\r\n");
    let said = format!("[{}] hello", bob.name());
    tmux.wait_for(0, &[&said, "/nick an"]);
    tmux.command(0, "n");
    let mut news = bob.read_line();
    while !news.ends_with(" is now ann") {
        news = bob.read_line();
    }
    tmux.wait_for(0, &[&said, "/nick ann", &news]);
}

#[test]
fn what_the_server_sends_cannot_move_the_typed_line() {
    let Some(tmux) = Tmux::start() else {
        return;
    };
    let mut server = tmux.call(0, "");
    tmux.type_text(0, "half");
    server.write_all(b"\x1b[2J\x1b[10A\rhi\r\nname? ").expect("it reads");
    tmux.wait_for(0, &["\u{fffd}[2J\u{fffd}[10A\u{fffd}hi", "name? half"]);
    tmux.command(0, " a name");
    tmux.wait_for(0, &["name? half a name"]);
    expect(&mut server, "half a name\n");
    // A line that is wider than the terminal scrolls, and stays whole when it is finished.
    let long = "0123456789".repeat(10);
    tmux.type_text(0, &long);
    tmux.wait_for(0, &[&long[21..]]);
    server.write_all(b"meanwhile\n").expect("it reads");
    tmux.wait_for(0, &["meanwhile", &long[21..]]);
    tmux.press(0, &["Enter"]);
    tmux.wait_for(0, &["meanwhile", &long[..80], &long[80..]]);
    expect(&mut server, &format!("{long}\n"));
}

#[test]
fn the_trace_stands_above_the_typed_line() {
    let Some(tmux) = Tmux::start() else {
        return;
    };
    let mut server = tmux.call(0, "--trace");
    tmux.type_text(0, "half");
    tmux.wait_for(0, &["half"]);
    server.write_all(b"hi\n").expect("it reads");
    tmux.wait_for(0, &["recv(3) = 3 bytes: 68 69 0a", "hi", "half"]);
}

/// A way to end a talk, whose server this is.
type Way<'a> = &'a dyn Fn(&mut Option<TcpStream>);

#[test]
fn the_terminal_is_put_back_however_talk_ends() {
    let Some(tmux) = Tmux::start() else {
        return;
    };
    let before = settings(&tmux);
    let reset = |server: &mut Option<TcpStream>| {
        let linger = server.as_ref().map(SockRef::from);
        linger.expect("it is open").set_linger(Some(Duration::ZERO)).expect("it is a socket");
        *server = None;
    };
    // The statuses are those that the shell shows: 128 and the signal, as without a prompt.
    let ways: [(&str, u8, Way<'_>); 6] = [
        ("Ctrl-C", 130, &|_| tmux.press(0, &["C-c"])),
        ("Ctrl-\\", 131, &|_| tmux.press(0, &["C-\\"])),
        ("SIGTERM", 143, &|_| tmux.child(0).signal(Signal::SIGTERM)),
        ("SIGHUP", 129, &|_| tmux.child(0).signal(Signal::SIGHUP)),
        ("the server's end", 0, &|server| *server = None),
        ("a reset", 1, &reset),
    ];
    for (way, status, end) in ways {
        let mut server = Some(tmux.call(0, ""));
        tmux.type_text(0, "half");
        tmux.wait_for(0, &["half"]);
        let talk = tmux.child(0);
        end(&mut server);
        wait_until("talk has ended", || talk.state().is_none());
        tmux.command(0, "echo status $?");
        let status = format!("status {status}");
        tmux.wait_for(0, &[&status, "$"]);
        assert_eq!(settings(&tmux), before, "after {way}");
    }
}

#[test]
fn a_stopped_talk_gives_the_terminal_back_and_goes_on_with_its_line() {
    let Some(tmux) = Tmux::start() else {
        return;
    };
    let before = settings(&tmux);
    let mut server = tmux.call(0, "");
    tmux.type_text(0, "half");
    tmux.wait_for(0, &["half"]);
    let talk = tmux.child(0);
    tmux.press(0, &["C-z"]);
    wait_until("talk has stopped", || talk.state() == Some('T'));
    assert_eq!(settings(&tmux), before);
    server.write_all(b"while you were away\n").expect("it is in the buffer");
    // In the background it leaves the terminal alone, and what arrives is shown.
    tmux.command(0, "clear; bg");
    wait_until("it is shown", || tmux.screen(0).join("\n").contains("while you were away"));
    assert_eq!(settings(&tmux), before);
    tmux.command(0, "clear; fg");
    tmux.type_text(0, " a line");
    wait_until("the line goes on", || {
        tmux.screen(0).last().is_some_and(|line| line == "half a line")
    });
    tmux.press(0, &["Enter"]);
    expect(&mut server, "half a line\n");
}

#[test]
fn a_pasted_text_of_many_lines_is_sent_line_by_line() {
    let Some(tmux) = Tmux::start() else {
        return;
    };
    let mut server = tmux.call(0, "");
    let text: String = (0..5000).map(|number| format!("line {number} of a text\n")).collect();
    let file = tmux.directory.file("text");
    fs::write(&file, format!("\x1b[200~{text}\x1b[201~")).expect("it can be written");
    tmux.type_text(0, "> ");
    tmux.run(&["load-buffer", file.to_str().expect("UTF-8")]);
    tmux.run(&["paste-buffer", "-t", "0.0"]);
    expect(&mut server, &format!("> {text}"));
    tmux.type_text(0, "and on");
    tmux.wait_for(0, &["line 4998 of a text", "line 4999 of a text", "and on"]);
}

/// The settings of the first pane's terminal, while its shell waits for a command.
fn settings(tmux: &Tmux) -> String {
    let file = tmux.directory.file("settings");
    let _ = fs::remove_file(&file);
    tmux.command(0, "stty -g >part && mv part settings");
    wait_until("stty has ended", || file.is_file());
    fs::read_to_string(file).expect("it is there")
}
