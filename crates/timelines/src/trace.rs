//! What strace(1) has seen: a file for each thread of the server, with a line for each call.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::record::Kind;

/// What the names of its files begin with.
const NAME: &str = "trace";

/// What to tell it: one file a thread, the time of each call and how long it took, and between
/// which ports a connection is.
pub(crate) const OPTIONS: [&str; 8] = ["-D", "-ff", "-q", "-ttt", "-T", "-yy", "-s", "32"];

/// The calls of a server that have to do with connections, with waiting, and with its threads.
pub(crate) const CALLS: &str = "--trace=accept,accept4,read,readv,recvfrom,recvmsg,write,writev,\
    sendto,sendmsg,shutdown,close,poll,ppoll,select,pselect6,epoll_wait,epoll_pwait,futex,wait4,\
    clone,clone3,fork,vfork,prctl";

/// Calls that wait for whatever comes.
const WAITS: [&str; 8] = [
    "poll",
    "ppoll",
    "select",
    "pselect6",
    "epoll_wait",
    "epoll_pwait",
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

/// One of its system calls.
#[derive(Debug, PartialEq)]
pub(crate) struct Call {
    pub(crate) from: i64,
    pub(crate) to: i64,
    pub(crate) name: String,
    /// The port of the client whose connection it is about, if it is about one and nothing else.
    pub(crate) client: Option<u16>,
}

impl Call {
    /// Whether the thread slept until anybody came, for a millisecond or more.
    pub(crate) fn is_sleep(&self) -> bool {
        let is_long = self.to - self.from >= 1000;
        is_long && self.client.is_none() && WAITS.contains(&&self.name[..])
    }
}

/// What to tell strace(1) of where its files go.
pub(crate) fn files(directory: &Path) -> PathBuf {
    directory.join(NAME)
}

/// Whether all is there: it has seen the server's first thread end, which is the last to do so.
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
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let extension = path.extension().and_then(|id| id.to_str());
        let Some(id) = extension.and_then(|id| id.parse().ok()) else {
            continue;
        };
        let text = fs::read_to_string(&path)?;
        threads.extend(thread(id, &text));
        started.extend(text.lines().filter_map(starts));
    }
    for thread in &mut threads {
        thread.kind = *started.get(&thread.id).unwrap_or(&Kind::Process);
    }
    threads.sort_by_key(|thread| thread.from);
    Ok(threads)
}

/// What a file tells of its thread. Nobody in it says what the thread was started as.
fn thread(id: u32, text: &str) -> Option<Thread> {
    let calls: Vec<_> = text.lines().filter_map(call).collect();
    let names = text.lines().filter_map(|line| {
        let (_, name) = line.split_once(" prctl(PR_SET_NAME, \"")?;
        Some(name.split_once('"')?.0.to_owned())
    });
    let time_of = |line: &str| time(line.split_once(' ')?.0);
    Some(Thread {
        id,
        name: names.last().unwrap_or_else(|| id.to_string()),
        kind: Kind::Process,
        from: text.lines().next().and_then(time_of)?,
        to: text.lines().last().and_then(time_of)?,
        calls,
    })
}

/// A line such as
/// `1795286082.827952 recvfrom(5<TCP:[127.0.0.1:2027->127.0.0.1:40404]>, "quick\n", …) = 6 <0.000010>`.
fn call(line: &str) -> Option<Call> {
    let (from, rest) = line.split_once(' ')?;
    let from = time(from)?;
    let (rest, took) = rest.strip_suffix('>')?.rsplit_once(" <")?;
    let (name, arguments) = rest.split_once('(')?;
    let client = match name {
        // It names the listener, and returns the connection.
        "accept" | "accept4" => connection(arguments.rsplit_once(" = ")?.1),
        _ => connection(arguments),
    };
    Some(Call {
        from,
        to: from + time(took)?,
        name: name.to_owned(),
        client,
    })
}

/// The other port of a connection, if a text names it, and no other descriptor.
fn connection(text: &str) -> Option<u16> {
    // 5<TCP:[127.0.0.1:2027->127.0.0.1:40404]>, 4<UNIX-STREAM:[4711->4712]>, 3<TCP:[127.0.0.1:2027]>
    let pieces: Vec<_> = text.split('<').collect();
    let is_descriptor = |before: &str| before.ends_with(|c: char| c.is_ascii_digit());
    let mut ports = pieces.windows(2).filter(|pair| is_descriptor(pair[0]));
    let port = |described: &str| {
        let (ends, _) = described.strip_prefix("TCP:[")?.split_once(']')?;
        let (_, port) = ends.split_once("->")?.1.rsplit_once(':')?;
        port.parse().ok()
    };
    let first = port(ports.next()?[1])?;
    ports
        .all(|pair| port(pair[1]) == Some(first))
        .then_some(first)
}

/// Which thread a call has started, and as what.
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

/// Seconds with six digits after the point, as microseconds.
fn time(seconds: &str) -> Option<i64> {
    let (seconds, micros) = seconds.split_once('.')?;
    let [seconds, micros] = [seconds, micros].map(str::parse::<i64>);
    Some(seconds.ok()? * 1_000_000 + micros.ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_call_about_a_client_or_about_several_things() {
        #[track_caller]
        fn check(line: &str, name: &str, took: i64, client: Option<u16>) {
            let call = call(&format!("1795286082.000001 {line}")).expect("it is one");
            assert_eq!((&call.name[..], call.to - call.from), (name, took));
            assert_eq!(call.from, 1_795_286_082_000_001);
            assert_eq!(call.client, client);
        }
        let here = "<TCP:[127.0.0.1:2027->127.0.0.1:40404]>";
        let listener = "3<TCP:[127.0.0.1:2027]>";
        let read = format!("recvfrom(5{here}, \"a<b\", 4096, 0, NULL, NULL) = 3 <0.500000>");
        check(&read, "recvfrom", 500_000, Some(40404));
        let accept = format!("accept4({listener}, NULL, NULL, 0) = 9{here} <0.000018>");
        check(&accept, "accept4", 18, Some(40404));
        let nobody = format!("accept4({listener}, NULL, NULL, 0) = -1 EAGAIN (Try) <0.000018>");
        check(&nobody, "accept4", 18, None);
        let poll = format!("poll([{{fd=5{here}, events=POLLIN}}], 1, 2000) = 1 <0.000010>");
        check(&poll, "poll", 10, Some(40404));
        let both = format!("poll([{{fd=5{here}}}, {{fd={listener}}}], 2, 2000) = 1 <0.002000>");
        check(&both, "poll", 2000, None);
        let pair = "recvfrom(5<UNIX-STREAM:[4711->4712]>, \"X\", 64, 0, NULL, NULL) = 1 <0.000001>";
        check(pair, "recvfrom", 1, None);
        assert_eq!(call("1795286082.000001 +++ exited with 0 +++"), None);
        assert_eq!(call("1795286082.000001 exit_group(0) = ?"), None);
    }

    #[test]
    fn who_starts_whom_as_what() {
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
