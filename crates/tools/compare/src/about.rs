//! The machine and the conditions of a comparison.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::{Duration, SystemTime};

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use crate::loads::{Kind, Load};

/// The version that was measured, and the machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// The commit of the sources, with a note if there are uncommitted changes.
    pub commit: String,
    /// The time at which this program was built, since a commit does not show later changes.
    pub built: String,
    /// The name of the processor.
    pub processor: String,
    /// The number of processors that this process may use.
    pub processors: usize,
    /// The size of the memory.
    pub memory: String,
    /// The kernel's release.
    pub kernel: String,
}

impl Machine {
    /// This machine.
    pub fn here() -> Machine {
        let line = |file: &str, name: &str| {
            let text = fs::read_to_string(file).unwrap_or_default();
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            let value = line.map(|rest| rest.trim_start_matches([':', ' ', '\t']).to_owned());
            value.unwrap_or_else(|| "unknown".to_owned())
        };
        let built = env::current_exe().and_then(|path| path.metadata()?.modified());
        Machine {
            commit: commit(),
            built: date(built.unwrap_or(SystemTime::UNIX_EPOCH)),
            processor: line("/proc/cpuinfo", "model name"),
            processors: thread::available_parallelism().map_or(1, usize::from),
            memory: line("/proc/meminfo", "MemTotal"),
            kernel: line("/proc/sys/kernel/osrelease", ""),
        }
    }
}

/// Everything that must be equal so that two measurements can be compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct About {
    #[serde(flatten)]
    pub(crate) machine: Machine,
    pub(crate) placement: String,
    /// The length of each measurement in seconds.
    pub(crate) seconds: f64,
}

impl About {
    pub(crate) fn here(place: &Placement, duration: Duration) -> About {
        About {
            machine: Machine::here(),
            placement: place.to_string(),
            seconds: duration.as_secs_f64(),
        }
    }
}

/// The processor of the server, and that of the load generator.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Placement {
    server: usize,
    generator: usize,
    /// Whether some loads let both use both.
    kind: Kind,
}

impl Placement {
    /// The first two processors that this process may use. Otherwise the scheduler moves both
    /// programs, and a message that crosses from one processor to another costs more than the
    /// differences between most styles.
    pub(crate) fn choose(kind: Kind) -> Placement {
        let allowed = sched_getaffinity(Pid::from_raw(0)).unwrap_or_default();
        let is_allowed = |cpu: &usize| allowed.is_set(*cpu).unwrap_or(false);
        let mut cpus = (0..CpuSet::count()).filter(is_allowed);
        let server = cpus.next().unwrap_or(0);
        let generator = cpus.next().unwrap_or(server);
        Placement { server, generator, kind }
    }

    /// Makes this process, and all that it starts from now on, run where the servers of this load
    /// run.
    pub(crate) fn stay_with_servers(&self, load: &Load) -> nix::Result<()> {
        self.stay(load, self.server)
    }

    /// The same for the load generator.
    pub(crate) fn stay_with_generator(&self, load: &Load) -> nix::Result<()> {
        self.stay(load, self.generator)
    }

    fn stay(&self, load: &Load, alone: usize) -> nix::Result<()> {
        let mut allowed = CpuSet::new();
        for cpu in [self.server, self.generator] {
            if load.processors > 1 || cpu == alone {
                allowed.set(cpu)?;
            }
        }
        sched_setaffinity(Pid::from_raw(0), &allowed)
    }
}

impl std::fmt::Display for Placement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Placement { server, generator, kind } = self;
        match server == generator {
            true => write!(f, "the server and the load generator share processor {server}"),
            false => write!(
                f,
                "the server on processor {server}, the load generator on processor {generator}"
            ),
        }?;
        match kind {
            Kind::TwoProcessors => {
                f.write_str("; where the load says two processors, both on both")
            }
            Kind::Full | Kind::Quick => Ok(()),
        }
    }
}

/// The number of processes that wanted a processor in the last minute (proc_loadavg(5)).
pub fn load_average() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let first = text.split_whitespace().next();
    first.and_then(|first| first.parse().ok()).unwrap_or(0.0)
}

/// The time as in RFC 3339, to the second.
pub fn date(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}

/// The directory of the sources: the one given to `cargo run`, or this one.
pub(crate) fn sources() -> PathBuf {
    env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| ".".into(), PathBuf::from)
}

fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").arg("-C").arg(sources()).args(arguments).output();
        let output = output.ok().filter(|output| output.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    match (git(&["rev-parse", "--short=12", "HEAD"]), git(&["status", "--porcelain", "-uno"])) {
        (Some(commit), Some(changes)) if changes.is_empty() => commit,
        (Some(commit), _) => format!("{commit}, and changes"),
        (None, _) => "unknown".to_owned(),
    }
}

/// The default directory for the page and its files.
pub(crate) fn default_directory(kind: Kind) -> PathBuf {
    sources().join("target/compare").join(match kind {
        Kind::Full => "full",
        Kind::Quick => "quick",
        Kind::TwoProcessors => "two-processors",
    })
}
