//! Five ways in which the workers of the prefork style share one port: all of them serve all
//! clients, and each keeps a promise of its own about the next client.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use sockets::Share;
use test_kit::workers::{accepted, asleep};
use test_kit::{Client, Directory, Process, Server, Signal, Style, require_tool, wait_until};

/// Makes each function a test for each way: `fn name(way: &str)` becomes `name::accept` and so on.
macro_rules! each_way {
    ($($function:ident),+ $(,)?) => {
        $(mod $function {
            each_way!(@ $function accept epoll nonblocking exclusive reuseport);
        })+

        /// The ways that have tests.
        const WAYS: [&str; 5] = ["accept", "epoll", "nonblocking", "exclusive", "reuseport"];
    };
    (@ $function:ident $($way:ident)+) => {
        $(
            #[test]
            fn $way() {
                super::$function(stringify!($way));
            }
        )+
    };
}

each_way!(
    every_client_is_served_once,
    waiting_clients_get_the_places_of_others,
    a_stopping_server_ends_in_order,
    killed_workers_are_replaced_and_no_client_waits_for_ever,
);

#[test]
fn each_way_has_tests() {
    assert_eq!(Share::ALL.map(|(name, _)| name), WAYS);
}

fn every_client_is_served_once(way: &str) {
    const AT_ONCE: usize = 6;
    const EACH: usize = 20;
    let (mut server, _) = start(way, 5);
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| (0..EACH).for_each(|_| visit(&server)));
        }
    });
    assert!(server.stop().success());
    let last = format!("stopped; {} clients served", AT_ONCE * EACH);
    server.wait_for_log(|line| line.ends_with(&last));
    let served = accepted(&server);
    assert_eq!(served.values().sum::<usize>(), AT_ONCE * EACH);
    assert!(served.len() <= 5, "{served:?}");
}

/// Each worker serves one client, so more clients than workers wait, and nobody else does the work.
fn waiting_clients_get_the_places_of_others(way: &str) {
    let (server, _) = start(way, 2);
    let mut clients: Vec<Client> = (0..8).map(|_| server.connect()).collect();
    clients.iter_mut().for_each(|client| client.send("hello\r\n"));
    while !clients.is_empty() {
        let mut served = None;
        wait_until("a client is served", || {
            served = clients.iter().position(|client| !client.has_nothing());
            served.is_some()
        });
        let here = clients.iter().filter(|client| !client.has_nothing()).count();
        assert!(here <= 2, "{here} clients have an answer, and there are 2 workers");
        let mut client = clients.swap_remove(served.expect("waited for"));
        client.expect_line("hello");
    }
}

fn a_stopping_server_ends_in_order(way: &str) {
    let (mut server, workers) = start(way, 4);
    let mut client = server.connect();
    expect_echo(&mut client);
    server.process().signal(Signal::SIGTERM);
    // A client that is connected gets its answers and its end; workers without a client just end.
    client.expect_end();
    assert_eq!(server.wait().code(), Some(0));
    assert!(workers.iter().all(|worker| worker.state().is_none()), "no worker is left");
    server.wait_for_log(|line| line.ends_with("stopped; 1 client served"));
}

fn killed_workers_are_replaced_and_no_client_waits_for_ever(way: &str) {
    let (mut server, workers) = start(way, 4);
    let call = || {
        let mut client = server.connect();
        client.send("hello\r\n");
        client
    };
    workers.iter().for_each(|worker| worker.signal(Signal::SIGSTOP));
    // Inside accept(2), a process that is being killed may still take a client out of the queue.
    // That client is lost; in the other ways, the client stays in the queue.
    let early = if way == "accept" { 0 } else { 4 };
    let mut clients: Vec<Client> = (0..early).map(|_| call()).collect();
    workers.iter().for_each(|worker| worker.signal(Signal::SIGKILL));
    let are_gone = || workers.iter().all(|worker| worker.state().is_none());
    wait_until("the parent has reaped them", are_gone);
    clients.extend((0..4).map(|_| call()));
    wait_until("all clients are served", || {
        // A client that has its answer goes, and its place is free for the next one.
        clients.retain_mut(|client| {
            let waits = client.has_nothing();
            if !waits {
                client.expect_line("hello");
            }
            waits
        });
        clients.is_empty()
    });
    let after = asleep(&server, way, 4);
    assert!(after.iter().all(|worker| !workers.contains(worker)), "all are new");
    assert!(server.stop().success());
}

/// SIGTERM to one worker stops that one, and its siblings go on. A worker that blocks in accept(2) ends
/// with its next client, since the call goes on after the signal: it serves that client as usual.
#[test]
fn a_worker_that_is_told_to_stop_is_replaced() {
    for way in WAYS {
        let (mut server, workers) = start(way, 3);
        workers[0].signal(Signal::SIGTERM);
        if way == "accept" {
            // One of these clients is its last one.
            let mut clients = [(); 3].map(|()| server.connect());
            server.wait_for_log(|line| line.contains("client 3 connected"));
            clients.iter_mut().for_each(expect_echo);
        }
        wait_until("it has ended", || workers[0].state().is_none());
        let after = asleep(&server, way, 3);
        assert!(workers[1..].iter().all(|worker| after.contains(worker)), "{way}: the others live");
        (0..12).for_each(|_| visit(&server));
        assert!(server.stop().success());
    }
}

#[test]
fn workers_that_die_at_once_are_replaced_once_a_second() {
    let (server, mut workers) = start("accept", 1);
    let mut killed: Option<Instant> = None;
    for _ in 0..3 {
        let before = killed.replace(Instant::now());
        let old = workers[0];
        old.signal(Signal::SIGKILL);
        wait_until("there is another worker", || {
            workers = server.process().children();
            workers.len() == 1 && workers[0] != old
        });
        // The old one was started after the one before it had been killed. The first one may have
        // lived for long.
        let waited = before.map_or(Duration::MAX, |before| before.elapsed());
        assert!(waited >= Duration::from_secs(1), "{waited:?}");
    }
    visit(&server);
}

#[test]
fn workers_that_block_in_accept_take_turns() {
    let (server, workers) = start("accept", 4);
    serve_one_by_one(&server, "accept", 4, 12);
    let served = accepted(&server);
    for worker in workers {
        let count = served.get(&worker).copied().unwrap_or_default();
        assert!((2..=4).contains(&count), "12 clients of 4 workers: {served:?}");
    }
}

#[test]
fn with_epollexclusive_the_same_worker_serves_as_long_as_it_is_free() {
    let (server, _) = start("exclusive", 4);
    serve_one_by_one(&server, "exclusive", 4, 12);
    assert_eq!(accepted(&server).into_values().collect::<Vec<_>>(), [12]);
}

#[test]
fn with_so_reuseport_several_workers_serve() {
    let (server, _) = start("reuseport", 4);
    serve_one_by_one(&server, "reuseport", 4, 64);
    let served = accepted(&server);
    // If the kernel gives each of 64 clients to one of four listeners by chance, one of them gets
    // nobody in one of ten million runs.
    assert_eq!(served.len(), 4, "{served:?}");
}

/// The kernel has chosen a listener for a client before any worker accepts it.
#[test]
fn with_so_reuseport_a_client_may_wait_while_another_worker_is_free() {
    let (server, _) = start("reuseport", 2);
    let mut holds = server.connect();
    expect_echo(&mut holds);
    // One of 40 clients is meant for the busy worker, except in one of a trillion runs.
    let mut clients: Vec<Client> = (0..40).map(|_| server.connect()).collect();
    for client in &mut clients {
        client.send("hello\r\n");
        client.half_close();
    }
    // The other worker serves its clients, and all that are left wait at the busy one's listener.
    wait_until("the free worker has served its clients", || {
        let waiting = clients.iter().filter(|client| client.has_nothing()).count();
        let mut queues = accept_queues(server.address().port());
        queues.sort_unstable();
        waiting > 0 && queues == [0, waiting]
    });
    drop(holds);
    for mut client in clients {
        client.expect_line("hello");
        client.expect_end();
    }
}

/// How many connections wait in the queue of each listener of this port (proc_pid_net(5), rx_queue).
fn accept_queues(port: u16) -> Vec<usize> {
    let sockets = fs::read_to_string("/proc/net/tcp").expect("/proc is mounted");
    let (place, listens) = (format!(":{port:04X}"), "0A");
    let sockets = sockets.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let listeners = sockets.filter(|fields| fields[1].ends_with(&place) && fields[3] == listens);
    let queue = |fields: Vec<&str>| fields[4].split_once(':').expect("two queues").1.to_owned();
    listeners
        .map(|fields| usize::from_str_radix(&queue(fields), 16).expect("a hexadecimal number"))
        .collect()
}

#[test]
fn one_client_wakes_all_workers_in_poll_and_one_worker_in_accept() {
    const CLIENTS: usize = 10;
    for (way, awake) in [("accept", 1), ("nonblocking", 4), ("exclusive", 1)] {
        let (server, workers) = start(way, 4);
        for _ in 0..CLIENTS {
            let wakeups = || workers.iter().map(|worker| worker.wakeups()).collect::<Vec<_>>();
            let before = wakeups();
            serve_one_by_one(&server, way, 4, 1);
            let after = wakeups();
            let woken = before.iter().zip(&after).filter(|(before, after)| before != after);
            assert_eq!(woken.count(), awake, "{way}: {before:?}, {after:?}");
        }
    }
}

#[test]
fn workers_that_wake_in_vain_get_eagain() {
    const CLIENTS: usize = 10;
    if !require_tool("strace") {
        return;
    }
    for (way, in_vain) in [("nonblocking", true), ("exclusive", false), ("reuseport", false)] {
        let directory = Directory::default();
        let log = directory.file("accepts");
        let strace = ["strace", "-D", "-f", "-qq", "-o", log.to_str().expect("UTF-8")];
        let strace = [&strace[..], &["-e", "trace=accept4", "-e", "signal=none"]].concat();
        let options = ["--max-clients", "4", "--share", way];
        let server = Server::start_under(&strace, Style::PREFORK, "echo", &options);
        asleep(&server, way, 4);
        serve_one_by_one(&server, way, 4, CLIENTS);
        let calls = || fs::read_to_string(&log).expect("strace writes it");
        let count = |end: &str| calls().lines().filter(|line| line.contains(end)).count();
        wait_until("strace has written it", || {
            calls().lines().filter(|line| line.contains(" = ") && !line.contains(" = -1")).count()
                == CLIENTS
        });
        // With a tracer, the winner is slow, so that nearly all of the others lose.
        assert_eq!(count(" = -1 EAGAIN") > 0, in_vain, "{way}");
    }
}

/// Starts a server that shares its port in this way, and waits until its workers sleep.
fn start(way: &str, workers: usize) -> (Server, Vec<Process>) {
    let options = ["--share", way, "--max-clients", &workers.to_string()];
    let server = Server::start_with(Style::PREFORK, "echo", &options);
    let workers = asleep(&server, way, workers);
    (server, workers)
}

/// Visits the server `count` times. Each client comes when the one before has left, and all workers
/// sleep again.
#[track_caller]
fn serve_one_by_one(server: &Server, way: &str, workers: usize, count: usize) {
    let left = || server.log().iter().filter(|line| line.ends_with(" left")).count();
    for _ in 0..count {
        let before = left();
        visit(server);
        wait_until("the client has left", || left() > before);
        asleep(server, way, workers);
    }
}

/// A client that comes, says a word, hears it, and leaves.
#[track_caller]
fn visit(server: &Server) {
    let mut client = server.connect();
    expect_echo(&mut client);
    client.half_close();
    client.expect_end();
}

#[track_caller]
fn expect_echo(client: &mut Client) {
    client.send("hello\r\n");
    client.expect_line("hello");
}
