//! Looks at the server from outside, and says in which style it serves: processes, threads and
//! zombies, before clients come, while they are there, and when they have gone.

use std::collections::BTreeMap;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::server::Running;

/// The styles that can be told apart from outside.
#[derive(Clone, Copy, Debug, PartialEq, clap::ValueEnum)]
pub(crate) enum Style {
    /// One client after the other
    Iterative,
    /// A process for each client
    Fork,
    /// A thread for each client
    Thread,
    /// Processes that are there before the clients
    Prefork,
    /// Threads that are there before the clients
    Pool,
    /// One thread for all clients: select, poll, epoll, an executor, io_uring
    Loop,
}

/// The state of the server and of all that it has started.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Seen {
    processes: usize,
    threads: usize,
    zombies: usize,
}

/// How many clients come.
const CLIENTS: usize = 3;

/// What was seen, in one line, and whether it is this style.
pub(crate) fn look(server: &Running, style: Style, timeout: Duration) -> (String, bool) {
    // A server may listen before all its workers are there.
    let before = settled(server, |_| true);
    let connect = |_| Client::connect(server.address, None, timeout).ok();
    let clients: Vec<Client> = (0..CLIENTS).filter_map(connect).collect();
    let during = settled(server, |now| *now != before);
    drop(clients);
    let after = settled(server, |now| *now == before);
    let text = format!(
        "{} before, {} with {CLIENTS} clients, {} when they had gone",
        in_words(before),
        in_words(during),
        in_words(after)
    );
    (text, is_style(style, before, during, after))
}

fn is_style(style: Style, before: Seen, during: Seen, after: Seen) -> bool {
    let grown = |of: fn(&Seen) -> usize| of(&during).saturating_sub(of(&before));
    let (processes, threads) = (grown(|seen| seen.processes), grown(|seen| seen.threads));
    let same = processes == 0 && threads == 0;
    let fits = match style {
        Style::Fork => processes >= CLIENTS && after.processes <= before.processes,
        Style::Thread => processes == 0 && threads >= CLIENTS,
        Style::Prefork => same && before.processes > 1,
        Style::Pool => same && before.processes == 1 && before.threads > 1,
        Style::Iterative | Style::Loop => same && before.processes == 1 && before.threads == 1,
    };
    fits && after.zombies == 0
}

/// The state when it has become as it is expected to be, or does not change any more.
fn settled(server: &Running, is_expected: impl Fn(&Seen) -> bool) -> Seen {
    let deadline = Instant::now() + Duration::from_secs(1);
    let mut last = seen(server);
    let mut since = Instant::now();
    while Instant::now() < deadline {
        thread::sleep(Duration::from_millis(20));
        let now = seen(server);
        if now != last {
            (last, since) = (now, Instant::now());
        }
        if is_expected(&now) && since.elapsed() > Duration::from_millis(200) {
            break;
        }
    }
    last
}

/// Counts by /proc (proc_pid_stat(5)).
fn seen(server: &Running) -> Seen {
    let mut children: BTreeMap<u32, Vec<(u32, bool, usize)>> = BTreeMap::new();
    let mut own_threads = 0;
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // A process may end while it is looked at.
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        let Some((_, fields)) = stat.rsplit_once(") ") else { continue };
        let fields: Vec<&str> = fields.split(' ').collect();
        let (Ok(parent), Ok(threads)) = (fields[1].parse(), fields[17].parse()) else { continue };
        if pid == server.process() {
            own_threads = threads;
        }
        children.entry(parent).or_default().push((pid, fields[0] == "Z", threads));
    }
    let mut sum = Seen { processes: 1, threads: own_threads, zombies: 0 };
    let mut waiting = vec![server.process()];
    while let Some(parent) = waiting.pop() {
        for (pid, is_zombie, threads) in children.get(&parent).into_iter().flatten() {
            match is_zombie {
                true => sum.zombies += 1,
                false => {
                    sum.processes += 1;
                    sum.threads += threads;
                }
            }
            waiting.push(*pid);
        }
    }
    sum
}

fn in_words(Seen { processes, threads, zombies }: Seen) -> String {
    let of = |count: usize, one: &str, many: &str| match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {many}"),
    };
    let mut text = of(processes, "process", "processes");
    if threads > processes {
        text += &format!(" ({})", of(threads, "thread", "threads"));
    }
    if zombies > 0 {
        text += &format!(" and {}", of(zombies, "zombie", "zombies"));
    }
    text
}
