//! Unmodified programs of other projects talk to our servers.

use std::io::Write;
use std::process::{Command, Stdio};
use std::thread;

use test_kit::chat::join;
use test_kit::{Server, Style, each_style, require_tool};

each_style!(
    netcat_gets_eight_megabytes_back,
    ncat_talks_to_every_service,
    socat_talks_to_every_service,
    python_talks_to_every_service,
    telnet_is_answered_after_ctrl_c,
);

/// Runs a program with this input, and returns its output.
#[track_caller]
fn pipe(program: &str, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new("timeout")
        .arg("60")
        .arg(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it can be started");
    let mut stdin = child.stdin.take().expect("piped");
    thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input).expect("it reads its input"));
        let ended = child.wait_with_output().expect("it ends");
        assert!(ended.status.success(), "{program}: {}", ended.status);
        ended.stdout
    })
}

/// The program is started with these arguments and the server's host and port. It copies its input
/// to the server and the server's answer to its output.
fn check(style: Style, program: &str, arguments: impl Fn(&str, &str) -> Vec<String>) {
    if !require_tool(program) {
        return;
    }
    let talk = |service, input: &str| {
        let server = Server::start(style, service);
        let port = server.address().port().to_string();
        let arguments = arguments("127.0.0.1", &port);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        String::from_utf8(pipe(program, &arguments, input.as_bytes())).expect("UTF-8")
    };
    assert_eq!(talk("echo", "汉语\0\r\n"), "汉语\0\r\n");
    let fortune = talk("fortune", "");
    assert!(fortune.len() > 2 && fortune.ends_with("\r\n"), "{fortune:?}");
    let chat = talk("chat", "/nick ada\n/who\n/quit\n");
    assert!(chat.starts_with("* welcome, 127.0.0.1:"), "{chat:?}");
    assert!(chat.ends_with("* here: ada\r\n* goodbye\r\n"), "{chat:?}");
}

fn netcat_gets_eight_megabytes_back(style: Style) {
    if !require_tool("nc") {
        return;
    }
    let server = Server::start(style, "echo");
    let port = server.address().port().to_string();
    let sent = "0123456789abcde\n".repeat(1 << 19).into_bytes();
    let received = pipe("nc", &["-N", "127.0.0.1", &port], &sent);
    assert!(received == sent, "{} of {} bytes", received.len(), sent.len());
}

fn ncat_talks_to_every_service(style: Style) {
    check(style, "ncat", |host, port| vec![host.to_owned(), port.to_owned()]);
}

fn socat_talks_to_every_service(style: Style) {
    check(style, "socat", |host, port| {
        // By default it waits only half a second after its own input has ended.
        vec!["-t60".to_owned(), "-".to_owned(), format!("TCP:{host}:{port}")]
    });
}

const PYTHON: &str = "
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as s:
    s.sendall(sys.stdin.buffer.read())
    s.shutdown(socket.SHUT_WR)
    while data := s.recv(65536):
        sys.stdout.buffer.write(data)
";

fn python_talks_to_every_service(style: Style) {
    check(style, "python3", |host, port| ["-c", PYTHON, host, port].map(str::to_owned).to_vec());
}

/// The input of a person to telnet(1): a line, Ctrl-C, and another line. Ctrl-C discards input that
/// telnet has not read from the terminal yet, so it comes after an answer.
const TYPED: &str = r#"
set timeout 60
spawn telnet 127.0.0.1 [lindex $argv 0]
expect "welcome,"
send "before\r/who\r"
expect "here:"
send "\003"
send "/nick ada\r"
expect "is now ada"
send "after\r"
send "/quit\r"
expect "goodbye"
expect eof
"#;

/// telnet sends DO TIMING-MARK with Ctrl-C, and shows nothing more until it is answered.
fn telnet_is_answered_after_ctrl_c(style: Style) {
    if !require_tool("telnet") || !require_tool("expect") {
        return;
    }
    let server = Server::start(style, "chat");
    let port = server.address().port().to_string();
    let shown = pipe("expect", &["-f", "-", &port], TYPED.as_bytes());
    let shown = String::from_utf8_lossy(&shown);
    assert!(shown.contains("* goodbye"), "{shown}");
    let mut next = join(&server, 1);
    assert!(next.read_line().ends_with("] before"));
    next.expect_line("[ada] after");
}
