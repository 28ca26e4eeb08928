//! The output of strace(1): a file for each thread of the server, with a line for each call.
//!
//! The kernel accepts, receives and sends for a server with a ring (io_uring(7)), and strace sees no
//! call. But it sees the server write its log, and there the server tells of each completion.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::record::Kind;

/// The beginning of the file names.
const NAME: &str = "trace";

/// The options: one file for each thread, the time and duration of each call, and the socket of
/// each descriptor. With -yy strace would show the ports too, but for each it would search all
/// connections of the machine while the server stands still.
pub(crate) const OPTIONS: [&str; 8] = ["-D", "-ff", "-q", "-ttt", "-T", "-y", "-s", "256"];

/// The calls of a server for connections, for waiting, and for its threads.
pub(crate) const CALLS: &str = "--trace=accept,accept4,read,readv,recvfrom,recvmsg,write,writev,\
    sendto,sendmsg,shutdown,close,poll,ppoll,select,pselect6,epoll_wait,epoll_pwait,\
    io_uring_enter,futex,wait4,clone,clone3,fork,vfork,prctl";

/// Calls that wait for any event.
const WAITS: [&str; 9] = [
    "poll",
    "ppoll",
    "select",
    "pselect6",
    "epoll_wait",
    "epoll_pwait",
    "io_uring_enter",
    "futex",
    "wait4",
];

/// A thread of the server. Its times are microseconds since 1970.
#[derive(Debug, PartialEq)]
pub(crate) struct Thread {
    id: u32,
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) from: i64,
    pub(crate) to: i64,
    pub(crate) calls: Vec<Call>,
}

/// One system call of a thread.
#[derive(Debug, PartialEq)]
pub(crate) struct Call {
    pub(crate) from: i64,
    pub(crate) to: i64,
    pub(crate) name: String,
    /// The connection in the call, if there is nothing else in it.
    connection: Option<Connection>,
    /// The client's port, if that is a connection to a client.
    pub(crate) client: Option<u16>,
}

/// The name of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Connection {
    /// The kernel's number of the socket.
    Socket(u64),
    /// The server's number of the client.
    Client(u64),
}

impl Call {
    /// Whether the thread slept until any event, for a millisecond or more.
    pub(crate) fn is_sleep(&self) -> bool {
        let is_long = self.to - self.from >= 1000;
        is_long && self.client.is_none() && WAITS.contains(&&self.name[..])
    }
}

/// The path to give to strace(1) for its files.
pub(crate) fn files(directory: &Path) -> PathBuf {
    directory.join(NAME)
}

/// Whether the files are complete: strace has seen the server's first thread end, which ends last.
pub(crate) fn is_complete(directory: &Path, server: u32) -> bool {
    let file = directory.join(format!("{NAME}.{server}"));
    fs::read_to_string(file).is_ok_and(|text| text.ends_with(" +++\n"))
}

/// All threads, in the order in which they began.
///
/// # Errors
///
/// A file cannot be read.
pub(crate) fn read(directory: &Path) -> io::Result<Vec<Thread>> {
    let mut threads = Vec::new();
    let mut started = HashMap::new();
    let mut accepted = HashMap::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let extension = path.extension().and_then(|id| id.to_str());
        let Some(id) = extension.and_then(|id| id.parse().ok()) else {
            continue;
        };
        let text = fs::read_to_string(&path)?;
        threads.extend(thread(id, &text));
        started.extend(text.lines().filter_map(starts));
        accepted
            .extend(text.lines().filter_map(|line| accepts(line).or_else(|| has_accepted(line))));
    }
    for thread in &mut threads {
        thread.kind = *started.get(&thread.id).unwrap_or(&Kind::Process);
        for call in &mut thread.calls {
            call.client = call.connection.and_then(|it| accepted.get(&it).copied());
        }
    }
    threads.sort_by_key(|thread| thread.from);
    Ok(threads)
}

/// Reads the file of a thread. It does not say how the thread was started.
fn thread(id: u32, text: &str) -> Option<Thread> {
    // Of other servers strace sees the calls themselves.
    let has_ring = text.contains(" io_uring_enter(");
    let happened = |line| completion(line).filter(|_| has_ring).or_else(|| call(line));
    let calls = text.lines().filter_map(happened).collect();
    let mut names = text.lines().filter_map(|line| {
        let (_, name) = line.split_once(" prctl(PR_SET_NAME, \"")?;
        Some(name.split_once('"')?.0.to_owned())
    });
    let time_of = |line: &str| time(line.split_once(' ')?.0);
    Some(Thread {
        id,
        name: names.next_back().unwrap_or_else(|| id.to_string()),
        kind: Kind::Process,
        from: text.lines().next().and_then(time_of)?,
        to: text.lines().last().and_then(time_of)?,
        calls,
    })
}

/// A line such as
/// `1795286082.827952 recvfrom(5<socket:[4711]>, "quick\n", 4096, 0, NULL, NULL) = 6 <0.000010>`.
/// The line does not say which client the socket belongs to.
fn call(line: &str) -> Option<Call> {
    let (from, rest) = line.split_once(' ')?;
    let from = time(from)?;
    let (rest, took) = rest.strip_suffix('>')?.rsplit_once(" <")?;
    let (name, arguments) = rest.split_once('(')?;
    let socket = match is_accept(name) {
        // The arguments name the listener; the return value is the connection.
        true => the_only_socket(arguments.rsplit_once(" = ")?.1),
        false => the_only_socket(arguments),
    };
    let connection = socket.map(Connection::Socket);
    Some(Call { from, to: from + time(took)?, name: name.to_owned(), connection, client: None })
}

/// The completion of which the server tells in its log, and the time of telling, in a line such as
/// `1795286082.827952 write(2</tmp/log>, "… uring_server::ring: client 1 received 6 bytes\n", 87) = 87 <0.000010>`.
fn completion(line: &str) -> Option<Call> {
    let (client, what) = told(line)?;
    let name = match what.split(' ').next()? {
        "connected" => "accept",
        "received" => "recv",
        "sent" => "send",
        "left" => "close",
        _ => return None,
    };
    Some(Call { name: name.to_owned(), connection: Some(client), ..call(line)? })
}

/// The client of which the server tells in its log that it has accepted it, and its port.
fn has_accepted(line: &str) -> Option<(Connection, u16)> {
    let (client, what) = told(line)?;
    let (_, port) = what.strip_prefix("connected from ")?.rsplit_once(':')?;
    Some((client, port.parse().ok()?))
}

/// The client of which the server tells in its log, and the rest of that line.
fn told(line: &str) -> Option<(Connection, &str)> {
    let (_, text) = line.split_once(" write(2<")?.1.split_once('"')?;
    let (_, text) = launch::read_log_line(text.split_once("\\n")?.0)?;
    let (number, what) = text.strip_prefix("client ")?.split_once(' ')?;
    Some((Connection::Client(number.parse().ok()?), what))
}

fn is_accept(name: &str) -> bool {
    ["accept", "accept4"].contains(&name)
}

/// The socket that a call has accepted, and the client's port.
fn accepts(line: &str) -> Option<(Connection, u16)> {
    // accept4(3<socket:[4710]>, {sa_family=AF_INET, sin_port=htons(40404), …}, …) = 5<socket:[4711]>
    let call = call(line).filter(|call| is_accept(&call.name))?;
    let (_, port) = line.split_once("sin_port=htons(")?;
    Some((call.connection?, port.split_once(')')?.0.parse().ok()?))
}

/// The socket in a text, if the text contains no other descriptor.
fn the_only_socket(text: &str) -> Option<u64> {
    // 5<socket:[4711]>, 4<pipe:[42]>
    let pieces: Vec<_> = text.split('<').collect();
    let is_descriptor = |before: &str| before.ends_with(|c: char| c.is_ascii_digit());
    let mut described = pieces.windows(2).filter(|pair| is_descriptor(pair[0]));
    let socket = |described: &str| {
        let (number, _) = described.strip_prefix("socket:[")?.split_once(']')?;
        number.parse().ok()
    };
    let first = socket(described.next()?[1])?;
    let is_first = described.all(|pair| socket(pair[1]) == Some(first));
    is_first.then_some(first)
}

/// The thread that a call has started, and its kind.
fn starts(line: &str) -> Option<(u32, Kind)> {
    let call = call(line)?;
    if !["clone", "clone3", "fork", "vfork"].contains(&&call.name[..]) {
        return None;
    }
    let (arguments, result) = line.rsplit_once(" = ")?;
    let id = result.split_once(' ')?.0.parse().ok()?;
    match arguments.contains("CLONE_THREAD") {
        true => Some((id, Kind::Thread)),
        false => Some((id, Kind::Process)),
    }
}

/// Converts seconds with six digits after the point into microseconds.
fn time(seconds: &str) -> Option<i64> {
    let (seconds, micros) = seconds.split_once('.')?;
    let [seconds, micros] = [seconds, micros].map(str::parse::<i64>);
    Some(seconds.ok()? * 1_000_000 + micros.ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_call_about_a_socket_or_about_several_things() {
        #[track_caller]
        fn check(line: &str, name: &str, took: i64, socket: Option<u64>) {
            let call = call(&format!("1795286082.000001 {line}")).expect("it is one");
            assert_eq!((&call.name[..], call.to - call.from), (name, took));
            assert_eq!(call.from, 1_795_286_082_000_001);
            assert_eq!(call.connection, socket.map(Connection::Socket));
        }
        let read = "recvfrom(5<socket:[47]>, \"a<b\", 4096, 0, NULL, NULL) = 3 <0.500000>";
        check(read, "recvfrom", 500_000, Some(47));
        let accept = "accept4(3<socket:[9]>, NULL, NULL, 0) = 9<socket:[47]> <0.000018>";
        check(accept, "accept4", 18, Some(47));
        let nobody = "accept4(3<socket:[9]>, NULL, NULL, 0) = -1 EAGAIN (Try) <0.000018>";
        check(nobody, "accept4", 18, None);
        let poll = "poll([{fd=5<socket:[47]>, events=POLLIN}], 1, 2000) = 1 <0.000010>";
        check(poll, "poll", 10, Some(47));
        let both = "poll([{fd=5<socket:[47]>}, {fd=3<socket:[9]>}], 2, 2000) = 1 <0.002000>";
        check(both, "poll", 2000, None);
        let pipe = "read(5<pipe:[47]>, \"X\", 64) = 1 <0.000001>";
        check(pipe, "read", 1, None);
        assert_eq!(call("1795286082.000001 +++ exited with 0 +++"), None);
        assert_eq!(call("1795286082.000001 exit_group(0) = ?"), None);
    }

    #[test]
    fn a_socket_is_known_by_its_accept() {
        let client =
            "{sa_family=AF_INET, sin_port=htons(40404), sin_addr=inet_addr(\"127.0.0.1\")}";
        let accept = format!(
            "1.000000 accept4(3<socket:[9]>, {client}, [128 => 16], 0) = 5<socket:[47]> <0.000001>"
        );
        assert_eq!(accepts(&accept), Some((Connection::Socket(47), 40404)));
        assert_eq!(accepts("1.000000 close(5<socket:[47]>) = 0 <0.000001>"), None);
    }

    #[test]
    fn a_completion_is_known_by_the_log() {
        let line = |text| {
            format!(
                "1.000000 write(2</tmp/log>, \"2026-11-29T08:00:00.000Z TRACE 7 uring_server::ring: \
                 {text}\\n\", 80) = 80 <0.000001>"
            )
        };
        let name = |text| completion(&line(text)).map(|call| (call.name, call.connection));
        let seven = |name: &str| Some((name.to_owned(), Some(Connection::Client(7))));
        assert_eq!(name("client 7 received 6 bytes"), seven("recv"));
        assert_eq!(name("client 7 sent 9 bytes"), seven("send"));
        assert_eq!(name("client 7 left"), seven("close"));
        assert_eq!(name("client 7 connected from 127.0.0.1:40404"), seven("accept"));
        assert_eq!(name("client 7 was lost"), None);
        let accepted = has_accepted(&line("client 7 connected from 127.0.0.1:40404"));
        assert_eq!(accepted, Some((Connection::Client(7), 40404)));
    }

    #[test]
    fn a_started_thread_has_a_kind() {
        let thread =
            "1.000000 clone3({flags=CLONE_VM|CLONE_THREAD} => {parent_tid=[7]}, 88) = 7 <0.000001>";
        assert_eq!(starts(thread), Some((7, Kind::Thread)));
        let process = "1.000000 clone(child_stack=NULL, flags=SIGCHLD) = 8 <0.000001>";
        assert_eq!(starts(process), Some((8, Kind::Process)));
        assert_eq!(starts("1.000000 close(7<pipe:[8]>) = 0 <0.000001>"), None);
    }

    #[test]
    fn a_file_is_a_thread() {
        let text = "1.000000 prctl(PR_SET_NAME, \"client-2\") = 0 <0.000009>\n\
                    1.000100 poll([{fd=4<pipe:[8]>, events=POLLIN}], 1, -1) = 1 <0.001000>\n\
                    2.000000 +++ exited with 0 +++\n";
        let thread = thread(7, text).expect("it is one");
        assert_eq!((&thread.name[..], thread.id), ("client-2", 7));
        assert_eq!((thread.from, thread.to), (1_000_000, 2_000_000));
        let sleeps: Vec<_> = thread.calls.iter().map(Call::is_sleep).collect();
        assert_eq!(sleeps, [false, true]);
    }
}
