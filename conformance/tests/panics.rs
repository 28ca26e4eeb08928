//! A bug in a service: a session that panics ends only its own client.

use test_kit::chat::{expect_silence, join, room};
use test_kit::{Client, Footprint, Own, Server, Style, each_style, wait_until};

each_style!(
    a_session_that_panics_loses_only_its_client (row 16),
    a_session_that_panics_leaves_the_room (row 16),
    a_session_that_panics_returns_its_resources,
    a_session_may_panic_before_its_client_has_sent_anything,
    a_session_may_panic_while_its_connection_is_finished,
    a_server_stops_as_always_after_a_panic,
);

fn a_session_that_panics_loses_only_its_client(style: Style) {
    let server = Server::start_panicking(style, "echo");
    let mut first = style.serves_many().then(|| server.connect());
    first.iter_mut().for_each(expect_echo);
    let mut second = server.connect();
    expect_echo(&mut second);
    second.send("panic!\r\n");
    second.expect_lost();
    first.iter_mut().for_each(expect_echo);
    expect_echo(&mut server.connect());
    expect_log(&server, 1);
}

fn a_session_that_panics_leaves_the_room(style: Style) {
    let server = Server::start_panicking(style, "chat");
    if !style.serves_many() {
        let [mut ada] = room(&server, ["ada"]);
        ada.send("hello\r\n");
        expect_silence(&mut ada);
        ada.send("panic!\r\n");
        ada.expect_lost();
        let mut bob = join(&server, 1);
        bob.expect_line("[ada] hello");
        bob.send("/nick ada\r\n");
        bob.expect_line(format!("* {} is now ada", bob.name()));
        return expect_log(&server, 1);
    }
    let [mut ada, mut bob, mut cyd] = room(&server, ["ada", "bob", "cyd"]);
    bob.send("hello\r\n");
    ada.expect_line("[bob] hello");
    cyd.expect_line("[bob] hello");
    bob.send("/nick panic!\r\n");
    bob.expect_lost();
    ada.expect_line("* bob left");
    cyd.expect_line("* bob left");
    ada.send("/who\r\nstill here?\r\n");
    ada.expect_line("* here: ada, cyd");
    cyd.expect_line("[ada] still here?");
    // Bob's name is free again.
    let mut dan = join(&server, 3);
    dan.expect_line("[bob] hello");
    dan.expect_line("[ada] still here?");
    dan.send("/nick bob\r\n");
    dan.expect_line(format!("* {} is now bob", dan.name()));
    expect_log(&server, 1);
}

fn a_session_that_panics_returns_its_resources(style: Style) {
    for service in ["echo", "chat"] {
        let server = Server::start_panicking(style, service);
        let panic = || {
            let mut client = server.connect();
            client.send("panic!\r\n");
            client.expect_lost();
        };
        panic();
        let before = footprint_when_idle(&server, style, service);
        (0..11).for_each(|_| panic());
        wait_until(&format!("it holds no more than {before:?}"), || {
            let now = server.process().footprint();
            now.descriptors <= before.descriptors
                && now.threads <= before.threads
                && now.children <= before.children
        });
        expect_log(&server, 12);
    }
}

fn a_session_may_panic_before_its_client_has_sent_anything(style: Style) {
    let server = Server::start_panicking(style, "echo");
    for _ in 1..13 {
        expect_echo(&mut server.connect());
    }
    // One panics when it greets, and one when it is opened.
    for _ in 13..15 {
        let mut unlucky = server.connect();
        unlucky.expect_lost();
    }
    expect_echo(&mut server.connect());
    expect_log(&server, 2);
}

/// The client has all its answers by then, and sees nothing of it.
fn a_session_may_panic_while_its_connection_is_finished(style: Style) {
    // Echo ends when its client has; upload refuses the file, and discards the rest of the input.
    for (service, sent, answer, rest) in [
        ("echo", "later!\r\n", "later!", ""),
        ("upload", "later!\n\0\0\0\x04\n", "refused: the server has no place for files", "late"),
    ] {
        let server = Server::start_panicking(style, service);
        let mut other = style.serves_many().then(|| server.connect());
        let mut client = server.connect();
        client.send(sent);
        if rest.is_empty() {
            client.half_close();
        }
        client.expect_line(answer);
        client.expect_end();
        client.send(rest);
        expect_log(&server, 1);
        drop(client);
        for client in other.iter_mut().chain([&mut server.connect()]) {
            client.send("hello\n");
            client.half_close();
            assert!(!client.read_to_end().is_empty());
        }
    }
}

fn a_server_stops_as_always_after_a_panic(style: Style) {
    for service in ["echo", "chat"] {
        let mut server = Server::start_panicking(style, service);
        let mut client = server.connect();
        client.send("panic!\r\n");
        client.expect_lost();
        drop(client);
        assert_eq!(server.stop().code(), Some(0));
        expect_log(&server, 1);
    }
}

#[track_caller]
fn expect_echo(client: &mut Client) {
    client.send("hello\r\n");
    client.expect_line("hello");
}

/// Each panic is a line of the log, like the others, whatever its message was, and so is the end of
/// its client.
#[track_caller]
fn expect_log(server: &Server, panics: usize) {
    let lost = |line: &&String| line.contains("was lost: its session panicked");
    wait_until("each loss is in the log", || server.log().iter().filter(lost).count() == panics);
    let log = server.log();
    let errors = log.iter().filter(|line| line.contains(" ERROR "));
    assert_eq!(errors.count(), panics, "one line a panic");
    for line in &log {
        assert!(line.starts_with("20"), "not a line of the log: {line:?}");
    }
}

/// The server's resources when no client is connected.
fn footprint_when_idle(server: &Server, style: Style, service: &str) -> Footprint {
    let threads = match (style.own, service) {
        (Own::Task, _) => server.process().threads().len(),
        (Own::Thread, "chat") => 2,
        (Own::WorkerThread, "chat") => style.worker_threads() + 2,
        (Own::WorkerThread, _) => style.worker_threads() + 1,
        _ => 1,
    };
    let children = style.worker_processes();
    let mut now = server.process().footprint();
    wait_until("the first client is gone", || {
        now = server.process().footprint();
        (now.threads, now.children) == (threads, children)
    });
    now
}
