//! The client for datagrams, and its trace of system calls: real processes on both sides.

mod talking;

use std::fs;
use std::net::{SocketAddr, UdpSocket};
use std::process::Command;
use std::thread;

use talking::{PROGRAM, Talked, talk_under};
use test_kit::{Directory, Server, Style, again, deadline, require_tool};

/// Starts a server with `datagrams` or a style.
fn start(kind: &str, service: &str) -> Server {
    let mut command = Command::new(PROGRAM);
    command.args([kind, service, "--listen", "127.0.0.1:0"]);
    Server::from_command(command).unwrap_or_else(|ended| panic!("{ended:#?}"))
}

fn talk(arguments: &[&str], input: &str) -> Talked {
    talk_under(&[], arguments, input.as_bytes())
}

/// Long enough for every answer that comes.
fn patience() -> String {
    deadline().as_secs().to_string()
}

/// An address on which no program listens.
fn nobody() -> SocketAddr {
    // All of 127.0.0.0/8 is this machine, and no other test uses this part of it.
    let socket = UdpSocket::bind("127.77.7.7:0").expect("a port is free");
    socket.local_addr().expect("bound")
}

/// Asks for the next number.
#[track_caller]
fn check_increment(connect: bool, number: &str, next: &str, sent: &str, received: &str) {
    let server = start("datagrams", "increment");
    let (address, patience) = (server.address().to_string(), patience());
    let mut arguments = vec!["increment", &address, number, "--trace", "--timeout", &patience];
    if connect {
        arguments.push("--connect");
    }
    let talked = talk(&arguments, "");
    assert_eq!(talked.status, Some(0), "{talked:?}");
    assert_eq!(talked.output, format!("{next}\n"));
    // It is the first free descriptor, which depends on those that were open at the start.
    let (_, fd) = talked.errors[0].split_once(" = ").expect("a call's value");
    let expected = if connect {
        vec![
            format!("socket(AF_INET, SOCK_DGRAM) = {fd}"),
            format!("connect({fd}, {address}) = 0"),
            format!("send({fd}, 2 bytes: {sent}) = 2"),
            format!("recv({fd}) = 2 bytes: {received}"),
        ]
    } else {
        vec![
            format!("socket(AF_INET, SOCK_DGRAM) = {fd}"),
            format!("sendto({fd}, 2 bytes: {sent}, {address}) = 2"),
            format!("recvfrom({fd}) = 2 bytes: {received}, from {address}"),
        ]
    };
    assert_eq!(talked.errors, expected);
}

#[test]
fn the_next_number_is_shown_and_its_bytes_can_be_seen() {
    for connect in [false, true] {
        check_increment(connect, "41", "42", "00 29", "00 2a");
        check_increment(connect, "255", "256", "00 ff", "01 00");
        check_increment(connect, "-1", "0", "ff ff", "00 00");
        check_increment(connect, "32767", "-32768", "7f ff", "80 00");
    }
}

#[test]
fn each_line_is_a_datagram() {
    let server = start("datagrams", "echo");
    let (address, patience) = (server.address().to_string(), patience());
    // An empty line is a datagram as well, and so is a line without an end.
    let said = "hello\n\n汉语\nthe end";
    for connect in [&[][..], &["--connect"]] {
        let arguments = ["echo", "--udp", &address, "--timeout", &patience];
        let talked = talk(&[&arguments, connect].concat(), said);
        assert_eq!(talked.status, Some(0), "{talked:?}");
        assert_eq!(talked.output, format!("{said}\n"));
        assert_eq!(talked.errors, [""; 0]);
    }
}

#[test]
fn a_connected_socket_reports_a_closed_port() {
    let nobody = nobody().to_string();
    for (arguments, input) in
        [(["increment", &nobody, "41"], ""), (["echo", "--udp", &nobody], "hello\nworld\n")]
    {
        // The system reports it at once; this is the time limit.
        let patience = patience();
        let connected = [&arguments[..], &["--connect", "--timeout", &patience]].concat();
        let talked = talk(&connected, input);
        assert_eq!(talked.status, Some(1));
        let [error] = &talked.errors[..] else {
            panic!("not one line: {talked:?}");
        };
        assert!(error.contains("connection refused"), "{error}");

        let unconnected = [&arguments[..], &["--timeout", "0.1"]].concat();
        let talked = talk(&unconnected, input);
        assert_eq!(talked.status, Some(1));
        assert_eq!(talked.output, "");
        let first = &talked.errors[0];
        assert!(first.contains("no answer within 100ms") && first.contains("--connect"), "{first}");
        let lines = input.lines().count();
        if lines > 0 {
            assert_eq!(talked.errors.len(), lines + 1);
            let last = talked.errors.last().expect("there are some");
            assert!(last.ends_with(&format!("{lines} had no answer")), "{last}");
        }
    }
}

/// A server that is asked once: first another program answers, then the server sends something that
/// cannot be an answer, and then it answers.
#[test]
fn datagrams_that_are_not_answers_are_recognized() {
    for (connect, others) in [(&[][..], 2), (&["--connect"][..], 1)] {
        let server = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
        server.set_read_timeout(Some(deadline())).expect("not zero");
        let address = server.local_addr().expect("bound").to_string();
        let answering = thread::spawn(move || {
            let mut question = [0; 3];
            let (length, client) = again(|| server.recv_from(&mut question)).expect("it is asked");
            assert_eq!(question[..length], [0, 41]);
            let somebody = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
            somebody.send_to(&[0, 99], client).expect("it is sent");
            server.send_to(b"late", client).expect("it is sent");
            server.send_to(&[0, 42], client).expect("it is sent");
        });
        let patience = patience();
        let arguments = ["increment", &address, "41", "--timeout", &patience];
        let talked = talk(&[&arguments, connect].concat(), "");
        answering.join().expect("it was asked once");
        assert_eq!((talked.status, &*talked.output), (Some(0), "42\n"));
        assert_eq!(talked.errors.len(), others, "{talked:?}");
        for error in &talked.errors {
            assert!(error.ends_with("bytes that are not an answer to this"), "{error}");
        }
    }
}

#[test]
fn wrong_usage_is_named() {
    for (arguments, words) in [
        (&["increment", "127.0.0.1:7", "32768"][..], "32768"),
        (&["increment", "127.0.0.1", "41"], "which port"),
        (&["increment", "127.0.0.1:7"], "NUMBER"),
        (&["echo", "--connect", "127.0.0.1:7"], "--udp"),
        (&["echo", "--udp", "127.0.0.1:7", "--timeout", "0"], "--timeout"),
    ] {
        let talked = talk(arguments, "");
        assert_eq!(talked.status, Some(2), "{talked:?}");
        let [error] = &talked.errors[..] else {
            panic!("not one line: {talked:?}");
        };
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn a_text_that_fits_into_no_datagram_is_reported() {
    let address = nobody().to_string();
    let talked = talk(&["echo", "--udp", &address], &"x".repeat(65_508));
    assert_eq!(talked.status, Some(1));
    assert!(talked.errors[0].contains("65,507 bytes"), "{talked:?}");
}

/// The call and its result, as our own trace or strace(1) shows it.
///
/// For the system, send(2) is sendto(2) without an address, and recv(2) is recvfrom(2).
fn call(line: &str) -> Option<(String, i64)> {
    let (name, rest) = line.split_once('(')?;
    let name = match name {
        "send" => "sendto",
        "recv" => "recvfrom",
        name => name,
    };
    let (_, result) = rest.rsplit_once(" = ")?;
    let result = result.split_whitespace().next()?.parse().ok()?;
    Some((name.to_owned(), result))
}

/// The trace shows the real calls: strace(1) sees the same.
#[test]
fn strace_sees_the_same_calls() {
    if !require_tool("strace") {
        return;
    }
    let by_datagram = start("datagrams", "echo");
    let by_stream = start("fork", "echo");
    let by_frames = start("thread", "frames");
    let directory = Directory::default();
    let place = ["--directory", directory.as_str()];
    let by_upload = Server::start_with(Style::SELECT, "upload", &place);
    let file = directory.file("a file");
    fs::write(&file, "hello").expect("it can be written");
    let file = file.to_str().expect("UTF-8");
    let [frames, upload] = [&by_frames, &by_upload].map(|server| server.address().to_string());
    let (datagram, stream) = (by_datagram.address().to_string(), by_stream.address().to_string());
    let nobody = nobody().to_string();
    for arguments in [
        &["echo", "--udp", &datagram][..],
        &["echo", "--udp", "--connect", &datagram],
        &["echo", "--udp", "--connect", &nobody],
        // With a timeout, connect(2) does not block, and poll(2) waits for it.
        &["echo", &stream, "--connect-timeout", "0"],
        &["frames", &frames, "--connect-timeout", "0"],
        &["upload", &upload, file, "--name", "b", "--connect-timeout", "0"],
    ] {
        let log = directory.file("calls");
        let log_name = log.to_str().expect("UTF-8");
        let calls = "trace=socket,connect,sendto,recvfrom,sendmsg,recvmsg,shutdown";
        let strace = ["strace", "-qq", "-e", "signal=none", "-o", log_name, "-e", calls];
        let talked = talk_under(&strace, &[arguments, &["--trace"]].concat(), b"hello\nworld\n");
        let seen = fs::read_to_string(&log).expect("it has a log");
        let seen: Vec<_> = seen.lines().filter_map(call).collect();
        let shown = talked.errors.iter().filter(|line| !line.starts_with("talk: "));
        let shown: Vec<_> = shown.map(|line| call(line).expect(line)).collect();
        assert_eq!(shown, seen, "{talked:#?}");
        assert!(shown.len() >= 4, "{shown:?}");
    }
}
