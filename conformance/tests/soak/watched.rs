//! A server under load, with its resources and its log.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, BufRead, BufReader, PipeReader};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use protocol::Entry;
use test_kit::{Client, Directory, Footprint, Own, Server, Style, wait_until};

use crate::polite;
use crate::visits::Visits;

/// The memory that a server may keep, in KiB, in addition to that after the warm-up: the size of
/// six members' mailboxes, and a little more.
///
/// Nothing is kept for a client that has left. But the allocator keeps free memory below a block
/// that is still in use, and gives it to the next client.
const KEPT: u64 = 2 * 1024;

/// The additional memory for each thread that allocates, since each may have its own arena
/// (mallopt(3), M_ARENA_MAX), which keeps memory that its thread once needed: a mailbox, and as
/// much again.
const KEPT_IN_AN_ARENA: u64 = 512;

/// The number of threads of six members in the thread style, including the hub's and the main
/// thread.
const THREADS: u64 = 14;

/// The limit for a style: from 2 to 10 MiB with two processors. If a kilobyte were lost with each
/// client, a soak of some minutes would exceed this.
fn kept(style: Style) -> u64 {
    let processors =
        thread::available_parallelism().map_or(1, |processors| processors.get() as u64);
    let arenas = match style.own {
        Own::Nothing | Own::Process | Own::Slot => 0,
        // Each worker writes to pages that it shared with its parent.
        Own::WorkerProcess => style.worker_processes() as u64,
        Own::Thread => THREADS,
        // Every worker serves members now and then, and there are at most eight arenas for each
        // processor.
        Own::WorkerThread => 8 * processors,
        Own::Task if style == Style::EXECUTOR => 0,
        Own::Task => processors,
    };
    KEPT + arenas * KEPT_IN_AN_ARENA
}

/// A server of one service, whose resources and log are watched.
pub(crate) struct Watched {
    pub(crate) style: Style,
    pub(crate) service: &'static Entry,
    server: Server,
    /// The directory of its files.
    pub(crate) directory: PathBuf,
    log: Log,
    at_rest: Footprint,
}

impl Watched {
    pub(crate) fn start(style: Style, service: &'static Entry, directory: &Directory) -> Watched {
        let (log, to_log) = io::pipe().expect("descriptors are left");
        let mut options = vec!["--seed", polite::SEED];
        if service.stores {
            options.extend(["--directory", directory.as_str()]);
        }
        let server = Server::start_with_log(style, service.name, &options, Stdio::from(to_log));
        let log = Log::collect(log);
        let at_rest = at_rest(&server, &log);
        Watched { style, service, server, directory: directory.path().to_owned(), log, at_rest }
    }

    pub(crate) fn connect(&self) -> Client {
        self.server.connect()
    }

    /// Its memory in KiB, after all clients have left.
    pub(crate) fn memory_at_rest(&self) -> u64 {
        let process = self.server.process();
        wait_until(&format!("{self} holds no more than at the beginning"), || {
            process.footprint().is_within(self.at_rest)
        });
        process.vm_rss() + process.children().iter().map(|worker| worker.vm_rss()).sum::<u64>()
    }

    /// It has served clients, and holds no more than before.
    pub(crate) fn expect_as_it_was(&self, before: u64, visits: &Visits) {
        let after = self.memory_at_rest();
        let bound = before + kept(self.style);
        eprintln!("{self}: {visits}, {before} to {after} KiB");
        visits.expect_both();
        assert!(after <= bound, "{self} grew from {before} to {after} KiB, after {visits}");
    }

    /// It ends when it is stopped, and has logged no errors.
    pub(crate) fn expect_stop(&mut self) {
        let status = self.server.stop();
        let log = self.log.0.lock().expect("no panic");
        assert_eq!(status.code(), Some(0), "{self}: {log:#?}");
        assert!(log.errors.is_empty(), "{self}: {log:#?}");
    }
}

impl fmt::Display for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.style.name, self.service.name)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if thread::panicking() {
            let log = self.log.0.lock().unwrap_or_else(PoisonError::into_inner);
            eprintln!("the last of the log of {self}: {log:#?}");
        }
    }
}

/// The server's resources after a first client, since it may allocate some of them only then.
fn at_rest(server: &Server, log: &Log) -> Footprint {
    let process = server.process();
    let mut visitor = server.connect();
    visitor.half_close();
    visitor.read_to_end();
    drop(visitor);
    wait_until("the first client has gone", || {
        let logged = log.0.lock().expect("no panic");
        let has_left = logged.last.iter().any(|line| line.contains("client 1 left"));
        has_left && server.has_no_clients()
    });
    process.footprint()
}

/// The log of a server: the last lines except for speech, and all errors.
struct Log(Arc<Mutex<Logged>>);

#[derive(Debug, Default)]
struct Logged {
    last: VecDeque<String>,
    errors: Vec<String>,
}

impl Log {
    fn collect(source: PipeReader) -> Log {
        const SHOWN: usize = 30;
        let log = Log(Arc::default());
        let logged = Arc::clone(&log.0);
        thread::spawn(move || {
            for line in BufReader::new(source).lines().map_while(Result::ok) {
                let mut logged = logged.lock().expect("no panic");
                if line.contains(" ERROR ") {
                    logged.errors.push(line.clone());
                }
                if !line.contains(" said ") {
                    logged.last.push_back(line);
                }
                if logged.last.len() > SHOWN {
                    logged.last.pop_front();
                }
            }
        });
        log
    }
}
