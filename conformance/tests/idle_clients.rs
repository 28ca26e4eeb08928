//! How long a client may complete nothing, and which input completes something.

use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use test_kit::chat::join;
use test_kit::{Client, Directory, Server, Signal, Style, each_style, wait_until};

each_style!(
    a_silent_client_is_finished,
    any_byte_keeps_an_echo_alive (row 28),
    a_line_keeps_a_member_here,
    bytes_that_complete_no_line_do_not_keep_a_member_here (row 28),
    bytes_that_complete_nothing_do_not_keep_a_client_here (row 28),
    an_endless_line_does_not_keep_a_client_here (row 28),
    whole_frames_and_lines_keep_a_client_here (row 28),
    zero_seconds_mean_no_limit,
    a_server_that_was_stopped_has_no_storm_of_timers (row 21),
);

fn a_silent_client_is_finished(style: Style) {
    let server = Server::start_with(style, "echo", &["--idle-timeout", "1"]);
    let begun = Instant::now();
    let mut silent = server.connect();
    silent.expect_end();
    assert!(begun.elapsed() >= Duration::from_secs(1));
}

/// The client does this again and again, for longer than it may be idle, and is still connected.
///
/// On a busy machine the client itself may be late: then it proves nothing, and another one has to
/// try.
fn keeps_alive(server: &Server, idle: Duration, alive: impl Fn(&mut Client) -> bool) {
    wait_until("a client was never late", || {
        let mut client = server.connect();
        let begun = Instant::now();
        let mut last = begun;
        let mut is_in_time = true;
        wait_until("its time is over", || {
            is_in_time &= last.elapsed() < idle / 2;
            last = Instant::now();
            assert!(
                alive(&mut client) || !is_in_time,
                "it was disconnected although it was not idle"
            );
            !is_in_time || begun.elapsed() > idle * 3 / 2
        });
        is_in_time
    });
}

fn any_byte_keeps_an_echo_alive(style: Style) {
    let server = Server::start_with(style, "echo", &["--idle-timeout", "1"]);
    keeps_alive(&server, Duration::from_secs(1), |client| {
        client.send("x");
        client.read_exact(1) == b"x"
    });
}

fn a_line_keeps_a_member_here(style: Style) {
    let server = Server::start_with(style, "chat", &["--idle-timeout", "1"]);
    keeps_alive(&server, Duration::from_secs(1), |client| {
        client.send("/who\r\n");
        client
            .skip_to_line(|line| line.starts_with("* here: ") || line.starts_with("* idle for "))
            .starts_with("* here: ")
    });
}

fn bytes_that_complete_no_line_do_not_keep_a_member_here(style: Style) {
    let server = Server::start_with(style, "chat", &["--idle-timeout", "1"]);
    let begun = Instant::now();
    let mut client = join(&server, 1);
    wait_until("the client is disconnected", || {
        // Sending fails after that.
        client.try_send("x").is_err() || !client.has_nothing()
    });
    assert!(begun.elapsed() >= Duration::from_secs(1));
    client.expect_line("* idle for 1 s, goodbye");
    client.expect_end();
}

/// Lines, frames and uploads: single bytes from time to time do not keep a connection open.
fn bytes_that_complete_nothing_do_not_keep_a_client_here(style: Style) {
    let uploads = Directory::default();
    let options = ["--idle-timeout", "1", "--directory", uploads.as_str()];
    // For each service, the part of a request that completes nothing.
    let beginnings = [
        ("lines", &b""[..]),
        ("frames", b"\0\0\0\x01\0\x10\0\0"),
        ("upload", b"name\n\0\x10\0\0\n"),
    ];
    for (service, beginning) in beginnings {
        let server = Server::start_with(style, service, &options);
        let begun = Instant::now();
        let mut client = server.connect();
        client.send(beginning);
        // It fails when the server has ended the connection, and has closed it two seconds later.
        wait_until("the client is disconnected", || client.try_send("x").is_err());
        assert!(begun.elapsed() >= Duration::from_secs(1), "{service}");
        assert_eq!(uploads.names(), [""; 0]);
    }
}

/// The server never waits for a client that always sends, but its time ends, too. The client learns
/// that at once, and not only when the kernel has given up a connection that no process has any
/// more.
fn an_endless_line_does_not_keep_a_client_here(style: Style) {
    for service in ["lines", "chat"] {
        let server = Server::start_with(style, service, &["--idle-timeout", "1"]);
        let begun = Instant::now();
        let endless = server.connect();
        let mut sending = endless.stream().try_clone().expect("a descriptor is left");
        let flood = vec![b'x'; 1 << 20];
        thread::scope(|scope| {
            // It fails when the server has closed.
            let sender = scope.spawn(move || while sending.write_all(&flood).is_ok() {});
            let left = server.wait_for_log(|line| line.contains("client 1 left"));
            assert!(begun.elapsed() >= Duration::from_secs(1), "{left}");
            wait_until("the client gets a reset", || sender.is_finished());
        });
    }
}

fn whole_frames_and_lines_keep_a_client_here(style: Style) {
    for (service, sent, answer) in [
        ("lines", &b"x\n"[..], &b"=> x\r\n"[..]),
        ("frames", b"\0\0\0\x01\0\0\0\0", b"\0\0\0\x01\0\0\0\0"),
    ] {
        let server = Server::start_with(style, service, &["--idle-timeout", "1"]);
        keeps_alive(&server, Duration::from_secs(1), |client| {
            client.send(sent);
            client.read_exact(answer.len()) == answer
        });
    }
}

fn zero_seconds_mean_no_limit(style: Style) {
    let server = Server::start_with(style, "echo", &["--idle-timeout", "0"]);
    let mut client = server.connect();
    for _ in 0..3 {
        client.send("x");
        assert_eq!(client.read_exact(1), b"x");
        assert!(client.has_nothing(), "it is finished at once");
    }
}

/// While a server is stopped, the idle time of all its clients passes. Each then gets one goodbye.
fn a_server_that_was_stopped_has_no_storm_of_timers(style: Style) {
    const IDLE: Duration = Duration::from_secs(3);
    let options = ["--idle-timeout", &IDLE.as_secs().to_string()];
    let server = Server::start_under(&["setsid"], style, "chat", &options);
    let count = style.at_once(20);
    let mut members: Vec<Client> = (1..=count).map(|here| join(&server, here)).collect();
    server.process().signal_group(Signal::SIGSTOP);
    wait_until("the server is stopped", || server.process().state() == Some('T'));
    let begun = Instant::now();
    wait_until("their time is over", || begun.elapsed() > IDLE + Duration::from_secs(1));

    let used = server.process().cpu_time_with_children();
    server.process().signal_group(Signal::SIGCONT);
    for member in &mut members {
        member.skip_to_line(|line| line.starts_with("* idle for "));
        member.expect_end();
    }
    drop(members);
    join(&server, 1);
    let used = server.process().cpu_time_with_children().saturating_sub(used);
    assert!(used < Duration::from_millis(500), "{used:?} for {count} goodbyes");
    let goodbyes = || {
        let log = server.log();
        log.iter().filter(|line| line.ends_with("left the room: idle")).count()
    };
    wait_until("each goodbye is in the log", || goodbyes() >= count);
    assert_eq!(goodbyes(), count, "there is one for each");
}
