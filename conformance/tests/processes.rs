//! Processes, threads and signals: whatever a server starts for its clients ends with them, and
//! killing one client's part does not affect other clients.
//!
//! Only the fork style has children. The assertions about its children apply to the other styles'
//! threads and descriptors, where that makes sense: the resources of a client are returned.

use std::fs;
use std::iter;
use std::process::Command;

use test_kit::chat::{expect_silence, join, quit, room, welcome};
use test_kit::workers::process_of;
use test_kit::{Client, Directory, Footprint, Namespaces, Own, Process, Server, Signal, Style};
use test_kit::{does_not_apply, each_style, require_tool, skip, wait_until};

each_style!(
    a_client_without_a_thread_or_process_is_refused (row 9),
    a_member_without_a_thread_or_process_leaves_again (row 9),
    clients_without_memory_wait_for_others_to_leave (row 49),
    the_mappings_of_memory_are_enough_for_the_clients (row 49),
    only_fork_and_thread_start_something_for_a_client,
    clients_that_leave_while_the_server_is_stopped_are_noticed_afterwards (row 10),
    members_that_leave_while_the_server_is_stopped_leave_the_room (row 10),
    five_hundred_short_connections_leave_nothing_behind (row 11),
    a_killed_child_loses_only_its_client (row 12),
    a_killed_child_leaves_the_room (row 12),
    after_any_signal_that_kills_a_child_its_place_is_free_again (row 46),
    a_stopped_child_delays_no_other_client (row 46),
    foreign_orphans_are_reaped_by_the_first_process (row 46),
    a_child_holds_its_client_and_no_sibling (row 13),
    a_members_child_holds_its_client_its_link_and_no_sibling (row 13),
    one_thread_forks (row 14),
    no_child_outlives_a_killed_server (row 15),
    no_members_child_outlives_a_killed_server (row 15),
    broken_pipes_kill_no_process (row 18),
    only_a_client_that_resets_during_a_write_is_lost (row 18),
    a_member_that_resets_while_others_talk_leaves_the_room,
);

/// The reason why failures of children cannot happen to the styles other than fork.
const NO_CHILDREN: &str = "its clients have no processes of their own";

/// The number of threads or processes that a style starts before those of the second client.
fn started_before_the_second_client(style: Style, service: &str) -> Option<usize> {
    match style.own {
        Own::Process => Some(1),
        // In a room the hub has a thread as well. The first member's reader starts its writer, and
        // strace counts the calls of each thread separately.
        Own::Thread => Some(if service == "chat" { 2 } else { 1 }),
        Own::Nothing | Own::WorkerProcess | Own::WorkerThread | Own::Slot | Own::Task => None,
    }
}

/// A server that cannot start a thread or process for its second client.
fn start_failing(style: Style, service: &str) -> Option<Server> {
    let Some(before) = started_before_the_second_client(style, service) else {
        does_not_apply("it starts nothing for a client");
        return None;
    };
    start_failing_at(style, service, &(before + 1).to_string(), &[])
}

/// A server that cannot start a thread or process when it starts these (strace(1), `when=`).
fn start_failing_at(style: Style, service: &str, when: &str, options: &[&str]) -> Option<Server> {
    let fault = format!("inject=clone,clone3:error=EAGAIN:when={when}");
    let strace = ["strace", "-D", "-f", "-qq", "-o", "/dev/null"];
    let strace = [&strace[..], &["-e", "trace=clone,clone3", "-e", &fault]].concat();
    require_tool("strace").then(|| Server::start_under(&strace, style, service, options))
}

/// A server that can start no worker at first tries again, and its clients wait meanwhile.
fn clients_wait_for_a_worker(style: Style) {
    let Some(server) = start_failing_at(style, "echo", "1..2", &["--max-clients", "3"]) else {
        return;
    };
    expect_echo(&mut server.connect());
    server.wait_for_log(|line| line.contains(" WARN ") && line.contains("cannot start a worker"));
    wait_until("all workers are there", || server.process().children().len() == 3);
}

/// A worker that can start no thread for its member's lines serves the next one.
fn a_member_without_a_writer_is_lost(style: Style) {
    // The main thread starts two threads. strace counts those of the worker separately: one for
    // each member.
    let Some(server) = start_failing_at(style, "chat", "3", &["--max-clients", "1"]) else {
        return;
    };
    for _ in 0..2 {
        quit(join(&server, 1));
    }
    server.connect().expect_lost();
    server.wait_for_log(|line| line.contains("client 3 was lost"));
    quit(join(&server, 1));
}

fn a_client_without_a_thread_or_process_is_refused(style: Style) {
    if style.own == Own::WorkerProcess {
        return clients_wait_for_a_worker(style);
    }
    let Some(server) = start_failing(style, "echo") else {
        return;
    };
    let mut first = server.connect();
    expect_echo(&mut first);
    let mut second = server.connect();
    second.expect_lost();
    server.wait_for_log(|line| line.contains(" WARN ") && line.contains("client 2 refused"));
    let mut third = server.connect();
    expect_echo(&mut third);
    expect_echo(&mut first);
}

fn a_member_without_a_thread_or_process_leaves_again(style: Style) {
    if style.own == Own::WorkerThread {
        return a_member_without_a_writer_is_lost(style);
    }
    let Some(server) = start_failing(style, "chat") else {
        return;
    };
    let [mut ada] = room(&server, ["ada"]);
    let mut second = server.connect();
    second.expect_lost();
    let mut third = join(&server, 2);
    let joined = format!("* {} joined", third.name());
    ada.skip_to_line(|line| line == joined);
    third.send("/who\r\n");
    third.expect_line(format!("* here: ada, {}", third.name()));
    ada.send("hello\r\n");
    third.expect_line("[ada] hello");
    expect_silence(&mut ada);
}

/// If each client has a thread, and so its own stack, memory limits their number.
fn clients_without_memory_wait_for_others_to_leave(style: Style) {
    const CLIENTS: usize = 400;
    if ![Own::Thread, Own::WorkerThread].contains(&style.own) {
        return expect_no_threads_for_clients(style);
    }
    let options: &[&str] = match style.own {
        Own::WorkerThread => &["--max-clients", "4000"],
        _ => &[],
    };
    for (megabytes, service) in [(30, "echo"), (60, "echo"), (60, "chat"), (300, "chat")] {
        let limit = format!("--as={}", megabytes * 1_000_000);
        let mut server = Server::start_under(&["prlimit", &limit], style, service, options);
        let mut clients: Vec<Client> = (0..CLIENTS).map(|_| server.connect()).collect();
        let most = most_clients(&server, "RLIMIT_AS");
        server.wait_for_log(|line| line.contains(&format!("client {most} connected")));
        assert!(clients[most..].iter().all(Client::has_nothing), "the others wait");
        for client in &mut clients {
            // One after the other, all of them find a place.
            match service {
                "chat" => drop(client.skip_to_line(|line| line.starts_with("* welcome, "))),
                _ => expect_echo(client),
            }
            client.half_close();
            client.read_to_end();
        }
        server.process().signal(Signal::SIGTERM);
        assert_eq!(server.wait().code(), Some(0), "{service} in {megabytes} MB");
    }
}

/// A process may have 65,530 memory mappings by default (vm.max_map_count), and a thread of Rust
/// has four.
fn the_mappings_of_memory_are_enough_for_the_clients(style: Style) {
    if style.own != Own::Thread {
        return expect_no_threads_for_clients(style);
    }
    let server = Server::start_with(style, "chat", &["--max-clients", "1000000"]);
    let most = most_clients(&server, "and not 1000000");
    let allowed = fs::read_to_string("/proc/sys/vm/max_map_count").expect("it is there");
    let allowed: usize = allowed.trim().parse().expect("it is a number");
    // As long as memory suffices, each member needs the same number of mappings.
    let mappings = || {
        let maps = fs::read_to_string(format!("/proc/{}/maps", server.pid()));
        maps.expect("it runs").lines().count()
    };
    // For the first ones the allocator also makes its heaps, which later ones share.
    let first: Vec<Client> = (1..=50).map(|here| join(&server, here)).collect();
    let before = mappings();
    let members: Vec<Client> = (51..=150).map(|here| join(&server, here)).collect();
    let a_member = (mappings() - before).div_ceil(members.len());
    let others = most - first.len();
    assert!(before + others * a_member <= allowed, "{most} members with {a_member} mappings each");
}

/// The number of clients that the server serves at once, from a log line with these words.
#[track_caller]
fn most_clients(server: &Server, words: &str) -> usize {
    let says = |line: &str| line.contains(" clients at once") && line.contains(words);
    let warning = server.wait_for_log(says);
    let (before, _) = warning.split_once(" clients at once").expect("it is in it");
    before.rsplit(' ').next().expect("a number").parse().expect("a number")
}

/// The number of the server's threads does not depend on the number of its clients.
#[track_caller]
fn expect_no_threads_for_clients(style: Style) {
    let (server, _) = start_warm(style);
    let before = server.process().threads().len();
    let count = style.at_once(20);
    let mut clients: Vec<Client> = (0..count).map(|_| server.connect()).collect();
    clients.iter_mut().for_each(expect_echo);
    assert_eq!(server.process().threads().len(), before);
    does_not_apply("its clients have no threads of their own");
}

fn only_fork_and_thread_start_something_for_a_client(style: Style) {
    if !require_tool("strace") {
        return;
    }
    let directory = Directory::default();
    let log = directory.file("clones");
    let path = log.to_str().expect("UTF-8");
    let strace = ["strace", "-D", "-f", "-qq", "-o", path];
    let calls = ["-e", "trace=clone,clone3,fork,vfork", "-e", "signal=none"];
    let strace = [&strace[..], &calls].concat();
    let server = Server::start_under(&strace, style, "echo", &[]);
    let count = || {
        let calls = fs::read_to_string(&log).expect("strace writes it");
        // A call that is interrupted by another process's output takes two lines.
        let begins = |line: &&str| !line.contains(" resumed>");
        calls.lines().filter(begins).count()
    };
    expect_echo(&mut server.connect());
    server.wait_for_no_clients();
    let first = count();
    for _ in 0..10 {
        expect_echo(&mut server.connect());
    }
    match style.own {
        Own::Process | Own::Thread => {
            wait_until("each has its own", || count() == first + 10);
        }
        Own::Nothing | Own::WorkerProcess | Own::WorkerThread | Own::Slot | Own::Task => {
            assert_eq!(count(), first);
        }
    }
}

fn clients_that_leave_while_the_server_is_stopped_are_noticed_afterwards(style: Style) {
    let (server, before) = start_warm(style);
    let count = style.at_once(50);
    let mut clients: Vec<_> = (0..count).map(|_| server.connect()).collect();
    clients.iter_mut().for_each(expect_echo);
    let children = server.process().children();
    let standing = style.worker_processes();
    assert_eq!(children.len(), if style == Style::FORK { count } else { standing });

    stop([server.process()]);
    if style == Style::FORK {
        kill(&children);
    } else {
        clients.drain(..).for_each(Client::reset);
    }
    server.process().signal(Signal::SIGCONT);
    expect_footprint(&server, before);
    expect_echo(&mut server.connect());
}

fn members_that_leave_while_the_server_is_stopped_leave_the_room(style: Style) {
    let server = Server::start(style, "chat");
    let mut ada = join(&server, 1);
    if !style.serves_many() {
        stop([server.process()]);
        ada.reset();
        server.process().signal(Signal::SIGCONT);
        return drop(join(&server, 1));
    }
    let ada_s = server.process().children();
    let members: Vec<_> = (2..=style.at_once(30)).map(|here| join(&server, here)).collect();
    let mut names: Vec<_> = members.iter().map(Client::name).collect();
    for name in &names {
        ada.expect_line(format!("* {name} joined"));
    }
    stop([server.process()]);
    if style == Style::FORK {
        let mut children = server.process().children();
        children.retain(|child| !ada_s.contains(child));
        kill(&children);
    } else {
        members.into_iter().for_each(Client::reset);
    }
    server.process().signal(Signal::SIGCONT);
    while !names.is_empty() {
        let line = ada.read_line();
        names.retain(|name| line != format!("* {name} left"));
    }
    ada.send("/who\r\n");
    ada.expect_line(format!("* here: {}", ada.name()));
    wait_until("all are reaped", || server.process().children() == ada_s);
}

fn five_hundred_short_connections_leave_nothing_behind(style: Style) {
    let (server, before) = start_warm(style);
    for _ in 0..500 {
        expect_echo(&mut server.connect());
    }
    expect_footprint(&server, before);
}

fn a_killed_child_loses_only_its_client(style: Style) {
    if !has_processes(style) {
        return expect_no_children(style);
    }
    let server = Server::start(style, "echo");
    let mut clients = [(); 3].map(|()| {
        let mut client = server.connect();
        expect_echo(&mut client);
        client
    });
    child_of(&server, 2).signal(Signal::SIGKILL);
    let [first, second, third] = &mut clients;
    second.expect_lost();
    server.wait_for_log(|line| line.contains("client 2") && line.contains("SIGKILL"));
    expect_echo(first);
    expect_echo(third);
    expect_echo(&mut server.connect());
}

/// Signals with a name and without, with a core file and without; core files are disabled here.
/// (Rust has its own handlers for SIGSEGV and SIGBUS.)
const FATAL: [i32; 8] = [3, 4, 6, 8, 9, 34, 40, 64];

fn after_any_signal_that_kills_a_child_its_place_is_free_again(style: Style) {
    if !has_processes(style) {
        return expect_no_children(style);
    }
    for service in ["echo", "chat"] {
        let options = ["--max-clients", "1", "--grace", "3600"];
        let mut server = Server::start_under(&["prlimit", "--core=0"], style, service, &options);
        for (number, signal) in (1..).zip(FATAL) {
            let mut client = server.connect();
            match service {
                "chat" => client.expect_line(welcome(&client, 1)),
                _ => expect_echo(&mut client),
            }
            child_of(&server, number).signal_number(signal);
            client.expect_lost();
            let lost = format!("client {number} was lost: its process ");
            let line = server.wait_for_log(|line| line.contains(&lost));
            let named = Signal::try_from(signal).map_or("signal ", Signal::as_str);
            assert!(line.contains(&format!("was killed by {named}")), "{line}");
        }
        server.wait_for_no_clients();
        server.process().signal(Signal::SIGTERM);
        assert_eq!(server.wait().code(), Some(0));
    }
}

fn a_stopped_child_delays_no_other_client(style: Style) {
    if !has_processes(style) {
        return expect_no_children(style);
    }
    let mut server = Server::start(style, "echo");
    let mut clients = [(); 2].map(|()| {
        let mut client = server.connect();
        expect_echo(&mut client);
        client
    });
    let child = child_of(&server, 1);
    stop([child]);
    let [stopped, other] = &mut clients;
    expect_echo(other);
    child.signal(Signal::SIGCONT);
    expect_echo(stopped);
    stop([child]);
    server.process().signal(Signal::SIGTERM);
    other.expect_end();
    other.half_close();
    child.signal(Signal::SIGCONT);
    stopped.expect_end();
    stopped.half_close();
    assert_eq!(server.wait().code(), Some(0));
}

/// In a container the server is PID 1, which adopts all orphans.
fn foreign_orphans_are_reaped_by_the_first_process(style: Style) {
    const OWN: [&str; 2] = ["--pid", "--mount"];
    if !require_tool("nsenter") || !Namespaces::are_possible(&OWN) {
        return skip("this system allows no namespaces of processes");
    }
    let first = ["unshare", "--map-root-user", "--pid", "--fork", "--kill-child"];
    let mut server = Server::start_under(&first, style, "echo", &[]);
    let inside = server.process().children()[0];
    for orphans in 1..=3 {
        let mut enter = Command::new("nsenter");
        enter.args(["--user", "--pid", "--target", &inside.0.to_string()]);
        let script = "(sh -c 'exit 3' &) && (sh -c 'kill -40 $$' &)";
        let status = enter.args(["--", "sh", "-c", script]).status();
        assert!(status.expect("nsenter runs").success());
        wait_until("the orphans are reaped", || {
            // Those that still run have no other parent any more, so they are the server's
            // children.
            inside.children().len() == style.worker_processes()
        });
        let mut client = server.connect();
        expect_echo(&mut client);
        drop(client);
        assert!(inside.state().is_some(), "after {orphans} rounds");
    }
    inside.signal(Signal::SIGTERM);
    assert_eq!(server.wait().code(), Some(0));
}

fn a_killed_child_leaves_the_room(style: Style) {
    if !has_processes(style) {
        return expect_no_children(style);
    }
    let server = Server::start(style, "chat");
    let [mut ada, mut bob, mut cyd] = room(&server, ["ada", "bob", "cyd"]);
    child_of(&server, 2).signal(Signal::SIGKILL);
    bob.expect_lost();
    ada.expect_line("* bob left");
    cyd.expect_line("* bob left");
    server.wait_for_log(|line| line.contains("client 2") && line.contains("SIGKILL"));
    ada.send("/who\r\nis he gone?\r\n");
    ada.expect_line("* here: ada, cyd");
    cyd.expect_line("[ada] is he gone?");
    // Another worker takes the place of a dead one.
    let left = if style == Style::FORK { 2 } else { style.worker_processes() };
    wait_until("he is reaped", || server.process().children().len() == left);
}

fn a_child_holds_its_client_and_no_sibling(style: Style) {
    match style.own {
        Own::Process => {}
        Own::WorkerProcess => return expect_own_sockets_of_workers(style, "echo", 2),
        _ => return expect_no_children(style),
    }
    let server = Server::start(style, "echo");
    let mut clients = [(); 5].map(|()| server.connect());
    clients.iter_mut().for_each(expect_echo);
    expect_own_sockets(&server, 5, 1);
}

fn a_members_child_holds_its_client_its_link_and_no_sibling(style: Style) {
    match style.own {
        Own::Process => {}
        Own::WorkerProcess => return expect_own_sockets_of_workers(style, "chat", 3),
        _ => return expect_no_children(style),
    }
    let server = Server::start(style, "chat");
    let [ada, mut bob, mut cyd, dan, mut eve] = room(&server, ["ada", "bob", "cyd", "dan", "eve"]);
    expect_own_sockets(&server, 5, 2);
    // A sibling with a copy of her link would keep it open.
    quit(ada);
    bob.expect_line("* ada left");
    cyd.expect_line("* ada left");
    quit(cyd);
    bob.expect_line("* cyd left");
    wait_until("they are reaped", || server.process().children().len() == 3);
    expect_own_sockets(&server, 3, 2);
    drop(dan);
    bob.expect_line("* dan left");
    eve.skip_to_line(|line| line == "* dan left");
}

fn one_thread_forks(style: Style) {
    for service in ["echo", "chat"] {
        let server = Server::start(style, service);
        let threads = || server.process().threads().len();
        let mut seen = vec![threads()];
        for number in 1..=20 {
            let mut client = server.connect();
            seen.push(threads());
            if service == "chat" {
                client.skip_to_line(|line| line.starts_with("* welcome"));
            } else {
                expect_echo(&mut client);
            }
            seen.push(threads());
            for child in server.process().children() {
                // A child that was just reaped has disappeared.
                if let Ok(threads) = fs::read_dir(format!("/proc/{}/task", child.0)) {
                    assert!(threads.count() <= 1, "{child:?}, client {number}");
                }
            }
            if number % 2 == 0 || !style.serves_many() {
                client.reset();
            }
            seen.push(threads());
        }
        let most = seen.into_iter().max();
        match style.own {
            Own::Nothing | Own::Process | Own::WorkerProcess | Own::Slot => {
                assert_eq!(most, Some(1));
            }
            // Each client has a thread, so with the main thread there are at least two ...
            Own::Thread | Own::WorkerThread => assert!(most >= Some(2)),
            Own::Task if style == Style::EXECUTOR => assert_eq!(most, Some(1)),
            // ... and Tokio has a thread for each processor except the first.
            Own::Task => assert!(most >= Some(2)),
        }
    }
    if ![Own::Process, Own::WorkerProcess].contains(&style.own) {
        does_not_apply("it never forks");
    }
}

fn no_child_outlives_a_killed_server(style: Style) {
    let mut server = Server::start(style, "echo");
    let count = style.at_once(3);
    let connect = |_| {
        let mut client = server.connect();
        expect_echo(&mut client);
        client
    };
    // The workers are there.
    server.wait_for_no_clients();
    let mut clients: Vec<_> = (0..count).map(connect).collect();
    let children = server.process().children();
    if has_processes(style) {
        let (stuck, waits) = (child_of(&server, 3), child_of(&server, 1));
        clients[2].send_until(|| is_stuck(stuck, waits));
    }
    let standing = style.worker_processes();
    assert_eq!(children.len(), if style == Style::FORK { 3 } else { standing });
    server.process().signal(Signal::SIGKILL);
    server.wait();
    expect_gone(&children);
    clients.iter_mut().for_each(Client::expect_lost);
    if !has_processes(style) {
        does_not_apply(NO_CHILDREN);
    }
}

fn no_members_child_outlives_a_killed_server(style: Style) {
    if !has_processes(style) {
        return expect_no_children(style);
    }
    let mut server = Server::start(style, "chat");
    let mut ada = join(&server, 1);
    // He does not read, so his child can send him little: much waits for him when the server dies.
    let bob = Client::connect_with_buffer(server.address(), 4096);
    ada.expect_line(format!("* {} joined", bob.name()));
    let paste = format!("{}\r\n", "x".repeat(1000)).repeat(16);
    for _ in 0..20 {
        ada.send(&paste);
        expect_silence(&mut ada);
    }
    let children = server.process().children();
    assert!([1, 2].into_iter().all(|client| children.contains(&child_of(&server, client))));
    server.process().signal(Signal::SIGKILL);
    server.wait();
    expect_gone(&children);
    ada.expect_lost();
}

fn broken_pipes_kill_no_process(style: Style) {
    let server = Server::start(style, "echo");
    let mut client = server.connect();
    expect_echo(&mut client);
    let children = server.process().children();
    for process in iter::once(server.process()).chain(children) {
        process.signal(Signal::SIGPIPE);
    }
    expect_echo(&mut client);
    drop(client);
    expect_echo(&mut server.connect());
}

fn only_a_client_that_resets_during_a_write_is_lost(style: Style) {
    let (server, before) = start_warm(style);
    let mut other = style.serves_many().then(|| server.connect());
    other.iter_mut().for_each(expect_echo);
    for _ in 0..5 {
        let mut client = server.connect();
        expect_echo(&mut client);
        // After this many looks without a read the server is stuck, or nearly.
        let mut looks = 0;
        client.send_until(|| {
            looks += 1;
            looks == 20
        });
        client.reset();
        other.iter_mut().for_each(expect_echo);
    }
    drop(other);
    expect_footprint(&server, before);
    expect_echo(&mut server.connect());
}

fn a_member_that_resets_while_others_talk_leaves_the_room(style: Style) {
    let server = Server::start(style, "chat");
    if !style.serves_many() {
        // There is no other member: the caller itself is answered after its reset.
        for _ in 0..20 {
            let mut caller = join(&server, 1);
            caller.send("/help\r\n".repeat(100));
            caller.reset();
        }
        return drop(join(&server, 1));
    }
    let mut ada = join(&server, 1);
    let mut cyd = join(&server, 2);
    ada.expect_line(format!("* {} joined", cyd.name()));
    for _ in 0..20 {
        let bob = join(&server, 3);
        let name = bob.name();
        let mut processes = server.process().children();
        processes.push(server.process());
        // The server finds her lines and his reset at the same time, in either order.
        stop(processes.iter().copied());
        ada.send("one\r\n");
        cyd.send("two\r\n");
        bob.reset();
        let go_on = |process: &Process| process.signal(Signal::SIGCONT);
        processes.iter().for_each(go_on);
        ada.skip_to_line(|line| line == format!("* {name} left"));
        cyd.skip_to_line(|line| line == format!("* {name} left"));
    }
    let names = format!("* here: {}, {}", ada.name(), cyd.name());
    ada.send("/who\r\n");
    ada.skip_to_line(|line| line == names);
}

/// An echo server that has served a client, and its resources when no client is connected.
fn start_warm(style: Style) -> (Server, Footprint) {
    let server = Server::start(style, "echo");
    expect_echo(&mut server.connect());
    server.wait_for_log(|line| line.contains("client 1 left"));
    let process = server.process();
    wait_until("nothing of the first client is left", || {
        let threads = 1 + style.worker_threads();
        let is_idle = style == Style::ASYNC || process.threads().len() == threads;
        is_idle && server.has_no_clients()
    });
    let before = process.footprint();
    (server, before)
}

/// The server holds no more than before. It may hold less, if it was measured too early then.
#[track_caller]
fn expect_footprint(server: &Server, before: Footprint) {
    wait_until(&format!("it holds no more than {before:?}"), || {
        let now = server.process().footprint();
        now.descriptors <= before.descriptors
            && now.threads <= before.threads
            && now.children <= before.children
    });
}

/// Stops processes until SIGCONT.
fn stop(processes: impl IntoIterator<Item = Process>) {
    for process in processes {
        process.signal(Signal::SIGSTOP);
        // A process that was ending may have ended.
        let does_nothing = |state| ['T', 'Z'].contains(&state);
        wait_until("it is stopped", || process.state().is_none_or(does_nothing));
    }
}

/// Kills children of a stopped server: their deaths become one signal, since signals are not
/// counted.
fn kill(children: &[Process]) {
    for child in children {
        child.signal(Signal::SIGKILL);
    }
    wait_until("all are zombies", || children.iter().all(|child| child.state() == Some('Z')));
}

#[track_caller]
fn expect_echo(client: &mut Client) {
    client.send("hello\r\n");
    client.expect_line("hello");
}

/// Whether a process serves each client: one of its own, or a worker.
fn has_processes(style: Style) -> bool {
    matches!(style.own, Own::Process | Own::WorkerProcess)
}

/// Checks the styles without processes for clients where a test is about children.
fn expect_no_children(style: Style) {
    for service in ["echo", "chat"] {
        let server = Server::start(style, service);
        let mut client = server.connect();
        if service == "chat" {
            let welcome = welcome(&client, 1);
            client.expect_line(welcome);
        } else {
            expect_echo(&mut client);
        }
        assert_eq!(server.process().children(), []);
    }
    does_not_apply(NO_CHILDREN);
}

/// The process that serves the client with this number.
#[track_caller]
fn child_of(server: &Server, client: u64) -> Process {
    let children = server.process().children();
    let mut its = children.iter().filter(|child| child.threads() == [format!("client-{client}")]);
    if let Some(child) = its.next() {
        return *child;
    }
    // A worker keeps its name, and says itself that it has accepted the client.
    let line = server.wait_for_log(|line| line.contains(&format!("client {client} connected")));
    let process = process_of(&line);
    assert!(children.contains(&process), "no process for client {client}");
    process
}

/// Every worker shares the listener with its parent, and no other socket. `sockets` of a worker that
/// serves a client belong to it alone, and one of each other worker.
#[track_caller]
fn expect_own_sockets_of_workers(style: Style, service: &str, sockets: usize) {
    let server = Server::start(style, service);
    let clients: Vec<_> = (1..=5)
        .map(|here| match service {
            "chat" => join(&server, here),
            _ => {
                let mut client = server.connect();
                expect_echo(&mut client);
                client
            }
        })
        .collect();
    let workers = || server.process().children();
    wait_until("all workers are there", || workers().len() == style.worker_processes());
    let of_parent = server.process().sockets();
    let mut seen = Vec::new();
    let mut counts = Vec::new();
    for worker in workers() {
        let (shared, own): (Vec<_>, Vec<_>) =
            worker.sockets().into_iter().partition(|socket| of_parent.contains(socket));
        assert_eq!(shared.len(), 1, "{shared:?}");
        assert!(own.iter().all(|socket| !seen.contains(socket)), "{own:?}");
        counts.push(own.len());
        seen.extend(own);
    }
    counts.sort();
    let (idle, busy) = counts.split_at(counts.len() - clients.len());
    assert!(idle.iter().all(|count| *count == 1) && busy.iter().all(|count| *count == sockets));
}

/// Every child has the standard three descriptors and this many sockets, and shares none of them
/// with another process.
#[track_caller]
fn expect_own_sockets(server: &Server, children: usize, sockets: usize) {
    let processes = server.process().children();
    assert_eq!(processes.len(), children);
    // A child may answer its client before its parent has closed its own copy.
    wait_until("the server holds nothing that is a child's", || {
        let of_server = server.process().sockets();
        let of_children = processes.iter().flat_map(|child| child.sockets());
        of_children.into_iter().all(|socket| !of_server.contains(&socket))
    });
    // The server may have inherited the test's own descriptors.
    let inherited = Process(std::process::id() as i32).descriptors();
    let mut seen = server.process().sockets();
    for child in processes {
        let mut open = child.descriptors();
        open.retain(|fd, what| *fd < 3 || inherited.get(fd) != Some(what));
        let own = child.sockets();
        assert_eq!((open.len(), own.len()), (3 + sockets, sockets), "{open:?}");
        for socket in own {
            assert!(!seen.contains(&socket), "{socket} is not {child:?}'s alone");
            seen.push(socket);
        }
    }
}

/// Whether a process waits for something else than a process that only waits for its client's next
/// message.
fn is_stuck(process: Process, waits: Process) -> bool {
    let (stuck, idle) = (process.waits_in(), waits.waits_in());
    // A call of -1 means none: the process waits for the processor, or for a page.
    stuck.is_some_and(|call| call >= 0) && idle.is_some() && stuck != idle
}

/// The processes have ended. The process that inherited them may not have reaped them yet.
#[track_caller]
fn expect_gone(processes: &[Process]) {
    for process in processes {
        wait_until("no child is left", || process.state().is_none_or(|state| state == 'Z'));
    }
}
