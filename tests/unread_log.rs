//! A server serves even if its log is not read, and strangers cannot make its log grow without
//! bound.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::thread;
use std::time::Instant;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::pty::openpty;
use test_kit::chat::{join, room};
use test_kit::{Client, Directory, Running, Server, Signal, Style, each_style, wait_until};

const PROGRAM: &str = env!("CARGO_BIN_EXE_after-accept");

each_style!(
    an_unread_pipe_delays_no_client (rows 20, 47),
    a_stopped_terminal_delays_no_client (row 47),
    an_unread_socket_delays_no_client (row 47),
    a_file_keeps_every_line (row 47),
    standard_output_and_error_may_be_full_or_closed (row 20),
    a_stopped_launcher_delays_no_client (row 47),
    a_flood_of_speech_is_logged_in_part_and_counted (row 48),
);

/// The number of clients that come and go. Each adds at least two lines to the log.
const CLIENTS: usize = 500;

/// A grace that no test waits for.
const LONG: [&str; 2] = ["--grace", "3600"];

fn an_unread_pipe_delays_no_client(style: Style) {
    let (reader, writer) = nix::unistd::pipe().expect("there are descriptors");
    expect_service_without_reader(style, reader, writer);
}

fn a_stopped_terminal_delays_no_client(style: Style) {
    let terminal = openpty(None, None).expect("there is a terminal");
    expect_service_without_reader(style, terminal.master, terminal.slave);
}

fn an_unread_socket_delays_no_client(style: Style) {
    let (reader, writer) = UnixStream::pair().expect("there are descriptors");
    expect_service_without_reader(style, reader.into(), writer.into());
}

fn expect_service_without_reader(style: Style, reader: OwnedFd, writer: OwnedFd) {
    let before = flags(&writer);
    let log = writer.try_clone().expect("there are descriptors");
    let mut server = Server::start_with_log(style, "echo", &LONG, log.into());
    come_and_go(&server, CLIENTS);
    assert_eq!(flags(&writer), before, "the description is shared, and stays as it was");

    // The log is read again, and contains the number of lost lines.
    fcntl(&reader, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).expect("this end is ours");
    let mut reader = File::from(reader);
    let mut log = Vec::new();
    wait_until("the lost lines are reported", || {
        read_all(&mut reader, &mut log);
        come_and_go(&server, 1);
        contains(&log, "lines were lost, since there was no room for them")
    });

    come_and_go(&server, CLIENTS);
    server.process().signal(Signal::SIGTERM);
    assert_eq!(server.wait().code(), Some(0));
    assert_eq!(flags(&writer), before, "after the exit, too");
}

fn a_file_keeps_every_line(style: Style) {
    let directory = Directory::default();
    let path = directory.file("log");
    fs::write(&path, "what was there before\n").expect("it can be written");
    let file = File::options().append(true).open(&path).expect("it is there");
    let mut server = Server::start_with_log(style, "echo", &LONG, file.into());
    come_and_go(&server, CLIENTS);
    server.process().signal(Signal::SIGTERM);
    assert_eq!(server.wait().code(), Some(0));
    let log = fs::read_to_string(&path).expect("it can be read");
    assert!(log.starts_with("what was there before\n"));
    for number in 1..=CLIENTS {
        let left = format!("client {number} left\n");
        assert_eq!(log.matches(&left).count(), 1, "{left}");
    }
}

fn standard_output_and_error_may_be_full_or_closed(style: Style) {
    // Such a server cannot print its address, so the test chooses it.
    let place = format!("127.103.2.{}:{}", style.thousand, style.thousand * 1000 + 7);
    let address = place.parse().expect("an address");
    for redirections in [">/dev/full 2>/dev/full", ">&- 2>&-", "<&- >&- 2>/dev/null"] {
        let mut shell = Command::new("sh");
        let script = format!("exec \"$@\" {redirections}");
        shell.args(["-c", &script, "sh", PROGRAM, style.name, "echo", "--listen", &place]);
        let mut server = Running::spawn(shell);
        wait_until("it listens", || TcpStream::connect(address).is_ok());
        (0..CLIENTS).for_each(|_| visit(Client::connect(address)));
        server.process().signal(Signal::SIGTERM);
        assert_eq!(server.wait().code(), Some(0), "{redirections}");
    }
}

fn a_stopped_launcher_delays_no_client(style: Style) {
    let (reader, writer) = nix::unistd::pipe().expect("there are descriptors");
    let mut command = Command::new(PROGRAM);
    let host = format!("127.103.1.{}", style.thousand);
    command.args(["--host", &host, "--no-book", "--styles", style.name]);
    let mut launcher = Running::spawn_with_errors(command, writer.into());
    launcher.wait_for_output(|line| line.contains("Ctrl-C"));
    let echo = format!("{host}:{}", style.thousand * 1000 + 7).parse().expect("an address");
    launcher.process().signal(Signal::SIGSTOP);
    wait_until("the launcher is stopped", || launcher.process().state() == Some('T'));
    (0..CLIENTS).for_each(|_| visit(Client::connect(echo)));
    launcher.process().signal(Signal::SIGCONT);
    // The launcher's own output is not read either.
    (0..CLIENTS).for_each(|_| visit(Client::connect(echo)));
    launcher.process().signal(Signal::SIGTERM);
    assert_eq!(launcher.wait().code(), Some(0));
    drop(reader);
}

fn a_flood_of_speech_is_logged_in_part_and_counted(style: Style) {
    /// The number of lines in the flood, and how many of them the log may contain in a second.
    const LINES: usize = 20_000;
    const A_SECOND: usize = 1_000;
    let mut server = Server::start(style, "chat");
    let mut clients = if style.serves_many() {
        Vec::from(room(&server, ["ada", "bob"]))
    } else {
        vec![join(&server, 1)]
    };
    let words = "word\r\n".repeat(LINES) + "/nick eve\r\n";
    let begun = Instant::now();
    thread::scope(|scope| {
        let (flood, others) = clients.split_first_mut().expect("there is one");
        for other in others {
            scope.spawn(|| other.skip_to_line(|line| line.ends_with("is now eve")));
        }
        flood.send(words);
        flood.skip_to_line(|line| line.ends_with("is now eve"));
    });
    server.process().signal(Signal::SIGTERM);
    drop(clients);
    assert_eq!(server.wait().code(), Some(0));
    let seconds = begun.elapsed().as_secs() as usize + 2;

    // These are its last words.
    server.wait_for_log(|line| line.contains("stopped; "));
    let log = server.log();
    let said = log.iter().filter(|line| line.ends_with(r#" said "word""#)).count();
    let left_out = log.iter().filter_map(|line| {
        let (count, _) = line.split_once(" left out, since there were too many")?;
        count.rsplit(' ').nth(2)?.parse::<usize>().ok()
    });
    assert_eq!(said + left_out.sum::<usize>(), LINES, "each line is there or counted");
    assert!(said <= seconds * A_SECOND, "{said} lines in {seconds} seconds");
}

fn come_and_go(server: &Server, clients: usize) {
    (0..clients).for_each(|_| visit(server.connect()));
}

/// A client is answered, and leaves.
#[track_caller]
fn visit(mut client: Client) {
    assert_eq!(client.exchange(b"hello"), b"hello");
}

fn flags(file: &OwnedFd) -> OFlag {
    OFlag::from_bits_retain(fcntl(file, FcntlArg::F_GETFL).expect("it is open"))
}

/// Reads the available bytes.
fn read_all(reader: &mut File, log: &mut Vec<u8>) {
    match reader.read_to_end(log) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => {}
        result => panic!("the server still holds its end: {result:?}"),
    }
}

fn contains(log: &[u8], words: &str) -> bool {
    String::from_utf8_lossy(log).contains(words)
}
