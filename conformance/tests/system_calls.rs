//! The system calls that a server makes for its work, counted by strace(1).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::net::Shutdown;

use protocol::{LINES_READ, MEMBER_READ, PLAIN_READ};
use test_kit::chat::{join, quit};
use test_kit::{Client, Directory, Server, Signal, Style};
use test_kit::{each_style, repository, require_tool, wait_until};

each_style!(
    echo_lines_and_frames_take_a_read_and_a_write_a_message,
    chat_takes_a_write_a_member,
    an_upload_takes_a_write_a_read_and_is_synced_once_at_the_end,
    no_read_is_larger_than_the_service_allows,
);

/// The file into which strace(1) writes.
const RECORD: &str = "record";

/// A server with recorded system calls.
struct Traced {
    server: Server,
    /// The directory of the record.
    directory: Directory,
}

/// Reads from clients and writes to them, with their lines in the record.
#[derive(Debug, Default)]
struct Calls {
    reads: Vec<String>,
    writes: Vec<String>,
}

/// The calls that read from a socket or write to it.
const READS_AND_WRITES: &str = "--trace=read,readv,recvfrom,recvmsg,write,writev,sendto,sendmsg";

/// The call by which a server with a ring hands over its orders, and waits.
const ORDERS: &str = "--trace=io_uring_enter";

/// What lets a server with a ring tell of each completion in its log.
const TELLING: [&str; 2] = ["env", "RUST_LOG=trace"];

impl Traced {
    /// Starts a server and records the calls in `calls`.
    fn start(style: Style, service: &str, calls: &str) -> Traced {
        let directory = Directory::default();
        let record = directory.file(RECORD);
        let shown = record.to_str().expect("it is UTF-8");
        // With -yy strace shows which descriptors are connections to clients; with -D the server
        // stays the child of the kit; with -I 2 strace can be stopped.
        let strace =
            ["strace", "-D", "-I", "2", "-f", "-qq", "-yy", "-s", "200", calls, "-o", shown];
        Traced { server: Server::start_under(&strace, style, service, &[]), directory }
    }

    /// Returns the lines of the record, and ends the server.
    #[track_caller]
    fn record(self) -> String {
        let Traced { server, directory } = self;
        // strace detaches before the server ends. Otherwise it would count the calls of stopping,
        // and might record a wrong call for a killed thread.
        let tracer = server.process().tracer().expect("strace looks on");
        tracer.signal(Signal::SIGTERM);
        wait_until("everything is recorded", || matches!(tracer.state(), None | Some('Z')));
        drop(server);
        fs::read_to_string(directory.file(RECORD)).expect("it is readable")
    }

    /// Returns the calls on connections since the read that received `first`, and ends the server.
    #[track_caller]
    fn calls_since(self, first: &str) -> Calls {
        let all = self.record();
        let mut calls = Calls::default();
        let lines = all.lines().skip_while(|line| !line.contains(first));
        for line in lines {
            let Some((name, arguments)) = call(line) else {
                continue;
            };
            let Some((descriptor, _)) = arguments.split_once(',') else {
                continue;
            };
            match name {
                _ if !descriptor.contains("<TCP:[") => {}
                "read" | "readv" | "recvfrom" | "recvmsg" => calls.reads.push(line.to_owned()),
                _ => calls.writes.push(line.to_owned()),
            }
        }
        calls
    }
}

/// The name of the call that a line of a record begins, and the rest of the line.
fn call(line: &str) -> Option<(&str, &str)> {
    // 4711  sendto(9<TCP:[127.0.0.1:2007->127.0.0.1:40404]>, "hello", 5, MSG_NOSIGNAL, …
    let (_, call) = line.split_once(' ')?;
    call.trim_start().split_once('(')
}

fn echo_lines_and_frames_take_a_read_and_a_write_a_message(style: Style) {
    if !require_tool("strace") {
        return;
    }
    let text = |n| format!("{n:064}");
    let frame = |n| format!("\0\0\0\x01\0\0\0\x40{n:064}");
    check_messages(style, "echo", text, text);
    check_messages(style, "lines", |n| text(n) + "\n", |n| format!("=> {n:064}\r\n"));
    check_messages(style, "frames", frame, frame);
}

/// Each message from the client and its answer take one read and one write.
fn check_messages(
    style: Style,
    service: &str,
    message: impl Fn(usize) -> String,
    answer: impl Fn(usize) -> String,
) {
    const MESSAGES: usize = 300;
    let calls = if style.needs_ring { ORDERS } else { READS_AND_WRITES };
    let traced = Traced::start(style, service, calls);
    let mut client = traced.server.connect();
    let mut round_trip = |n| {
        client.send(message(n));
        let answer = answer(n);
        assert_eq!(client.read_exact(answer.len()), answer.as_bytes());
    };
    let begin = 123_456_789;
    round_trip(begin);
    (0..MESSAGES).for_each(round_trip);
    if style.needs_ring {
        // The first call hands over an order to send, and returns when that is done; the second one
        // hands over an order to receive, and waits for the next message.
        let calls = traced.record().lines().filter(|line| call(line).is_some()).count();
        return assert!(calls <= 2 * MESSAGES + 20, "{calls} calls");
    }
    let Calls { reads, writes } = traced.calls_since(&begin.to_string());
    // There is one more before the first message and after the last one, and sometimes a wait
    // returns without a reason.
    assert!(reads.len() <= MESSAGES + 10, "{} reads", reads.len());
    assert!(writes.len() <= MESSAGES + 1, "{} writes", writes.len());
}

/// The size of a read limits the answer to it, and so the memory for a client that does not read:
/// the service sets this size, and every style has to respect it.
fn no_read_is_larger_than_the_service_allows(style: Style) {
    if !require_tool("strace") {
        return;
    }
    for (service, read_size) in [("echo", PLAIN_READ), ("lines", LINES_READ), ("chat", MEMBER_READ)]
    {
        let read = b"/\n".repeat(PLAIN_READ);
        let most = match style.needs_ring {
            true => {
                let server = Server::start_under(&TELLING, style, service, &[]);
                send_while_it_is_stopped(&server, &read);
                // By then it has told everything from before.
                server.wait_for_log(|line| line.contains("client 1 ") && line.ends_with("left"));
                completions(&server, "received").into_iter().max().expect("there are some")
            }
            false => {
                let traced = Traced::start(style, service, READS_AND_WRITES);
                send_while_it_is_stopped(&traced.server, &read);
                largest_read(&traced.record())
            }
        };
        assert_eq!(most, read_size, "{service}: the largest read");
    }
}

/// A client sends `input`, and reads all answers. When the server continues, more than one read's bytes
/// are waiting.
fn send_while_it_is_stopped(server: &Server, input: &[u8]) {
    let mut client = server.connect();
    server.process().signal(Signal::SIGSTOP);
    let mut sending = client.stream().try_clone().expect("a descriptor is left");
    sending.write_all(input).expect("the kernel takes it");
    sending.shutdown(Shutdown::Write).expect("it is connected");
    server.process().signal(Signal::SIGCONT);
    client.read_to_end();
}

/// The sizes of what a server with a ring has `received` or `sent`, as it tells in its log.
fn completions(server: &Server, what: &str) -> Vec<usize> {
    let size = |line: &String| {
        // client 7 received 4096 bytes
        let (_, rest) = line.split_once(&format!(" {what} "))?;
        rest.strip_suffix(" bytes")?.parse().ok()
    };
    server.log().iter().filter_map(size).collect()
}

/// The size of the largest read from a client.
fn largest_read(record: &str) -> usize {
    // A call that another thread's call interrupts takes two lines of the same thread.
    let mut begun = BTreeSet::new();
    let mut largest = 0;
    for line in record.lines() {
        let Some((thread, call)) = line.split_once(' ') else { continue };
        let (thread, call) = (thread.trim(), call.trim_start());
        let is_clients = match call.starts_with("<... ") {
            true => begun.remove(thread),
            false => {
                call.contains("<TCP:[")
                    && ["read", "recv"].iter().any(|name| call.starts_with(name))
            }
        };
        if is_clients && call.contains("<unfinished ...>") {
            begun.insert(thread);
        }
        let count = call.rsplit_once(" = ").and_then(|(_, count)| count.parse().ok());
        largest = largest.max(count.filter(|_| is_clients).unwrap_or(0));
    }
    largest
}

/// The page that lays the styles side by side shows these counts. With `BLESS=1` in the environment
/// the test writes them, and then `cargo run -p side-by-side` puts them on the page.
#[test]
fn the_book_lists_the_system_calls_of_an_echo() {
    if !require_tool("strace") {
        return;
    }
    let counted: String = Style::ALL
        .map(|style| format!("{} {}\n", style.name, calls_of_an_echo(*style).join(" ")))
        .concat();
    let file = repository().join("crates/book/side-by-side/system_calls.txt");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&file, &counted).expect("it can be written");
    }
    let told = fs::read_to_string(&file).expect("it is readable");
    assert_eq!(
        told,
        counted,
        "{} is out of date: BLESS=1 cargo test --test system_calls the_book",
        file.display()
    );
}

/// The system calls of a whole server from one answer of echo to the next, in the most frequent
/// order: sometimes a wait returns without a reason.
fn calls_of_an_echo(style: Style) -> Vec<String> {
    const MESSAGES: usize = 300;
    let message = |n: usize| format!("message {n:04}");
    let traced = Traced::start(style, "echo", "--trace=all");
    let mut client = traced.server.connect();
    for n in 0..=MESSAGES {
        client.send(message(n));
        assert_eq!(client.read_exact(message(n).len()), message(n).as_bytes());
    }
    let record = traced.record();
    if style.needs_ring {
        // No call has a message in it.
        let is_order = |line: &&str| matches!(call(line), Some(("io_uring_enter", _)));
        let calls = record.lines().filter(is_order).count() / MESSAGES;
        return vec!["io_uring_enter".to_owned(); calls];
    }
    let mut calls = record.lines().filter_map(call);
    let mut up_to = |n| {
        let answer = format!("\"{}\"", message(n));
        let mut names = Vec::new();
        for (name, arguments) in calls.by_ref() {
            names.push(name.to_owned());
            if ["send", "write"].iter().any(|write| name.starts_with(write))
                && arguments.contains(&answer)
            {
                return names;
            }
        }
        panic!("{style:?} has not sent {answer}:\n{record}");
    };
    up_to(0);
    let mut seen: BTreeMap<Vec<String>, usize> = BTreeMap::new();
    for n in 1..=MESSAGES {
        *seen.entry(up_to(n)).or_default() += 1;
    }
    let (mostly, times) = seen.iter().max_by_key(|(_, times)| **times).expect("some");
    assert!(*times > MESSAGES / 2, "{style:?}: {seen:#?}");
    mostly.clone()
}

/// One wait reports all ready clients, so there is none between the first of them and the last.
#[test]
fn select_waits_once_for_all_ready_clients() {
    const CLIENTS: usize = 100;
    if !require_tool("strace") {
        return;
    }
    let traced = Traced::start(Style::SELECT, "echo", "--trace=all");
    let mut clients: Vec<Client> = (0..CLIENTS).map(|_| traced.server.connect()).collect();
    for client in &mut clients {
        client.send("here");
        assert_eq!(client.read_exact(4), b"here");
    }
    let server = traced.server.process();
    server.signal(Signal::SIGSTOP);
    wait_until("it is stopped", || matches!(server.state(), Some('T' | 't')));
    for client in &mut clients {
        client.send("all at once");
    }
    server.signal(Signal::SIGCONT);
    for client in &mut clients {
        assert_eq!(client.read_exact(11), b"all at once");
    }
    let record = traced.record();
    let calls: Vec<_> = record.lines().filter(|line| call(line).is_some()).collect();
    let is_of_a_message = |line: &&str| line.contains("\"all at once\"");
    let first = calls.iter().position(is_of_a_message).expect("it reads");
    let last = calls.iter().rposition(is_of_a_message).expect("it writes");
    let calls = &calls[first..=last];
    assert_eq!(calls.len(), 2 * CLIENTS, "{calls:#?}");
    assert!(calls.iter().all(is_of_a_message), "{calls:#?}");
}

fn chat_takes_a_write_a_member(style: Style) {
    if !require_tool("strace") {
        return;
    }
    if style.needs_ring {
        return chat_takes_an_order_a_member(style);
    }
    let traced = Traced::start(style, "chat", READS_AND_WRITES);
    let count = style.at_once(100);
    let mut members: Vec<Client> = (1..=count).map(|here| join(&traced.server, here)).collect();
    let names: Vec<_> = members.iter().map(Client::name).collect();
    for (n, member) in members.iter_mut().enumerate() {
        let later = &names[n + 1..];
        later.iter().for_each(|name| member.expect_line(format!("* {name} joined")));
    }
    let mut speaker = members.remove(0);
    speaker.send("a line for everybody\r\n");
    for member in &mut members {
        member.expect_line(format!("[{}] a line for everybody", names[0]));
    }
    if !style.serves_many() {
        quit(speaker);
        // The next caller gets the welcome and the line that was kept for it, in at most two
        // writes.
        let mut next = join(&traced.server, 1);
        next.expect_line(format!("[{}] a line for everybody", names[0]));
        let Calls { writes, .. } = traced.calls_since("/quit");
        // One of them is the goodbye to the caller before.
        return assert!(writes.len() <= 3, "{writes:#?}");
    }
    let Calls { writes, .. } = traced.calls_since("a line for everybody");
    assert_eq!(writes.len(), members.len(), "{writes:#?}");
    // No other line was sent, so each of the writes is this line.
    let of_the_line = writes.iter().filter(|call| call.contains("] a line for everybody"));
    assert_eq!(of_the_line.count(), members.len(), "{writes:#?}");
}

/// Each member is sent the line by one order, as the server tells in its log.
fn chat_takes_an_order_a_member(style: Style) {
    // More of them would cause more lines of the log than it takes in a second.
    const MEMBERS: usize = 30;
    let mut server = Server::start_under(&TELLING, style, "chat", &[]);
    let mut members: Vec<Client> = (1..=MEMBERS).map(|here| join(&server, here)).collect();
    let names: Vec<_> = members.iter().map(Client::name).collect();
    for (n, member) in members.iter_mut().enumerate() {
        let later = &names[n + 1..];
        later.iter().for_each(|name| member.expect_line(format!("* {name} joined")));
    }
    let speech = format!("[{}] a line for everybody", names[0]);
    members[0].send("a line for everybody\r\n");
    members[1..].iter_mut().for_each(|member| member.expect_line(&speech));
    // No other line has this length.
    let of_the_line = |size: &usize| *size == speech.len() + "\r\n".len();
    let told =
        |server: &Server| completions(server, "sent").iter().filter(|it| of_the_line(it)).count();
    server.process().signal(Signal::SIGTERM);
    drop(members);
    assert_eq!(server.wait().code(), Some(0));
    assert_eq!(told(&server), MEMBERS - 1);
}

fn an_upload_takes_a_write_a_read_and_is_synced_once_at_the_end(style: Style) {
    const SIZE: usize = 1 << 20;
    if !require_tool("strace") {
        return;
    }
    let directory = Directory::default();
    let (uploads, record) = (directory.file("uploads"), directory.file("record"));
    fs::create_dir(&uploads).expect("it is new");
    let [uploads, record] = [&uploads, &record].map(|path| path.to_str().expect("UTF-8"));
    let calls = "--trace=open,openat,creat,link,linkat,rename,renameat,renameat2,unlink,unlinkat,\
                 fsync,fdatasync,sync_file_range,write,pwrite64";
    let strace = ["strace", "-D", "-f", "-qq", "-y", "-s", "8", calls, "-o", record];
    let server = Server::start_under(&strace, style, "upload", &["--directory", uploads]);
    let mut client = server.connect();
    client.send([b"name\n\0\x10\0\0\n", &vec![b'x'; SIZE][..]].concat());
    client.expect_line(format!("stored name {SIZE}"));
    drop(server);
    let mut all = String::new();
    wait_until("everything is recorded", || {
        all = fs::read_to_string(record).expect("it is readable");
        all.contains("+++ killed by SIGKILL +++")
    });
    // 4711  write(1024</tmp/.../uploads/#4712 (deleted)>, "xxxxxxxx"..., 65536) = 65536
    let is_about_uploads = |line: &&str| line.contains("/uploads") && !line.contains("execve");
    let lines: Vec<_> = all.lines().filter(is_about_uploads).collect();
    let is_call = |line: &str, name: &str| line.contains(&format!(" {name}("));
    let first = lines.iter().position(|line| is_call(line, "write")).expect("it writes");
    let last = lines.iter().rposition(|line| is_call(line, "write")).expect("it writes");
    // Only writes come between, and at most as many as there were reads.
    let writes = last + 1 - first;
    assert!(lines[first..=last].iter().all(|line| is_call(line, "write")), "{lines:#?}");
    assert!((SIZE / PLAIN_READ..1000).contains(&writes), "{writes} writes");
    // The file is synced, then it gets its name, and then that is synced.
    let names = ["fsync", "linkat", "fsync"];
    let end = &lines[last + 1..];
    let is_so = end.iter().zip(names).all(|(line, name)| is_call(line, name));
    assert!(end.len() == names.len() && is_so, "{end:#?}");
    // One tests whether the file system supports it, and one is for the file.
    let unnamed = lines.iter().filter(|line| line.contains("O_TMPFILE"));
    assert_eq!(unnamed.count(), 2, "{lines:#?}");
    assert!(!lines.iter().any(|line| line.contains("O_CREAT")), "{lines:#?}");
}
