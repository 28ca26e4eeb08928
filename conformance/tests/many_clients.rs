//! More clients than there is room for, and crowds of clients that come and go.

use test_kit::chat::{expect_silence, join, welcome};
use test_kit::{Client, Own, Server, Signal, Style, each_style, require_tool, wait_until};

each_style!(
    a_surplus_client_waits_until_one_leaves (row 8),
    a_surplus_member_waits_until_one_leaves (row 8),
    two_hundred_clients_that_connect_and_close_leave_nothing_behind (row 27),
    two_hundred_silent_clients_leave_nothing_behind (row 27),
    two_hundred_silent_members_leave_nothing_behind (row 27),
);

/// The number of clients that fill a server, and the options for that.
fn few(style: Style) -> (usize, &'static [&'static str]) {
    match (style.serves_many(), style.own) {
        (false, _) => (1, &[]),
        // Otherwise further clients would wait inside the server, and not in the backlog.
        (true, Own::WorkerThread) => (2, &["--max-clients", "2", "--queue", "0"]),
        (true, _) => (2, &["--max-clients", "2"]),
    }
}

/// A full server, with the clients that fill it.
fn full(style: Style, service: &str) -> (Server, Vec<Client>) {
    let (count, options) = few(style);
    let server = Server::start_with(style, service, options);
    let clients = (0..count).map(|_| server.connect()).collect();
    (server, clients)
}

#[track_caller]
fn expect_echo(client: &mut Client, text: &str) {
    client.send(text);
    assert_eq!(client.read_exact(text.len()), text.as_bytes());
}

fn a_surplus_client_waits_until_one_leaves(style: Style) {
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
        // The client that is served now takes the place of the one that left.
        served.push(server.connect());
        std::mem::swap(client, served.last_mut().expect("pushed"));
    }
}

fn a_surplus_member_waits_until_one_leaves(style: Style) {
    let (count, options) = few(style);
    let server = Server::start_with(style, "chat", options);
    let mut members: Vec<_> = (1..=count).map(|here| join(&server, here)).collect();
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

/// The number of crowds that come and go until the server needs hardly more memory for the next
/// ones.
const CROWDS: usize = 40;

/// After a crowd has left, whatever its clients did, the server holds no more than before.
///
/// An allocator keeps memory that it got, and the need of a crowd varies. So the memory may grow,
/// but not go on growing: for 800 clients in a row it may grow by at most 256 KiB.
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

fn two_hundred_clients_that_connect_and_close_leave_nothing_behind(style: Style) {
    check(style, "echo", |server| {
        (0..200).for_each(|_| drop(server.connect()));
        // When this client is served, all earlier ones were served.
        expect_echo(&mut server.connect(), "next");
    });
}

fn two_hundred_silent_clients_leave_nothing_behind(style: Style) {
    check(style, "echo", |server| {
        let mut clients: Vec<_> = (0..200).map(|_| server.connect()).collect();
        expect_echo(&mut clients[style.at_once(200) - 1], "here");
        drop(clients);
        expect_echo(&mut server.connect(), "next");
    });
}

fn two_hundred_silent_members_leave_nothing_behind(style: Style) {
    check(style, "chat", |server| {
        if style.serves_many() {
            let count = style.at_once(201) - 1;
            let members: Vec<_> = (1..=count).map(|here| join(server, here)).collect();
            let mut last = join(server, count + 1);
            let waiting: Vec<_> = (count..200).map(|_| server.connect()).collect();
            drop((waiting, members));
            let gone = |line: &str| line.ends_with(" left");
            // Those that have waited join and leave, too.
            (0..200).for_each(|_| drop(last.skip_to_line(gone)));
        } else {
            let callers: Vec<_> = (0..200).map(|_| server.connect()).collect();
            drop(callers);
            join(server, 1);
        }
    });
}

/// Clients that wait inside a pool are accepted, and get their turn; the next ones wait in the
/// backlog.
#[test]
fn the_queue_of_a_pool_has_as_many_places_as_its_option_says() {
    let options = ["--max-clients", "2", "--queue", "1"];
    let mut server = Server::start_with(Style::POOL, "echo", &options);
    let mut served: Vec<_> = (0..2).map(|_| server.connect()).collect();
    served.iter_mut().for_each(|client| expect_echo(client, "here"));
    let mut waiting: Vec<_> = (0..2).map(|_| server.connect()).collect();
    waiting.iter_mut().for_each(|client| client.send("hello"));
    server.wait_for_log(|line| line.contains("client 3 connected"));
    served.iter_mut().for_each(|client| expect_echo(client, "still here"));
    assert!(waiting.iter().all(Client::has_nothing));

    drop(served.remove(0));
    assert_eq!(waiting[0].read_exact(5), b"hello");
    server.wait_for_log(|line| line.contains("client 4 connected"));
    expect_in_order(&server, ["client 1 left", "client 4 connected"]);
    assert!(waiting[1].has_nothing(), "it waits in the queue now");
    // When the server stops, it answers all that has arrived, also in the queue.
    server.process().signal(Signal::SIGTERM);
    assert_eq!(waiting[1].read_exact(5), b"hello");
    drop((served, waiting));
    assert_eq!(server.wait().code(), Some(0));
}

/// With fewer threads than it wants, a pool accepts fewer clients.
#[test]
fn a_pool_counts_the_workers_that_it_has() {
    if !require_tool("strace") {
        return;
    }
    let fault = "inject=clone,clone3:error=EAGAIN:when=4+";
    let strace = ["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=clone,clone3"];
    let strace = [&strace[..], &["-e", fault]].concat();
    let options = ["--max-clients", "8", "--queue", "0"];
    let server = Server::start_under(&strace, Style::POOL, "echo", &options);
    let mut clients: Vec<_> = (0..5).map(|_| server.connect()).collect();
    clients[..3].iter_mut().for_each(|client| expect_echo(client, "here"));
    clients[3].send("hello");
    drop(clients.remove(0));
    assert_eq!(clients[2].read_exact(5), b"hello");
    expect_in_order(&server, ["client 1 left", "client 4 connected"]);
}

/// The log has both lines, in this order: until the first, the other client waited in the backlog.
#[track_caller]
fn expect_in_order(server: &Server, lines: [&str; 2]) {
    let log = server.log();
    let [first, second] =
        lines.map(|words| log.iter().position(|line| line.contains(words)).expect("it is logged"));
    assert!(first < second, "{log:#?}");
}
