//! More clients than there is room for, and clients who come and go in numbers.

use test_kit::chat::{expect_silence, join, welcome};
use test_kit::{Client, Server, Style, each_style, wait_until};

each_style!(
    a_client_too_many_waits_until_one_leaves (row 8),
    a_member_too_many_waits_until_one_leaves (row 8),
    two_hundred_who_connect_and_close_leave_nothing_behind (row 27),
    two_hundred_who_say_nothing_leave_nothing_behind (row 27),
    two_hundred_silent_members_leave_nothing_behind (row 27),
);

/// A server that is full with the clients that come with it.
fn full(style: Style, service: &str) -> (Server, Vec<Client>) {
    let (count, options): (_, &[&str]) = match style.serves_many() {
        true => (2, &["--max-clients", "2"]),
        false => (1, &[]),
    };
    let server = Server::start_with(style, service, options);
    let clients = (0..count).map(|_| server.connect()).collect();
    (server, clients)
}

#[track_caller]
fn expect_echo(client: &mut Client, text: &str) {
    client.send(text);
    assert_eq!(client.read_exact(text.len()), text.as_bytes());
}

fn a_client_too_many_waits_until_one_leaves(style: Style) {
    let (server, mut served) = full(style, "echo");
    for client in &mut served {
        expect_echo(client, "here");
    }
    let mut waiting = [server.connect(), server.connect()];
    waiting.iter_mut().for_each(|client| client.send("hello"));
    for client in &mut waiting {
        for served in &mut served {
            expect_echo(served, "still here");
        }
        assert!(client.has_nothing(), "it waits in the backlog");
        drop(served.remove(0));
        assert_eq!(client.read_exact(5), b"hello");
        // Whoever is served now takes the place of who left.
        served.push(server.connect());
        std::mem::swap(client, served.last_mut().expect("pushed"));
    }
}

fn a_member_too_many_waits_until_one_leaves(style: Style) {
    let (server, mut members) = full(style, "chat");
    for (here, member) in members.iter_mut().enumerate() {
        member.expect_line(welcome(member, here + 1));
    }
    let mut waiting = server.connect();
    let first = &mut members[0];
    first.send("/who\r\n");
    first.skip_to_line(|line| line.starts_with("* here: "));
    expect_silence(first);
    assert!(waiting.has_nothing(), "it waits in the backlog");
    first.send("/quit\r\n");
    first.read_to_end();
    drop(members.remove(0));
    waiting.expect_line(welcome(&waiting, members.len() + 1));
}

/// How often a crowd comes and goes until the server needs hardly more memory for the next ones.
const CROWDS: usize = 40;

/// Whatever clients do, who come in numbers and leave again, the server is as before.
///
/// An allocator keeps what it got, and how much it needs for a crowd varies. So the memory may
/// grow, but not go on growing: of 800 clients in a row no more than 256 KiB may stay.
#[track_caller]
fn check(style: Style, service: &str, come_and_go: impl Fn(&Server)) {
    let server = Server::start(style, service);
    let at_rest = server.footprint_at_rest();
    let process = server.process();
    let mut memory = Vec::new();
    let is_steady =
        |memory: &[u64]| matches!(memory, [.., first, _, _, _, last] if *last < first + 256);
    while !is_steady(&memory) {
        assert!(memory.len() < CROWDS, "it had {memory:?} KiB");
        come_and_go(&server);
        wait_until("the server is as before", || process.footprint().is_within(at_rest));
        memory.push(process.vm_rss());
    }
    let log = server.log().join("\n");
    assert!(!log.contains("panicked") && !log.contains("ERROR"), "{log}");
}

fn two_hundred_who_connect_and_close_leave_nothing_behind(style: Style) {
    check(style, "echo", |server| {
        (0..200).for_each(|_| drop(server.connect()));
        // Whoever is served now knows that all before were.
        expect_echo(&mut server.connect(), "next");
    });
}

fn two_hundred_who_say_nothing_leave_nothing_behind(style: Style) {
    check(style, "echo", |server| {
        let mut clients: Vec<_> = (0..200).map(|_| server.connect()).collect();
        let served = if style.serves_many() { 199 } else { 0 };
        expect_echo(&mut clients[served], "here");
        drop(clients);
        expect_echo(&mut server.connect(), "next");
    });
}

fn two_hundred_silent_members_leave_nothing_behind(style: Style) {
    check(style, "chat", |server| {
        if style.serves_many() {
            let members: Vec<_> = (1..=200).map(|here| join(server, here)).collect();
            let mut last = join(server, 201);
            drop(members);
            let gone = |line: &str| line.ends_with(" left");
            (0..200).for_each(|_| drop(last.skip_to_line(gone)));
        } else {
            let callers: Vec<_> = (0..200).map(|_| server.connect()).collect();
            drop(callers);
            join(server, 1);
        }
    });
}
