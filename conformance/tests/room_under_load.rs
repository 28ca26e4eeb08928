//! Many members in one room: each that reads receives everything, in order, however much is sent
//! and whatever other members come and go.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::io::{self, Write};
use std::process::Command;
use std::thread;

use test_kit::chat::{expect_silence, join, quit, room};
use test_kit::{Client, Server, Signal, Style};
use test_kit::{does_not_apply, each_style, require_tool, skip, wait_until};

each_style!(
    every_member_receives_a_long_paste (row 38a),
    two_members_that_paste_at_each_other_lose_nothing (row 38a),
    pastes_fit_through_small_buffers (row 38a),
    hundreds_of_questions_in_one_read_are_answered,
    one_of_fifty_gets_a_name (row 39),
    every_join_has_its_leave (row 38),
    the_last_words_of_a_member_that_never_read_are_received,
);

/// The number of lines in a paste.
const LINES: usize = 5_000;

/// The lengths of lines: so short that the overhead dominates, nearly as long as possible, and one
/// in between, where readers failed most often.
const LENGTHS: [usize; 3] = [1, 200, 900];

/// The speech in these tests is not worth a log.
const NO_LOG: [&str; 2] = ["--log-file", "/dev/null"];

/// A paste: numbered lines of at least this length.
fn paste(length: usize) -> Vec<String> {
    (0..LINES).map(|n| format!("{n:0length$}")).collect()
}

/// Sends all lines and reads at the same time, until all expected lines have arrived.
///
/// It reads as fast as it can, and checks the lines afterwards.
#[track_caller]
fn talk(member: &mut Client, say: &[String], hear: impl Iterator<Item = String>) {
    let mut sending = member.stream().try_clone().expect("a descriptor is left");
    let said: String = say.iter().flat_map(|line| [line, "\r\n"]).collect();
    let expected: String = hear.flat_map(|line| [line, "\r\n".to_owned()]).collect();
    let heard = thread::scope(|scope| {
        scope.spawn(move || sending.write_all(said.as_bytes()).expect("it is heard"));
        member.read_exact(expected.len())
    });
    let heard = String::from_utf8(heard).expect("UTF-8");
    let differs = heard.lines().zip(expected.lines()).find(|(heard, expected)| heard != expected);
    assert_eq!(differs, None);
}

/// The lines that others receive of a paste by `name`.
fn heard<'a>(name: &'a str, lines: &'a [String]) -> impl Iterator<Item = String> + 'a {
    lines.iter().map(move |line| format!("[{name}] {line}"))
}

/// Asks one member for the list of members.
#[track_caller]
fn expect_here(asks: &mut Client, names: &str) {
    asks.send("/who\r\n");
    asks.expect_line(format!("* here: {names}"));
}

fn every_member_receives_a_long_paste(style: Style) {
    for length in LENGTHS {
        let server = Server::start_with(style, "chat", &NO_LOG);
        let lines = paste(length);
        if !style.serves_many() {
            let [mut ada] = room(&server, ["ada"]);
            talk(&mut ada, &lines, std::iter::empty());
            quit(ada);
            // There was no other member, and the next caller reads only the last lines.
            let mut next = join(&server, 1);
            heard("ada", &lines[LINES - 20..]).for_each(|line| next.expect_line(line));
            return expect_silence(&mut next);
        }
        let [mut ada, mut bob, mut cyd] = room(&server, ["ada", "bob", "cyd"]);
        thread::scope(|scope| {
            for member in [&mut bob, &mut cyd] {
                scope.spawn(|| talk(member, &[], heard("ada", &lines)));
            }
            talk(&mut ada, &lines, std::iter::empty());
        });
        for member in [&mut ada, &mut bob, &mut cyd] {
            expect_here(member, "ada, bob, cyd");
        }
    }
}

fn two_members_that_paste_at_each_other_lose_nothing(style: Style) {
    for length in LENGTHS {
        let server = Server::start_with(style, "chat", &NO_LOG);
        let lines = paste(length);
        if !style.serves_many() {
            // One after the other, since this style has one client at a time.
            for name in ["ada", "bob"] {
                let mut caller = server.connect();
                caller.send(format!("/nick {name}\r\n"));
                caller.skip_to_line(|line| line.ends_with(&format!(" is now {name}")));
                talk(&mut caller, &lines, std::iter::empty());
                quit(caller);
            }
            let mut next = join(&server, 1);
            heard("bob", &lines[LINES - 20..]).for_each(|line| next.expect_line(line));
            return expect_silence(&mut next);
        }
        let [mut ada, mut bob] = room(&server, ["ada", "bob"]);
        thread::scope(|scope| {
            scope.spawn(|| talk(&mut ada, &lines, heard("bob", &lines)));
            scope.spawn(|| talk(&mut bob, &lines, heard("ada", &lines)));
        });
        for member in [&mut ada, &mut bob] {
            expect_here(member, "ada, bob");
        }
    }
}

/// Runs two tests again in a network namespace, where sockets have smaller buffers.
///
/// Two limits matter. `net.core.wmem_max` is the most that a server can ask for; on most systems it
/// is 212,992, so no server may need more. It belongs to the whole system, so the test cannot
/// change it, and says so if it is larger. `net.ipv4.tcp_wmem` is the most that the kernel gives a
/// connection by itself, and the namespace has its own.
fn pastes_fit_through_small_buffers(style: Style) {
    const SMALL: usize = 212_992;
    if !require_tool("unshare") || !require_tool("ip") {
        return;
    }
    let inside = format!(
        "ip link set lo up && echo 4096 16384 {SMALL} > /proc/sys/net/ipv4/tcp_wmem && exec \"$@\""
    );
    // An ordinary user becomes root in the namespace, if users may make namespaces.
    let is_root = fs::metadata("/proc/self")
        .is_ok_and(|this| std::os::unix::fs::MetadataExt::uid(&this) == 0);
    let namespace = if is_root { "-n" } else { "-Urn" };
    let possible = Command::new("unshare").args([namespace, "true"]).status();
    if !possible.is_ok_and(|status| status.success()) {
        return skip("namespaces are not allowed here");
    }
    let wmem_max = fs::read_to_string("/proc/sys/net/core/wmem_max").expect("it is readable");
    if wmem_max.trim() != SMALL.to_string() {
        let _ = writeln!(
            io::stderr(),
            "not tested: net.core.wmem_max at {SMALL}; it is {} here, for all namespaces",
            wmem_max.trim()
        );
    }
    for test in
        ["every_member_receives_a_long_paste", "two_members_that_paste_at_each_other_lose_nothing"]
    {
        let style = format!("{style:?}").to_lowercase().replace("async", "async_");
        let said = Command::new("unshare")
            .args([namespace, "sh", "-c", &inside, "sh"])
            .arg(env::current_exe().expect("it runs"))
            .args(["--exact", &format!("{test}::{style}")])
            .output()
            .expect("it can be run");
        let output = String::from_utf8_lossy(&said.stdout);
        assert!(said.status.success(), "{output}{}", String::from_utf8_lossy(&said.stderr));
        assert!(output.contains("1 passed"), "{output}");
    }
}

/// In a room with many members, the answers to one read are several times as large as a mailbox.
fn hundreds_of_questions_in_one_read_are_answered(style: Style) {
    const QUESTION: &str = "/who\r\n";
    const QUESTIONS: usize = 680;
    let server = Server::start_with(style, "chat", &NO_LOG);
    let members = style.at_once(100);
    let mut room: Vec<Client> = (1..=members).map(|here| join(&server, here)).collect();
    let names: Vec<_> = room.iter().map(Client::name).collect();
    let answer = format!("* here: {}", names.join(", "));
    let asks = &mut room[0];
    let joined = names[1..].iter().map(|name| format!("* {name} joined"));
    joined.for_each(|line| asks.expect_line(line));
    asks.send(QUESTION.repeat(QUESTIONS));
    for _ in 0..QUESTIONS {
        asks.expect_line(&answer);
    }
    expect_silence(asks);
}

fn one_of_fifty_gets_a_name(style: Style) {
    let count = style.at_once(50);
    let server = Server::start(style, "chat");
    if !style.serves_many() {
        // Each caller has the name for itself.
        for _ in 0..50 {
            let [ada] = room(&server, ["ada"]);
            quit(ada);
        }
        return does_not_apply("it serves one client at a time");
    }
    let mut clients: Vec<Client> = (1..=count).map(|here| join(&server, here)).collect();
    let names: Vec<_> = clients.iter().map(Client::name).collect();
    for (n, client) in clients.iter_mut().enumerate() {
        let later = &names[n + 1..];
        later.iter().for_each(|name| client.expect_line(format!("* {name} joined")));
    }
    let hears = |mut client: Client| {
        let name = client.name();
        client.send("/nick ada\r\n");
        let got_it = format!("* {name} is now ada");
        // Each member hears who got the name, before or after the refusal of its own request.
        let mut heard = BTreeSet::from([client.read_line()]);
        if !heard.contains(&got_it) {
            heard.insert(client.read_line());
            assert!(heard.contains("* the name ada is taken"), "{heard:?}");
        }
        let winner = heard.into_iter().find(|line| line.ends_with(" is now ada"));
        (client, winner.expect("one member got it"))
    };
    let results: Vec<_> = thread::scope(|scope| {
        let asking: Vec<_> =
            clients.into_iter().map(|client| scope.spawn(|| hears(client))).collect();
        asking.into_iter().map(|asks| asks.join().expect("no panic")).collect()
    });
    let winners: BTreeSet<_> = results.iter().map(|(_, winner)| winner).collect();
    assert_eq!(winners.len(), 1, "{winners:?}");
    let here = names
        .iter()
        .map(|name| if winners.contains(&format!("* {name} is now ada")) { "ada" } else { name });
    let here = here.collect::<Vec<_>>().join(", ");
    let mut clients: Vec<Client> = results.into_iter().map(|(client, _)| client).collect();
    for client in &mut clients {
        expect_here(client, &here);
        expect_silence(client);
    }
}

/// The ways to leave, and whether the last line certainly arrives. Closing with unread input resets
/// the connection, so a server's write to it may fail before it has read the last line.
const WAYS_TO_LEAVE: [(bool, fn(Client)); 4] = [
    (false, |closes| drop(closes)),
    (true, |mut half_closes| {
        half_closes.half_close();
        half_closes.read_to_end();
    }),
    (true, |mut quits| {
        quits.send("/quit\r\n");
        quits.read_to_end();
    }),
    (false, Client::reset),
];

fn every_join_has_its_leave(style: Style) {
    const VISITORS: usize = 200;
    const AT_ONCE: usize = 8;
    let server = Server::start(style, "chat");
    // Comes, sends a line, and leaves in one of the ways. Returns its name.
    let visit = |n: usize| {
        let (_, leave) = WAYS_TO_LEAVE[n % WAYS_TO_LEAVE.len()];
        let mut visitor = server.connect();
        let name = visitor.name();
        let welcome = format!("* welcome, {name}; ");
        assert!(visitor.read_line().starts_with(&welcome));
        visitor.send(format!("visit {n}\r\n"));
        leave(visitor);
        name
    };
    if !style.serves_many() {
        for n in 0..VISITORS {
            let name = visit(n);
            server.wait_for_log(|line| line.contains(&format!("{name}, left the room")));
        }
        let mut last = server.connect();
        let name = last.name();
        last.send("/who\r\n");
        let here = last.skip_to_line(|line| line.starts_with("* here: "));
        return assert_eq!(here, format!("* here: {name}"));
    }

    let [mut host] = room(&server, ["host"]);
    let mut here: BTreeSet<String> = BTreeSet::new();
    let mut said: BTreeSet<String> = BTreeSet::new();
    let (mut joins, mut leaves) = (0, 0);
    thread::scope(|scope| {
        for first in 0..AT_ONCE {
            let visit = &visit;
            scope.spawn(move || (first..VISITORS).step_by(AT_ONCE).for_each(|n| drop(visit(n))));
        }
        while leaves < VISITORS {
            let line = host.read_line();
            if let Some((name, text)) = line.strip_prefix('[').and_then(|l| l.split_once("] ")) {
                assert!(here.contains(name), "{name} speaks and is not here");
                assert!(said.insert(text.to_owned()), "{text} is said twice");
                continue;
            }
            match line["* ".len()..].split_once(' ') {
                Some((name, "joined")) => {
                    joins += 1;
                    assert!(here.insert(name.to_owned()), "{name} joins twice");
                }
                Some((name, "left")) => {
                    leaves += 1;
                    assert!(here.remove(name), "{name} leaves and is not here");
                }
                _ => panic!("{line:?}"),
            }
        }
    });
    assert_eq!((joins, leaves, here.len()), (VISITORS, VISITORS, 0));
    for n in 0..VISITORS {
        let (is_heard, _) = WAYS_TO_LEAVE[n % WAYS_TO_LEAVE.len()];
        assert!(!is_heard || said.contains(&format!("visit {n}")), "visit {n} is not heard");
    }
    expect_here(&mut host, "host");
    expect_silence(&mut host);
}

/// A client that closes with unread input resets the connection. Its earlier lines have arrived all
/// the same, and only a write to it fails.
fn the_last_words_of_a_member_that_never_read_are_received(style: Style) {
    let server = Server::start_under(&["setsid"], style, "chat", &[]);
    let mut ada = style.serves_many().then(|| join(&server, 1));
    let mut visitor = server.connect();
    let name = visitor.name();
    wait_until("the welcome is there", || !visitor.has_nothing());
    // The line and the reset must both be there when the server continues.
    server.process().signal_group(Signal::SIGSTOP);
    wait_until("the server is stopped", || server.process().state() == Some('T'));
    visitor.send("farewell\r\n");
    drop(visitor);
    server.process().signal_group(Signal::SIGCONT);
    match &mut ada {
        Some(ada) => {
            ada.expect_line(format!("* {name} joined"));
            ada.expect_line(format!("[{name}] farewell"));
            ada.expect_line(format!("* {name} left"));
        }
        None => join(&server, 1).expect_line(format!("[{name}] farewell")),
    }
}
