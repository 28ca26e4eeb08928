//! The workers of the prefork style: where they sleep, and which clients they accept.

use std::collections::BTreeMap;

use nix::libc;

use crate::{Process, Server, wait_until};

/// Waits until there are `count` workers and all of them wait for a client, and returns them. `way` is
/// the way in which they share the port.
#[track_caller]
pub fn asleep(server: &Server, way: &str, count: usize) -> Vec<Process> {
    let mut workers = Vec::new();
    wait_until("all workers wait for a client", || {
        workers = server.process().children();
        workers.len() == count && workers.iter().all(|worker| sleeps_at_the_door(*worker, way))
    });
    workers
}

/// Whether this worker sleeps in the call in which it waits for its next client.
fn sleeps_at_the_door(worker: Process, way: &str) -> bool {
    let calls: &[i64] = match way {
        "accept" => &[libc::SYS_accept4],
        "epoll" | "exclusive" => &[
            libc::SYS_epoll_pwait,
            #[cfg(target_arch = "x86_64")]
            libc::SYS_epoll_wait,
        ],
        _ => &[
            libc::SYS_ppoll,
            #[cfg(target_arch = "x86_64")]
            libc::SYS_poll,
        ],
    };
    let is_named = worker.threads().iter().all(|name| name.starts_with("worker-"));
    is_named && worker.waits_in().is_some_and(|call| calls.contains(&call))
}

/// How many clients each process has accepted, as the server's log says. A process that has accepted
/// none is not among them.
#[track_caller]
pub fn accepted(server: &Server) -> BTreeMap<Process, usize> {
    let mut accepted = BTreeMap::new();
    for line in server.log().iter().filter(|line| line.contains(" connected from ")) {
        *accepted.entry(process_of(line)).or_default() += 1;
    }
    accepted
}

/// The process that has written a line of the log: TIME LEVEL PROCESS PLACE: TEXT.
#[track_caller]
pub fn process_of(line: &str) -> Process {
    let number = line.split_whitespace().nth(2).expect("the process is the third column");
    Process(number.parse().expect("it is a number"))
}
