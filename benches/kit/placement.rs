use std::{env, fmt, fs};

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

/// On which processors the servers run, and on which the client does.
///
/// It decides more than the style: where both ends share a processor, an echo goes round in a
/// fraction of the time that it takes to wake another processor from its sleep.
pub(crate) struct Placement {
    server: usize,
    client: usize,
}

impl Placement {
    /// Pins this process where the client belongs: on the last processor that it may use, which
    /// is seldom the one that serves interrupts, and the servers on the same one. With
    /// `PLACEMENT=apart` in the environment, the servers get the one before it.
    ///
    /// # Panics
    ///
    /// The servers shall be apart, and there is one processor.
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

    /// Which processor is whose.
    pub(crate) fn place(&self) -> String {
        let Placement { server, client } = self;
        match server == client {
            true => format!("Servers and client share processor {client}"),
            false => format!("Servers run on processor {server}, the client on {client}"),
        }
    }

    /// Starts something where the servers belong: a child inherits the place of its parent.
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
