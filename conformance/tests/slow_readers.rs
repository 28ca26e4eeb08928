//! Clients that do not read their data: each harms only itself.

use std::io::{ErrorKind, Write};
use std::thread;
use std::time::{Duration, Instant};

use test_kit::chat::{expect_silence, join, room};
use test_kit::{Client, Process, Server, Style, does_not_apply, each_style, wait_until};

each_style!(
    a_client_that_never_reads_its_answers_is_not_read_from (rows 30, 31),
    a_member_that_never_reads_is_dropped (row 30),
    a_member_that_never_reads_its_own_answers_is_dropped (row 30),
    a_deaf_member_delays_no_other_member (row 38b),
);

/// How much the memory of a process may grow because of a client that does not read, in KiB.
const FLAT: u64 = 1024;

/// The slowest round trip that still counts as fast, since other programs need the processor, too.
const FLAT_DELAY: Duration = Duration::from_secs(2);

/// The speech in these tests is not worth a log.
const NO_LOG: [&str; 2] = ["--log-file", "/dev/null"];

/// The server's processes that serve clients at this moment.
fn processes(server: &Server) -> Vec<Process> {
    let mut processes = server.process().children();
    processes.push(server.process());
    processes
}

fn a_client_that_never_reads_its_answers_is_not_read_from(style: Style) {
    const SIZE: usize = 256 * 1024;
    let data = [b'x'; SIZE];
    let frame = [b"\0\0\0\x01\0\x04\0\0", &data[..]].concat();
    check_not_read_from(style, "echo", &data, &data);
    check_not_read_from(style, "frames", &frame, &frame);
    // This service has the longest answer in proportion to the question.
    check_not_read_from(style, "lines", &[b'\n'; SIZE], &b"=> \r\n".repeat(SIZE));
}

/// A client sends `block` again and again and never reads the answer, `answer`.
fn check_not_read_from(style: Style, service: &str, block: &[u8], answer: &[u8]) {
    let server = Server::start(style, service);
    let mut deaf = server.connect();
    // Memory that the server allocates for a first client is allocated from now on.
    let mut sending = deaf.stream().try_clone().expect("a descriptor is left");
    thread::scope(|scope| {
        scope.spawn(|| sending.write_all(block).expect("it is read"));
        assert!(deaf.read_exact(answer.len()) == answer);
    });
    drop(sending);
    let before: Vec<_> = processes(&server).into_iter().map(|p| (p, p.vm_hwm())).collect();

    let sent = deaf.push_until_stuck(block);
    for (process, before) in before {
        let grown = process.vm_hwm() - before;
        assert!(grown < FLAT, "{service}: {process:?} grew by {grown} KiB for {sent} bytes");
    }

    let mut other = server.connect();
    other.send(&block[..100]);
    if !style.serves_many() {
        assert!(other.has_nothing(), "the second client waits");
        drop(deaf);
    }
    assert!(other.exchange(&block[100..]) == answer, "{service}");
}

/// Two members that read, and their conversation.
struct Pair {
    ada: Client,
    bob: Client,
    /// The news that Ada got about others.
    told: Vec<String>,
}

impl Pair {
    #[track_caller]
    fn new(server: &Server) -> Pair {
        let [ada, bob] = room(server, ["ada", "bob"]);
        let told = Vec::new();
        Pair { ada, bob, told }
    }

    /// Ada sends these lines, Bob receives all of them, and then Ada receives his answer. Returns
    /// the time that this took.
    #[track_caller]
    fn round_trip(&mut self, lines: &[String]) -> Duration {
        let begun = Instant::now();
        let said: String = lines.iter().flat_map(|line| [line, "\r\n"]).collect();
        self.ada.send(said);
        for line in lines {
            let heard = self.bob.skip_to_line(|line| !line.starts_with("* "));
            assert_eq!(heard.strip_prefix("[ada] "), Some(&line[..]));
        }
        self.bob.send("heard\r\n");
        loop {
            let heard = self.ada.read_line();
            if heard == "[bob] heard" {
                return begun.elapsed();
            }
            self.told.push(heard);
        }
    }
}

fn a_member_that_never_reads_is_dropped(style: Style) {
    // More than the kernel and a mailbox can hold for one client.
    const ROUNDS: usize = 1_000;
    let server = Server::start_with(style, "chat", &NO_LOG);
    if !style.serves_many() {
        return a_caller_that_never_reads_is_not_read_from(&server);
    }
    let mut pair = Pair::new(&server);
    let mut deaf = server.connect();
    let joined = format!("* {} joined", deaf.name());
    let dropped = format!("* {} left: too slow", deaf.name());
    let lines = vec!["x".repeat(1000); 60];
    let mut slowest = Duration::ZERO;
    for round in 0.. {
        slowest = slowest.max(pair.round_trip(&lines));
        if pair.told.last() == Some(&dropped) {
            break;
        }
        assert!(round < ROUNDS, "it is never dropped");
    }
    for _ in 0..20 {
        slowest = slowest.max(pair.round_trip(&lines));
    }
    assert!(slowest < FLAT_DELAY, "{slowest:?} while one is deaf");
    deaf.expect_reset();
    assert_eq!(pair.told, [joined, dropped]);
    pair.ada.send("/who\r\n");
    pair.ada.expect_line("* here: ada, bob");
}

/// The opposite: if no other member has to wait, no member is dropped either, and the caller gets
/// all its answers when it finally reads.
fn a_caller_that_never_reads_is_not_read_from(server: &Server) {
    const COMMAND: &[u8] = b"/who\r\n";
    let [mut deaf] = room(server, ["deaf"]);
    let before = server.process().vm_hwm();
    let sent = deaf.push_until_stuck(COMMAND);
    let grown = server.process().vm_hwm() - before;
    assert!(grown < FLAT, "{grown} KiB for {sent} bytes");
    let waiting = server.connect();
    assert!(waiting.has_nothing());
    for _ in 0..sent / COMMAND.len() {
        deaf.expect_line("* here: deaf");
    }
    deaf.send(&COMMAND[sent % COMMAND.len()..]);
    deaf.expect_line("* here: deaf");
    expect_silence(&mut deaf);
}

fn a_member_that_never_reads_its_own_answers_is_dropped(style: Style) {
    let server = Server::start_with(style, "chat", &NO_LOG);
    if !style.serves_many() {
        return a_caller_that_never_reads_is_not_read_from(&server);
    }
    let mut ada = join(&server, 1);
    let deaf = Client::connect_with_buffer(server.address(), 4096);
    ada.expect_line(format!("* {} joined", deaf.name()));
    deaf.stream().set_nonblocking(true).expect("it can be set");
    let commands = "/help\n".repeat(600);
    wait_until("it is cut off", || {
        let asked = deaf.stream().write(commands.as_bytes());
        asked.is_err_and(|error| error.kind() != ErrorKind::WouldBlock)
    });
    ada.expect_line(format!("* {} left: too slow", deaf.name()));
    expect_silence(&mut ada);
}

/// Compares the slowest of many deliveries, with a deaf member and without one.
fn a_deaf_member_delays_no_other_member(style: Style) {
    const LINES: usize = 40_000;
    const AT_ONCE: usize = 100;
    /// Another program may need the processor in one of the two runs.
    const TRIES: usize = 5;
    if !style.serves_many() {
        return a_deaf_caller_delays_the_next_caller(style);
    }
    let slowest = |with_a_deaf_one: bool| {
        let server = Server::start_with(style, "chat", &NO_LOG);
        let mut pair = Pair::new(&server);
        // The less the kernel holds for it, the sooner the server has to decide.
        let mut deaf = with_a_deaf_one.then(|| Client::connect_with_buffer(server.address(), 4096));
        let name = deaf.as_ref().map(Client::name);
        let numbers: Vec<_> = (0..LINES).map(|n| format!("{n:090}")).collect();
        let delays = numbers.chunks(AT_ONCE).map(|lines| pair.round_trip(lines));
        let slowest = delays.max().expect("there are some");
        let left = |name| [format!("* {name} joined"), format!("* {name} left: too slow")];
        assert_eq!(pair.told, name.map(left).into_iter().flatten().collect::<Vec<_>>());
        deaf.iter_mut().for_each(Client::expect_reset);
        slowest
    };
    let mut measured = Vec::new();
    while measured.len() < TRIES {
        let (quiet, disturbed) = (slowest(false), slowest(true));
        if disturbed <= 10 * quiet {
            return;
        }
        measured.push((quiet, disturbed));
    }
    panic!("the slowest delivery without a deaf member, and with one: {measured:?}");
}

/// The opposite: a deaf caller makes the next one wait, for any time.
fn a_deaf_caller_delays_the_next_caller(style: Style) {
    let server = Server::start(style, "chat");
    let [mut deaf] = room(&server, ["deaf"]);
    deaf.push_until_stuck(b"/who\r\n");
    let mut next = server.connect();
    next.send("/who\r\n");
    // This does not depend on time: the server is stuck in a write.
    assert!(next.has_nothing(), "the next caller waits");
    deaf.reset();
    next.expect_line(format!("* welcome, {}; 1 here", next.name()));
    does_not_apply("it serves one client at a time");
}
