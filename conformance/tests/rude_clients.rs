//! Clients that reset, and clients that send before they read.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use socket2::SockRef;
use test_kit::chat::{expect_silence, join, welcome};
use test_kit::{Client, Server, Signal, Style, each_style, wait_until};

each_style!(
    a_reset_in_the_middle_of_an_echo_ends_only_that_client (row 25),
    a_reset_in_the_middle_of_a_line_ends_only_that_member (row 25),
    a_reset_in_a_silent_room_is_noticed_at_once,
    a_reset_instead_of_a_fortune_ends_only_that_client,
    a_fortune_arrives_completely_though_its_reader_sends_a_megabyte_first (row 26),
    a_goodbye_arrives_completely_though_the_client_sent_more (row 26),
    urgent_data_is_skipped_and_causes_no_busy_loop (row 36),
    a_newcomer_stays_where_another_client_has_just_gone (row 25),
);

/// The log contains no warning or error.
#[track_caller]
fn assert_quiet(server: &Server) {
    for line in server.log() {
        let is_quiet = !["panicked", "ERROR", "WARN"].iter().any(|word| line.contains(word));
        assert!(is_quiet, "{line}");
    }
}

fn a_reset_in_the_middle_of_an_echo_ends_only_that_client(style: Style) {
    let server = Server::start(style, "echo");
    let mut other = style.serves_many().then(|| server.connect());
    for _ in 0..5 {
        let mut client = server.connect();
        // It reads nothing, so the server is in the middle of writing, too.
        client.send(vec![b'x'; 100_000]);
        client.read_exact(1);
        client.reset();
        let mut next = server.connect();
        for client in other.iter_mut().chain([&mut next]) {
            client.send("hello");
            assert_eq!(client.read_exact(5), b"hello");
        }
    }
    assert_quiet(&server);
}

fn a_reset_in_the_middle_of_a_line_ends_only_that_member(style: Style) {
    let server = Server::start(style, "chat");
    let mut other = style.serves_many().then(|| join(&server, 1));
    for _ in 0..5 {
        let mut client = join(&server, if other.is_some() { 2 } else { 1 });
        let name = client.name();
        client.send_apart("half a li");
        client.reset();
        match &mut other {
            Some(other) => {
                other.expect_line(format!("* {name} joined"));
                other.expect_line(format!("* {name} left"));
                expect_silence(other);
            }
            None => expect_silence(&mut join(&server, 1)),
        }
    }
    assert_quiet(&server);
}

fn a_reset_instead_of_a_fortune_ends_only_that_client(style: Style) {
    let server = Server::start(style, "fortune");
    (0..20).for_each(|_| server.connect().reset());
    assert!(server.connect().read_to_end().ends_with(b"\r\n"));
    assert_quiet(&server);
}

fn a_fortune_arrives_completely_though_its_reader_sends_a_megabyte_first(style: Style) {
    let start = || Server::start_with(style, "fortune", &["--seed", "7"]);
    let (reference, server) = (start(), start());
    check_last_words(|| server.connect(), |_| reference.connect().read_to_end());
}

fn a_goodbye_arrives_completely_though_the_client_sent_more(style: Style) {
    let server = Server::start(style, "chat");
    let quit = || {
        let mut client = server.connect();
        client.send("/quit\r\n");
        client
    };
    check_last_words(quit, |client| {
        format!("{}\r\n* goodbye\r\n", welcome(client, 1)).into_bytes()
    });
}

/// A client goes on sending, although the server has sent it everything, and reads only then. The
/// server discards all of it, and the client gets the last words, and no reset.
///
/// After two seconds the server may close. If a busy machine makes the client that late, it proves
/// nothing, and another one has to try.
fn check_last_words(connect: impl Fn() -> Client, expected: impl Fn(&Client) -> Vec<u8>) {
    wait_until("a client was in time", || {
        let begun = Instant::now();
        let mut client = connect();
        let is_taken = (0..4).all(|_| {
            let sent = client.try_send([b'x'; 1 << 18]);
            client.wait_until_read();
            sent.is_ok()
        });
        let last_words = expected(&client);
        if is_taken {
            assert_eq!(client.read_to_end(), last_words);
        } else {
            assert!(begun.elapsed() >= Duration::from_secs(2), "it is cut off");
        }
        is_taken
    });
}

/// No other event makes the server look at its room.
fn a_reset_in_a_silent_room_is_noticed_at_once(style: Style) {
    let server = Server::start(style, "chat");
    let mut first = join(&server, 1);
    if !style.serves_many() {
        first.reset();
        join(&server, 1);
        return;
    }
    for _ in 0..5 {
        let second = join(&server, 2);
        let name = second.name();
        first.expect_line(format!("* {name} joined"));
        second.reset();
        first.expect_line(format!("* {name} left"));
    }
}

/// TCP has a byte that can be read before the others (tcp(7), MSG_OOB). No server here asks for it,
/// and it must not wake a server again and again until the client's idle time is over.
fn urgent_data_is_skipped_and_causes_no_busy_loop(style: Style) {
    let server = Server::start_under(&["setsid"], style, "echo", &["--idle-timeout", "2"]);
    let mut client = server.connect();
    client.send("hello\r\n");
    client.expect_line("hello");
    // All of it must be there when the server continues.
    server.process().signal_group(Signal::SIGSTOP);
    wait_until("the server is stopped", || server.process().state() == Some('T'));
    client.send("before ");
    let sent = SockRef::from(client.stream()).send_out_of_band(b"!");
    assert_eq!(sent.expect("it is connected"), 1);
    client.send("after\r\n");
    server.process().signal_group(Signal::SIGCONT);
    assert_eq!(client.read_exact(7), b"before ");
    if style == Style::ASYNC {
        // A read ends at the urgent byte. Tokio takes a read that does not fill its buffer for the
        // last one, so it reads the bytes after the urgent one only when the next ones come.
        client.send("next\r\n");
    }
    client.expect_line("after");
    let sent = SockRef::from(client.stream()).send_out_of_band(b"!");
    assert_eq!(sent.expect("it is connected"), 1);
    let used = server.process().cpu_time_with_children();
    if style == Style::ASYNC {
        client.expect_line("next");
    }
    client.expect_end();
    drop(client);
    server.wait_for_no_clients();
    let used = server.process().cpu_time_with_children().saturating_sub(used);
    assert!(used < Duration::from_millis(300), "{used:?} of two seconds");
    assert_quiet(&server);
}

/// The kernel gives the lowest free descriptor to the next client. So a server that learns at once
/// of a client that is gone and of one that has come must not keep anything under such a number: it
/// would end the newcomer in place of the other.
fn a_newcomer_stays_where_another_client_has_just_gone(style: Style) {
    let server = Server::start(style, "chat");
    let mut witness = style.serves_many().then(|| join(&server, 1));
    let here = style.at_once(2);
    for _ in 0..3 {
        let gone = join(&server, here);
        let gone_left = format!("* {} left", gone.name());
        server.process().signal(Signal::SIGSTOP);
        wait_until("the server stands still", || server.process().state() == Some('T'));
        gone.reset();
        let mut newcomer = server.connect();
        server.process().signal(Signal::SIGCONT);

        // Whether the one that is gone still counts differs, and so does what the room remembers.
        let name = newcomer.name();
        let welcome = format!("* welcome, {name}; ");
        newcomer.skip_to_line(|line| line.starts_with(&welcome));
        newcomer.send("hello\r\n");
        let Some(witness) = &mut witness else {
            newcomer.send("/quit\r\n");
            newcomer.skip_to_line(|line| line == "* goodbye");
            continue;
        };
        let (speech, left) = (format!("[{name}] hello"), format!("* {name} left"));
        // In some styles the one that is gone is missed later than the newcomer is heard.
        let mut expected = BTreeSet::from([gone_left, speech]);
        while !expected.is_empty() {
            let heard = witness.read_line();
            assert_ne!(heard, left);
            expected.remove(&heard);
        }
        newcomer.reset();
        witness.skip_to_line(|line| line == left);
    }
}
