//! Failures of accept(2) and of waits. They must not disturb the clients that are already
//! connected.

use std::io::Read;
use std::process::Command;
use std::time::{Duration, Instant};

use test_kit::chat::{join, welcome};
use test_kit::{Client, Own, Server, Signal, Style};
use test_kit::{can_run, does_not_apply, each_style, require_tool, wait_until};

each_style!(
    connected_clients_are_not_disturbed_when_descriptors_run_out (row 1),
    the_room_goes_on_when_descriptors_run_out (row 1),
    a_lack_of_resources_is_waited_out (row 1),
    a_client_that_went_away_is_no_reason_to_wait (row 2),
    a_wait_without_memory_is_tried_again (row 52),
    members_go_on_when_the_limit_falls_below_the_open_descriptors (row 52),
    a_client_that_the_kernel_cannot_watch_is_lost_alone (row 54),
    a_client_that_is_gone_before_accept_does_not_block_the_server (row 3),
    calls_that_signals_interrupt_are_repeated (row 4),
    three_hundred_clients_that_come_while_the_server_is_stopped_are_served (row 5),
);

/// Why a fault of accept(2) cannot be put into a server with a ring. In other tests it runs out of real
/// descriptors, and a unit test of `sockets` shows the acceptor each error.
const NO_CALLS: &str = "the kernel accepts by itself: strace cannot make that fail";

/// This many clients connect to a server whose descriptors are not enough for them.
const CLIENTS: usize = 40;

fn connected_clients_are_not_disturbed_when_descriptors_run_out(style: Style) {
    let server = start_starved(style, "echo");
    let mut clients: Vec<Client> = (0..CLIENTS).map(|_| server.connect()).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        client.send(format!("{number}\r\n"));
    }
    match style.own {
        Own::Nothing => {
            clients[0].expect_line("0");
            assert!(clients[1].has_nothing(), "the second client waits");
            clients.remove(0);
            clients[0].expect_line("1");
        }
        // After the fork, the parent keeps no descriptor for such a client.
        Own::Process => {
            for (number, client) in clients.iter_mut().enumerate() {
                client.expect_line(number.to_string());
            }
        }
        // Each worker has descriptors of its own, and accepts one client at a time.
        Own::WorkerProcess => {
            for (number, mut client) in clients.into_iter().enumerate() {
                client.expect_line(number.to_string());
            }
        }
        Own::Thread | Own::WorkerThread | Own::Slot | Own::Task => {
            expect_quiet_warnings(&server);
            let here = connected(&server);
            for (number, client) in clients[..here].iter_mut().enumerate() {
                client.expect_line(number.to_string());
                client.send("still here\r\n");
                client.expect_line("still here");
            }
            assert!(clients[here..].iter().all(Client::has_nothing));
            clients.drain(..3);
            for (number, client) in clients[here - 3..here].iter_mut().enumerate() {
                client.expect_line((here + number).to_string());
            }
            return;
        }
    }
    expect_no_warnings(&server);
}

fn the_room_goes_on_when_descriptors_run_out(style: Style) {
    let server = start_starved(style, "chat");
    let mut clients: Vec<Client> = (0..CLIENTS).map(|_| server.connect()).collect();
    if !style.serves_many() {
        let welcome = welcome(&clients[0], 1);
        clients[0].expect_line(welcome);
        assert!(clients[1].has_nothing(), "the second client waits");
        return expect_no_warnings(&server);
    }
    if style.own == Own::WorkerProcess {
        return expect_few_members(&server, clients);
    }
    expect_quiet_warnings(&server);
    let here = connected(&server);
    assert!(clients[here..].iter().all(Client::has_nothing), "a client without room waits");
    for (number, client) in clients[..here].iter_mut().enumerate() {
        match style.has_workers() {
            // They race.
            true => drop(client.skip_to_line(|line| line.starts_with("* welcome, "))),
            false => client.expect_line(welcome(client, number + 1)),
        }
    }
    clients[0].send("hello\r\n");
    let speech = format!("[{}] hello", clients[0].name());
    clients[1..here].iter_mut().for_each(|client| {
        client.skip_to_line(|line| line == speech);
    });
    let left = clients.remove(1).name();
    let newcomer = &mut clients[here - 1];
    newcomer.expect_line(welcome(newcomer, here));
    let joined = format!("* {} joined", newcomer.name());
    clients[0].skip_to_line(|line| line == format!("* {left} left"));
    clients[0].expect_line(joined);
}

/// The parent starts only as many workers as it has descriptors for. Their members join in any order,
/// and the other clients wait for their turn.
#[track_caller]
fn expect_few_members(server: &Server, mut clients: Vec<Client>) {
    let warning = server.wait_for_log(|line| line.contains("at most"));
    let (_, most) = warning.split_once("at most ").expect("it is in it");
    let most: usize = most.split(' ').next().expect("a number").parse().expect("a number");
    assert!((2..12).contains(&most), "{warning}");
    let welcome = |client: &mut Client| drop(client.skip_to_line(|line| line.contains("welcome")));
    clients[..most].iter_mut().for_each(welcome);
    assert!(clients[most..].iter().all(Client::has_nothing), "a client without room waits");
    let others = clients.split_off(most);
    for (mut old, mut new) in clients.into_iter().zip(others) {
        old.send("/quit\r\n");
        old.read_to_end();
        drop(old);
        welcome(&mut new);
    }
}

fn a_lack_of_resources_is_waited_out(style: Style) {
    if style == Style::URING {
        return does_not_apply(NO_CALLS);
    }
    for error in ["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"] {
        let Some(server) = start_failing(style, error) else {
            return;
        };
        serve_one(&server);
        let warnings = warnings(&server);
        match style.own {
            // Each worker accepts for itself, and warns for itself.
            Own::WorkerProcess => assert!(!warnings.is_empty(), "{error}"),
            _ => assert_eq!(warnings.len(), 1, "{error}: {warnings:?}"),
        }
    }
}

fn a_client_that_went_away_is_no_reason_to_wait(style: Style) {
    if style == Style::URING {
        return does_not_apply(NO_CALLS);
    }
    for error in ["ECONNABORTED", "EPROTO", "ENETDOWN", "EHOSTUNREACH", "EPERM"] {
        let Some(server) = start_failing(style, error) else {
            return;
        };
        serve_one(&server);
        expect_no_warnings(&server);
    }
}

/// The listener is readable, but accept(2) finds no client: on a blocking listener it would wait
/// for the next one.
fn a_client_that_is_gone_before_accept_does_not_block_the_server(style: Style) {
    let server = Server::start(style, "echo");
    // A style says where it listens before it prepares its listener.
    let port = server.address().port();
    let blocks = || server.process().has_blocking_listener(port);
    match style {
        // A worker has nothing to do but to wait for the next client, and a server with a ring never
        // calls accept(2).
        Style::PREFORK | Style::URING => assert!(blocks()),
        _ => wait_until("the listener does not block", || !blocks()),
    }
    drop(server);
    if style == Style::URING {
        return does_not_apply("the server does not wait for an accept that it has ordered");
    }
    let Some(server) = start_failing(style, "EAGAIN") else {
        return;
    };
    let mut first = server.connect();
    first.send("hello\r\n");
    // The kernel tells Tokio of the first client only once, and after EAGAIN Tokio waits for the
    // next one: so more clients come, until the first is answered.
    let mut others = Vec::new();
    wait_until("the first client is answered", || {
        others.push(server.connect());
        !first.has_nothing()
    });
    first.expect_line("hello");
    expect_no_warnings(&server);
    if style.own == Own::WorkerProcess {
        does_not_apply("a worker does nothing but wait for the next client");
    }
}

fn a_wait_without_memory_is_tried_again(style: Style) {
    if !require_tool("strace") {
        return;
    }
    // epoll_wait(2) needs no memory: its manual page lists no ENOMEM.
    let trace = "trace=poll,ppoll,select,pselect6,io_uring_enter";
    let fault = "inject=poll,ppoll,select,pselect6,io_uring_enter:error=ENOMEM:when=3+4";
    let strace = ["strace", "-D", "-f", "-qq", "-o", "/dev/null"];
    let strace = [&strace[..], &["-e", trace, "-e", fault]].concat();
    // strace counts the calls of each process separately.
    let workers: &[&str] = match style.own {
        Own::WorkerProcess => &["--max-clients", "1"],
        _ => &[],
    };
    let options = [&["--grace", "3600"], workers].concat();
    for service in ["echo", "chat"] {
        let mut server = Server::start_under(&strace, style, service, &options);
        for _ in 0..4 {
            let mut client = server.connect();
            match service {
                "chat" => client.expect_line(welcome(&client, 1)),
                _ => assert_eq!(client.exchange(b"hello\r\n"), b"hello\r\n"),
            }
            client.half_close();
            client.read_to_end();
        }
        server.process().signal(Signal::SIGTERM);
        assert_eq!(server.wait().code(), Some(0), "{service}");
        let has_failed = server.log().iter().any(|line| line.contains("cannot wait for now"));
        assert_eq!(has_failed, !waits_with_epoll(style), "{service}");
    }
}

/// A ring is full of completions, or the kernel has no memory for an order (io_uring_enter(2)).
#[test]
fn a_ring_that_is_busy_is_asked_again() {
    if !require_tool("strace") || !can_run(Style::URING) {
        return;
    }
    for error in ["EBUSY", "EAGAIN"] {
        let fault = format!("inject=io_uring_enter:error={error}:when=3+4");
        let strace = ["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", &fault];
        let mut server = Server::start_under(&strace, Style::URING, "echo", &[]);
        for _ in 0..4 {
            let mut client = server.connect();
            assert_eq!(client.exchange(&[b'x'; 100_000]), [b'x'; 100_000]);
            client.half_close();
            client.read_to_end();
        }
        server.process().signal(Signal::SIGTERM);
        assert_eq!(server.wait().code(), Some(0), "{error}");
    }
}

/// The kernel keeps a list of the descriptors that the server waits for (epoll(7)).
fn waits_with_epoll(style: Style) -> bool {
    [Style::ASYNC, Style::EPOLL, Style::EXECUTOR].contains(&style)
}

/// The kernel's list has no room for every client (epoll_ctl(2), ENOSPC). If a server has no such
/// list, all its clients are served.
fn a_client_that_the_kernel_cannot_watch_is_lost_alone(style: Style) {
    if !require_tool("strace") {
        return;
    }
    // The first calls are for the server's own descriptors.
    let fault = "inject=epoll_ctl:error=ENOSPC:when=6+3";
    let strace = ["strace", "-D", "-f", "-qq", "-o", "/dev/null"];
    let strace = [&strace[..], &["-e", "trace=epoll_ctl", "-e", fault]].concat();
    let mut server = Server::start_under(&strace, style, "echo", &[]);
    let answers = (0..20).map(|_| {
        let mut client = server.connect();
        // Both fail if the client is lost.
        let _ = client.try_send("hello\r\n");
        client.half_close();
        let mut answer = Vec::new();
        let _ = client.stream().read_to_end(&mut answer);
        answer
    });
    let (served, lost): (Vec<_>, Vec<_>) = answers.partition(|answer| answer == b"hello\r\n");
    assert_eq!(!lost.is_empty(), waits_with_epoll(style), "{} of 20 are lost", lost.len());
    assert!(lost.iter().all(Vec::is_empty) && !served.is_empty(), "{lost:?}");
    server.process().signal(Signal::SIGTERM);
    assert_eq!(server.wait().code(), Some(0));
}

fn members_go_on_when_the_limit_falls_below_the_open_descriptors(style: Style) {
    if !style.serves_many() {
        return does_not_apply("it serves one client at a time");
    }
    let mut server = Server::start_with(style, "chat", &["--grace", "3600"]);
    let count = style.at_once(CLIENTS);
    let mut members: Vec<Client> = (1..=count).map(|here| join(&server, here)).collect();
    let limit = |descriptors: u32| {
        let mut prlimit = Command::new("prlimit");
        prlimit.args([format!("--nofile={descriptors}:4096"), format!("--pid={}", server.pid())]);
        assert!(prlimit.status().expect("prlimit runs").success());
    };
    limit(12);
    members[0].send("hello\r\n");
    let hello = format!("[{}] hello", members[0].name());
    for member in &mut members[1..] {
        member.skip_to_line(|line| line == hello);
    }
    let left = format!("* {} left", members[1].name());
    drop(members.remove(1));
    members[0].skip_to_line(|line| line == left);
    let mut newcomer = server.connect();
    limit(4096);
    newcomer.expect_line(welcome(&newcomer, count));
    limit(12);
    server.process().signal(Signal::SIGTERM);
    for member in &mut members {
        member.skip_to_line(|line| line == "* the server is stopping, goodbye");
    }
    drop((members, newcomer));
    assert_eq!(server.wait().code(), Some(0));
}

fn calls_that_signals_interrupt_are_repeated(style: Style) {
    if !require_tool("strace") {
        return;
    }
    // A call on a non-blocking socket never waits, so no signal interrupts it (signal(7)).
    let waits = "poll,ppoll,select,pselect6,epoll_wait,io_uring_enter,accept4";
    let calls = match style.own {
        Own::Nothing | Own::Process | Own::Thread | Own::WorkerProcess | Own::WorkerThread => {
            format!("{waits},recvfrom,sendto")
        }
        Own::Slot | Own::Task => waits.to_owned(),
    };
    let (trace, fault) = (format!("trace={calls}"), format!("inject={calls}:error=EINTR:when=1+2"));
    let strace = ["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &fault];
    for service in ["echo", "chat"] {
        let mut server = Server::start_under(&strace, style, service, &["--grace", "3600"]);
        for _ in 0..20 {
            let mut client = server.connect();
            match service {
                "chat" => client.expect_line(welcome(&client, 1)),
                _ => assert_eq!(client.exchange(&[b'x'; 100_000]), [b'x'; 100_000]),
            }
            client.half_close();
            client.read_to_end();
        }
        server.process().signal(Signal::SIGTERM);
        assert_eq!(server.wait().code(), Some(0), "{service}");
    }
}

fn three_hundred_clients_that_come_while_the_server_is_stopped_are_served(style: Style) {
    let server = Server::start(style, "echo");
    serve_one(&server);
    server.process().signal(Signal::SIGSTOP);
    wait_until("the server is stopped", || server.process().state() == Some('T'));
    let mut clients: Vec<Client> = (0..300).map(|_| server.connect()).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        client.send(format!("{number}\r\n"));
        client.half_close();
    }
    server.process().signal(Signal::SIGCONT);
    for (number, mut client) in clients.into_iter().enumerate() {
        client.expect_line(number.to_string());
        client.expect_end();
    }
    expect_no_warnings(&server);
}

/// A server with 24 descriptors, some of which it needs for itself.
fn start_starved(style: Style, service: &str) -> Server {
    // Async would accept only as many clients as it has descriptors for.
    let options: &[&str] = match style.serves_many() {
        true => &["--max-clients", "100"],
        false => &[],
    };
    Server::start_under(&["prlimit", "--nofile=24"], style, service, options)
}

/// A server whose first accept(2) fails, although a client waits.
fn start_failing(style: Style, error: &str) -> Option<Server> {
    let fault = format!("inject=accept4:error={error}:when=1");
    let strace = ["strace", "-D", "-f", "-qq", "-o", "/dev/null"];
    let strace = [&strace[..], &["-e", "trace=accept4", "-e", &fault]].concat();
    require_tool("strace").then(|| Server::start_under(&strace, style, "echo", &[]))
}

fn serve_one(server: &Server) {
    let mut client = server.connect();
    client.send("hello\r\n");
    client.expect_line("hello");
    // By then it has logged everything from before.
    server.wait_for_log(|line| line.contains("client 1 connected"));
}

/// The server logs that it cannot accept, at most once a second, and does not spin meanwhile.
#[track_caller]
fn expect_quiet_warnings(server: &Server) {
    let warned = |times: usize| {
        let what = format!("it has warned {times} times");
        wait_until(&what, || warnings(server).len() >= times);
    };
    warned(1);
    let (begun, used) = (Instant::now(), server.process().cpu_time());
    warned(4);
    let (elapsed, used) = (begun.elapsed(), server.process().cpu_time() - used);
    assert!(used < elapsed / 20, "{used:?} of {elapsed:?}");

    let times: Vec<_> = warnings(server).iter().map(|line| time(line)).collect();
    for pair in times.windows(2) {
        // The log uses another clock than the server's timers, and cuts times to milliseconds.
        assert!(pair[1] - pair[0] >= Duration::from_millis(950), "{times:?}");
    }
}

#[track_caller]
fn expect_no_warnings(server: &Server) {
    assert_eq!(warnings(server), Vec::<String>::new());
}

/// The warnings of the server.
fn warnings(server: &Server) -> Vec<String> {
    let is_warning = |line: &String| line.contains(" WARN ");
    server.log().into_iter().filter(is_warning).collect()
}

/// The number of clients that the server has accepted.
fn connected(server: &Server) -> usize {
    let log = server.log();
    log.iter().filter(|line| line.contains(" connected from ")).count()
}

/// The time of a log line, `2026-11-21T09:49:09.701Z …`, since the beginning of the month.
fn time(line: &str) -> Duration {
    let number = |from: usize, to: usize| line[from..to].parse::<u64>().expect("a time");
    let hours = 24 * number(8, 10) + number(11, 13);
    let minutes = 60 * hours + number(14, 16);
    Duration::from_millis(1000 * (60 * minutes + number(17, 19)) + number(20, 23))
}
