//! The costs of a server: what the kernel records about its process and its descendants (proc(5)).

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::ops::Add;
use std::time::Duration;

use nix::time::clock_getcpuclockid;
use nix::unistd::{Pid, SysconfVar, sysconf};
use serde::{Deserialize, Serialize};

/// The costs of a server, from before the first client came until the last answer had come.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Costs {
    /// Processor seconds in user mode while clients talked: a share of the whole, as precise as the
    /// ticks of the kernel's clock.
    pub user_seconds: f64,
    /// The same in the kernel.
    pub system_seconds: f64,
    /// How often one of its threads went to sleep while clients talked. Threads that have ended are
    /// not counted, since the kernel forgets their numbers.
    pub voluntary_switches: u64,
    /// How often the kernel took the processor away from one of its threads.
    pub involuntary_switches: u64,
    /// Proportional memory (memory that several processes share is divided among them) before the
    /// first client came, in bytes.
    pub memory_at_rest: u64,
    /// The same when all clients that stay had been let in, and none was talking yet.
    pub memory_with_clients: u64,
    /// The same after the last answer.
    pub memory_at_the_end: u64,
    /// The peak memory of each process, added up. Shared memory counts in each.
    pub peak_memory: u64,
    /// The number of processes after the last answer.
    pub processes: u64,
    /// The number of their threads.
    pub threads: u64,
    /// The number of their open descriptors.
    pub descriptors: u64,
}

/// The state of a tree of processes at one time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Snapshot {
    /// All processor time, including that of waited-for children.
    processor: Duration,
    /// The same, in ticks.
    user_ticks: u64,
    system_ticks: u64,
    voluntary_switches: u64,
    involuntary_switches: u64,
    memory: u64,
    peak_memory: u64,
    processes: u64,
    threads: u64,
    descriptors: u64,
}

impl Costs {
    /// The costs, from the snapshots at rest, with all clients, and at the end.
    pub(crate) fn between(rest: &Snapshot, clients: &Snapshot, end: &Snapshot) -> Costs {
        let ticks = |of: fn(&Snapshot) -> u64| of(end).saturating_sub(of(clients)) as f64;
        let (user, system) = (ticks(|at| at.user_ticks), ticks(|at| at.system_ticks));
        let processor = end.processor.saturating_sub(clients.processor);
        // Without a tick there is no hint how to divide the time.
        let share = if user + system > 0.0 { user / (user + system) } else { 0.5 };
        Costs {
            user_seconds: processor.as_secs_f64() * share,
            system_seconds: processor.as_secs_f64() * (1.0 - share),
            voluntary_switches: end.voluntary_switches.saturating_sub(clients.voluntary_switches),
            involuntary_switches: end
                .involuntary_switches
                .saturating_sub(clients.involuntary_switches),
            memory_at_rest: rest.memory,
            memory_with_clients: clients.memory,
            memory_at_the_end: end.memory,
            peak_memory: end.peak_memory,
            processes: end.processes,
            threads: end.threads,
            descriptors: end.descriptors,
        }
    }

    /// All processor time, in seconds.
    pub fn processor_seconds(&self) -> f64 {
        self.user_seconds + self.system_seconds
    }
}

impl Snapshot {
    /// A snapshot of these processes and all their descendants.
    ///
    /// # Errors
    ///
    /// There is no such process, or it belongs to another user. The text says which.
    pub(crate) fn of(processes: &[i32]) -> io::Result<Snapshot> {
        let mut sum = Snapshot::default();
        if processes.is_empty() {
            return Ok(sum);
        }
        let stats = all_processes()?;
        if let Some(pid) = processes.iter().find(|pid| !stats.contains_key(pid)) {
            return Err(io::Error::other(format!("there is no process {pid}")));
        }
        for member in trees(processes, &stats) {
            match one(member, &stats[&member]) {
                Ok(one) => sum = sum + one,
                // A child may end at any time.
                Err(error) if processes.contains(&member) => {
                    let text = format!("cannot look into process {member}: {error}");
                    return Err(io::Error::other(text));
                }
                Err(_) => {}
            }
        }
        Ok(sum)
    }
}

/// These processes and all their descendants, each once.
fn trees(processes: &[i32], stats: &HashMap<i32, Stat>) -> Vec<i32> {
    let mut found = processes.to_vec();
    found.sort_unstable();
    found.dedup();
    let mut looked_at = 0;
    while let Some(parent) = found.get(looked_at) {
        let children = stats.iter().filter(|(_, stat)| stat.parent == *parent);
        let children = children.map(|(pid, _)| *pid).filter(|pid| !found.contains(pid));
        let children: Vec<i32> = children.collect();
        found.extend(children);
        looked_at += 1;
    }
    found
}

/// Whether the process or a descendant has a TCP socket at this port, by the tables of its own
/// network namespace.
///
/// # Errors
///
/// The process has ended, or belongs to another user.
pub(crate) fn serves_at(pid: i32, port: u16) -> io::Result<bool> {
    let mut sockets = HashSet::new();
    for table in ["tcp", "tcp6"] {
        // Without IPv6 there is no second table.
        let text = fs::read_to_string(format!("/proc/{pid}/net/{table}")).unwrap_or_default();
        sockets.extend(text.lines().filter_map(|line| socket_at(line, port)));
    }
    fs::read_dir(format!("/proc/{pid}/fd"))?;
    let descriptors = trees(&[pid], &all_processes()?)
        .into_iter()
        .flat_map(|member| fs::read_dir(format!("/proc/{member}/fd")))
        .flatten();
    let mut links = descriptors.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    Ok(links.any(|link| sockets.contains(&*link.to_string_lossy())))
}

/// The socket of a line of /proc/net/tcp if it is at this port: `socket:[4711]`, as in the links of
/// /proc/PID/fd.
fn socket_at(line: &str, port: u16) -> Option<String> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (_, own) = fields.get(1)?.rsplit_once(':')?;
    let is_there = u16::from_str_radix(own, 16) == Ok(port);
    let inode = fields.get(9)?;
    is_there.then(|| format!("socket:[{inode}]"))
}

/// The contents of proc_pid_stat(5).
#[derive(Debug, PartialEq)]
struct Stat {
    is_zombie: bool,
    parent: i32,
    /// Including those of waited-for children.
    user_ticks: u64,
    system_ticks: u64,
    /// Only those of waited-for children.
    children_ticks: u64,
    threads: u64,
}

fn all_processes() -> io::Result<HashMap<i32, Stat>> {
    let entries =
        fs::read_dir("/proc")?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let pids = entries.filter_map(|name| name.parse::<i32>().ok());
    let stat = |pid| {
        let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        Some((pid, parse_stat(&text)?))
    };
    Ok(pids.filter_map(stat).collect())
}

fn parse_stat(text: &str) -> Option<Stat> {
    // The name stands in parentheses, and may contain anything, even parentheses. The field after
    // it is the third one of the manual page.
    let (_, fields) = text.rsplit_once(") ")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    let children_ticks = field(16)? + field(17)?;
    Some(Stat {
        is_zombie: fields.first() == Some(&"Z"),
        parent: fields.get(4 - 3)?.parse().ok()?,
        user_ticks: field(14)? + field(16)?,
        system_ticks: field(15)? + field(17)?,
        children_ticks,
        threads: field(20)?,
    })
}

fn one(pid: i32, stat: &Stat) -> io::Result<Snapshot> {
    // A process's CPU clock counts in nanoseconds (clock_getcpuclockid(3)). With ticks of 10 ms,
    // the times of a thousand children would all be rounded down to nothing.
    let own = Duration::from(clock_getcpuclockid(Pid::from_raw(pid))?.now()?);
    let ticks_a_second = sysconf(SysconfVar::CLK_TCK)?.unwrap_or(100) as f64;
    let children = Duration::from_secs_f64(stat.children_ticks as f64 / ticks_a_second);
    let mut sum = Snapshot {
        processor: own + children,
        user_ticks: stat.user_ticks,
        system_ticks: stat.system_ticks,
        processes: 1,
        ..Snapshot::default()
    };
    if stat.is_zombie {
        // The process has ended and has returned all its resources.
        return Ok(sum);
    }
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    // Memory that n processes share counts one nth in each (Pss).
    sum.memory = field(&rollup, "Pss") * 1024;
    sum.peak_memory = field(&status, "VmHWM") * 1024;
    sum.threads = stat.threads;
    sum.descriptors = fs::read_dir(format!("/proc/{pid}/fd"))?.count() as u64;
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        let status = fs::read_to_string(task?.path().join("status")).unwrap_or_default();
        sum.voluntary_switches += field(&status, "voluntary_ctxt_switches");
        sum.involuntary_switches += field(&status, "nonvoluntary_ctxt_switches");
    }
    Ok(sum)
}

/// The number after `name:`, or 0 if there is none.
fn field(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let number = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    number.unwrap_or(0)
}

impl Add for Snapshot {
    type Output = Snapshot;

    fn add(self, other: Snapshot) -> Snapshot {
        Snapshot {
            processor: self.processor + other.processor,
            user_ticks: self.user_ticks + other.user_ticks,
            system_ticks: self.system_ticks + other.system_ticks,
            voluntary_switches: self.voluntary_switches + other.voluntary_switches,
            involuntary_switches: self.involuntary_switches + other.involuntary_switches,
            memory: self.memory + other.memory,
            peak_memory: self.peak_memory + other.peak_memory,
            processes: self.processes + other.processes,
            threads: self.threads + other.threads,
            descriptors: self.descriptors + other.descriptors,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::{self, Command, Stdio};

    use super::*;

    fn this() -> i32 {
        process::id() as i32
    }

    #[test]
    fn a_name_may_hold_anything() {
        let text = "7 (a) S 1 (b) S 3 7 7 0 -1 0 0 0 0 0 11 12 13 14 20 0 5 0 99";
        let expected = Stat {
            is_zombie: false,
            parent: 3,
            user_ticks: 11 + 13,
            system_ticks: 12 + 14,
            children_ticks: 13 + 14,
            threads: 5,
        };
        assert_eq!(parse_stat(text), Some(expected));
        assert_eq!(parse_stat("7 (cut) S 1"), None);
    }

    #[test]
    fn a_process_is_counted_with_its_children_and_threads() {
        let alone = Snapshot::of(&[this()]).unwrap();
        assert!(alone.memory > 0 && alone.peak_memory >= alone.memory / 2);
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let child_id = child.id() as i32;
        let its = Snapshot::of(&[child_id]).unwrap();
        assert_eq!((its.processes, its.threads), (1, 1));
        // Other tests in this process may start threads and processes meanwhile.
        let both = Snapshot::of(&[this()]).unwrap();
        assert!(both.processes >= 2 && both.threads >= 3);
        assert!(both.descriptors > its.descriptors);
        drop(child.stdin.take());
        child.wait().unwrap();
        let error = Snapshot::of(&[child_id]).unwrap_err().to_string();
        assert_eq!(error, format!("there is no process {child_id}"));
    }

    #[test]
    fn the_time_of_waited_for_children_counts() {
        let before = Snapshot::of(&[this()]).unwrap();
        let busy = "i=0; while [ $i -lt 200000 ]; do i=$((i + 1)); done";
        let status = Command::new("sh").args(["-c", busy]).status().unwrap();
        assert!(status.success());
        let after = Snapshot::of(&[this()]).unwrap();
        let costs = Costs::between(&before, &before, &after);
        assert!(costs.processor_seconds() >= 0.02, "{costs:?}");
    }
}
