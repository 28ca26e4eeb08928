use std::{env, fmt, fs};

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

/// The processors on which the servers and the client run.
///
/// It matters more than the style: if both ends share a processor, an echo takes a fraction of the
/// time that it takes to wake another processor.
pub(crate) struct Placement {
    server: usize,
    client: usize,
}

impl Placement {
    /// Pins this process, the client, to the last processor that it may use, which is seldom the
    /// one that serves interrupts. The servers get the same one or, with `PLACEMENT=apart` in the
    /// environment, the one before it.
    ///
    /// # Panics
    ///
    /// `PLACEMENT=apart` is set, and there is only one processor.
    pub(crate) fn take() -> Placement {
        test_kit::build();
        let allowed = sched_getaffinity(Pid::from_raw(0)).expect("a process may ask for its own");
        let allowed = |cpu: &usize| allowed.is_set(*cpu).unwrap_or(false);
        let mut last = (0..CpuSet::count()).rev().filter(allowed);
        let client = last.next().expect("it runs on one");
        let server = match env::var("PLACEMENT").as_deref() {
            Err(_) | Ok("together") => client,
            Ok("apart") => last.next().expect("PLACEMENT=apart wants two processors"),
            Ok(other) => panic!("PLACEMENT is together or apart, and not {other}"),
        };
        let placement = Placement { server, client };
        pin_to(placement.client);
        placement
    }

    /// The text that names the processors.
    pub(crate) fn place(&self) -> String {
        let Placement { server, client } = self;
        match server == client {
            true => format!("Servers and client share processor {client}"),
            false => format!("Servers run on processor {server}, the client on {client}"),
        }
    }

    /// Starts something on the servers' processor: a child inherits the processor of its parent.
    pub(crate) fn start<T>(&self, start: impl FnOnce() -> T) -> T {
        pin_to(self.server);
        let started = start();
        pin_to(self.client);
        started
    }
}

fn pin_to(cpu: usize) {
    let mut set = CpuSet::new();
    set.set(cpu).expect("it is one of the set");
    sched_setaffinity(Pid::from_raw(0), &set).expect("it is one that may be used");
}

impl fmt::Display for Placement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.place();
        let so = match self.server == self.client {
            true => {
                "what both do is in each figure, and no waking of a sleeping processor is, which \
                 would outweigh the style."
            }
            false => {
                "each figure holds the waking of a sleeping processor wherever one side waits for \
                 the other."
            }
        };
        write!(f, "{place}: {so}")?;
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load: Vec<_> = load.split(' ').take(3).collect();
        write!(f, " Load average before: {}.", load.join(" "))
    }
}
