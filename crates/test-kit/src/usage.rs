use std::fs;

use nix::fcntl::OFlag;

use crate::Process;

impl Process {
    /// How often its threads have slept, and so been woken, since they were started
    /// (`voluntary_ctxt_switches` in proc_pid_status(5)).
    pub fn wakeups(self) -> u64 {
        self.wakeups_of_each_thread().sum()
    }

    /// How many of its threads have slept, and so have begun their work.
    pub fn begun_threads(self) -> usize {
        self.wakeups_of_each_thread().filter(|count| *count > 0).count()
    }

    fn wakeups_of_each_thread(self) -> impl Iterator<Item = u64> {
        self.of_each_thread("status").map(|status| {
            let mut lines = status.lines();
            let count = lines.find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
            let count = count.expect("proc_pid_status(5) has it").trim();
            count.parse().expect("a count")
        })
    }

    /// The system call that its first thread waits in, as proc_pid_syscall(5) shows it: two
    /// processes that wait in the same call have the same number. `None` while it runs.
    pub fn waits_in(self) -> Option<i64> {
        let call = fs::read_to_string(format!("/proc/{}/syscall", self.0)).ok()?;
        call.split_whitespace().next()?.parse().ok()
    }

    /// The sockets among its descriptors, by their numbers in the kernel: another process with the
    /// same socket shows the same number.
    pub fn sockets(self) -> Vec<String> {
        let sockets = self.descriptors().into_values();
        sockets.filter(|what| what.starts_with("socket:")).collect()
    }

    /// Whether the socket that listens on this port blocks: its flags in proc_pid_fdinfo(5) do not
    /// contain O_NONBLOCK.
    ///
    /// # Panics
    ///
    /// The process has no such socket.
    #[track_caller]
    pub fn has_blocking_listener(self, port: u16) -> bool {
        let sockets = fs::read_to_string("/proc/net/tcp").expect("/proc is mounted");
        let (place, listens) = (format!(":{port:04X}"), "0A");
        let inode = sockets.lines().find_map(|line| {
            let fields: Vec<_> = line.split_whitespace().collect();
            let is_it = fields[1].ends_with(&place) && fields[3] == listens;
            is_it.then(|| format!("socket:[{}]", fields[9]))
        });
        let is_it = |(_, what): &(i32, String)| Some(what) == inode.as_ref();
        let (descriptor, _) =
            self.descriptors().into_iter().find(is_it).expect("it listens at this port");
        let info = fs::read_to_string(format!("/proc/{}/fdinfo/{descriptor}", self.0));
        let info = info.expect("it is open");
        let flags = info.lines().find_map(|line| line.strip_prefix("flags:")).expect("its flags");
        let flags = i32::from_str_radix(flags.trim(), 8).expect("an octal number");
        flags & OFlag::O_NONBLOCK.bits() == 0
    }

    /// Its threads' files of this name. A thread that has just ended has none.
    fn of_each_thread(self, file: &str) -> impl Iterator<Item = String> {
        let threads = fs::read_dir(format!("/proc/{}/task", self.0));
        let threads = threads.unwrap_or_else(|_| panic!("process {} is gone", self.0));
        threads.filter_map(move |entry| fs::read_to_string(entry.ok()?.path().join(file)).ok())
    }
}
