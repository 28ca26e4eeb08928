use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::time::{clock_getcpuclockid, clock_gettime};
use nix::unistd::{Pid, SysconfVar, sysconf};

/// A process, seen through /proc (proc(5)).
///
/// If the process is gone, each method except [`state`](Self::state) fails the test: a missing
/// figure must not count as a good one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Process(pub i32);

/// The resources of a process: a server must give them back when its clients are gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Footprint {
    /// How many descriptors are open.
    pub descriptors: usize,
    /// How many threads it has.
    pub threads: usize,
    /// How many children it has, zombies included.
    pub children: usize,
}

impl Footprint {
    /// Whether no count of it is larger than in `other`.
    pub fn is_within(self, other: Footprint) -> bool {
        self.descriptors <= other.descriptors
            && self.threads <= other.threads
            && self.children <= other.children
    }
}

impl Process {
    /// Its resources now.
    pub fn footprint(self) -> Footprint {
        Footprint {
            descriptors: self.descriptors().len(),
            threads: self.threads().len(),
            children: self.children().len(),
        }
    }

    /// Sends it a signal. A process that is gone gets none.
    pub fn signal(self, signal: Signal) {
        let _ = kill(Pid::from_raw(self.0), signal);
    }

    /// Sends it a signal by number, even one without a name.
    ///
    /// # Panics
    ///
    /// It is gone.
    #[track_caller]
    pub fn signal_number(self, number: i32) {
        let mut kill = Command::new("kill");
        let status = kill.args([format!("-{number}"), self.0.to_string()]).status();
        assert!(status.expect("kill runs").success(), "{self:?} takes no signal {number}");
    }

    /// Its state: `R` running, `S` sleeping, `T` stopped, `Z` a zombie; `None` if it is gone.
    pub fn state(self) -> Option<char> {
        self.stat()?[0].chars().next()
    }

    /// Its children, zombies included, in the order of their numbers.
    pub fn children(self) -> Vec<Process> {
        let mut children: Vec<_> = fs::read_dir("/proc")
            .expect("/proc is mounted")
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .map(Process)
            .filter(|process| process.parent() == Some(self))
            .collect();
        children.sort();
        children
    }

    /// The names of its threads, as `ps -T` shows them: at most 15 bytes of each.
    pub fn threads(self) -> Vec<String> {
        self.list("task")
            .into_iter()
            // A thread that has just ended has no name any more.
            .filter_map(|id| fs::read_to_string(self.file(&format!("task/{id}/comm"))).ok())
            .map(|name| name.trim_end().to_owned())
            .collect()
    }

    /// Its open descriptors, and what each is: `socket:[4711]`, `pipe:[42]`, `/dev/null`.
    pub fn descriptors(self) -> BTreeMap<i32, String> {
        self.list("fd")
            .into_iter()
            .filter_map(|descriptor| {
                let what = fs::read_link(self.file(&format!("fd/{descriptor}"))).ok()?;
                Some((descriptor, what.to_string_lossy().into_owned()))
            })
            .collect()
    }

    /// The most memory that it has had so far, in KiB.
    pub fn vm_hwm(self) -> u64 {
        self.status("VmHWM")
    }

    /// How much memory it has now, in KiB.
    pub fn vm_rss(self) -> u64 {
        self.status("VmRSS")
    }

    /// How much memory it and its children use now, in KiB: memory that several processes share is
    /// divided among them (`Pss` in proc_pid_smaps(5)).
    pub fn pss(self) -> u64 {
        let processes = self.children().into_iter().chain([self]);
        processes.map(|process| process.field_of("smaps_rollup", "Pss")).sum()
    }

    /// How much processor time it has used, all its threads together (clock_getcpuclockid(3)).
    pub fn cpu_time(self) -> Duration {
        self.try_cpu_time().unwrap_or_else(|| self.gone())
    }

    fn try_cpu_time(self) -> Option<Duration> {
        let clock = clock_getcpuclockid(Pid::from_raw(self.0));
        clock.and_then(clock_gettime).ok().map(Duration::from)
    }

    /// The same, plus the time of its children, including those that it has waited for.
    pub fn cpu_time_with_children(self) -> Duration {
        let stat = self.stat().unwrap_or_else(|| self.gone());
        // cutime and cstime, fields 16 and 17 of proc_pid_stat(5), in clock ticks.
        let ticks = stat[13..15].iter().map(|field| field.parse::<u64>());
        let ticks: u64 = ticks.map(|ticks| ticks.expect("ticks")).sum();
        let ticks_a_second = sysconf(SysconfVar::CLK_TCK).ok().flatten().unwrap_or(100);
        let waited_for = Duration::from_millis(ticks * 1000 / ticks_a_second as u64);
        // A child that ends at this moment counts among those that were waited for.
        let children = self.children().into_iter();
        let children = children.filter_map(Process::try_cpu_time);
        self.cpu_time() + waited_for + children.sum::<Duration>()
    }

    /// The process that traces it (ptrace(2)), if there is one.
    pub fn tracer(self) -> Option<Process> {
        match self.status("TracerPid") {
            0 => None,
            tracer => Some(Process(i32::try_from(tracer).expect("it is a process's number"))),
        }
    }

    fn parent(self) -> Option<Process> {
        self.stat()?[1].parse().ok().map(Process)
    }

    /// The fields of proc_pid_stat(5) from the third on. Its name comes before them, and may
    /// contain any character.
    fn stat(self) -> Option<Vec<String>> {
        let stat = fs::read_to_string(self.file("stat")).ok()?;
        let (_, fields) = stat.rsplit_once(") ")?;
        Some(fields.split_whitespace().map(str::to_owned).collect())
    }

    fn status(self, field: &str) -> u64 {
        self.field_of("status", field)
    }

    fn field_of(self, file: &str, field: &str) -> u64 {
        let fields = fs::read_to_string(self.file(file)).unwrap_or_else(|_| self.gone());
        fields
            .lines()
            .find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))
            .and_then(|value| value.split_whitespace().next()?.parse().ok())
            .unwrap_or_else(|| panic!("process {} has no {field}", self.0))
    }

    /// The numbers that are names in a directory of the process.
    fn list(self, directory: &str) -> Vec<i32> {
        fs::read_dir(self.file(directory))
            .unwrap_or_else(|_| self.gone())
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .collect()
    }

    fn file(self, name: &str) -> String {
        format!("/proc/{}/{name}", self.0)
    }

    fn gone(self) -> ! {
        panic!("process {} is gone", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_sees_itself() {
        let this = Process(std::process::id() as i32);
        assert_eq!(this.state().map(|state| "RS".contains(state)), Some(true));
        assert!(this.descriptors().len() >= 3);
        assert!(this.vm_hwm() >= this.vm_rss() / 2);
        assert!(!this.threads().is_empty());
        this.cpu_time();
    }

    #[test]
    fn a_child_is_a_zombie_until_it_is_waited_for() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let process = Process(child.id() as i32);
        crate::wait_until("it has ended", || process.state() == Some('Z'));
        assert!(Process(std::process::id() as i32).children().contains(&process));
        child.wait().unwrap();
        assert_eq!(process.state(), None);
    }
}
