//! The number of threads that the system has memory for.
//!
//! If there is no memory for a thread's stack, the thread cannot start, and the server refuses its
//! client. But once a thread runs, Rust also gives it a stack for signals, with a guard page. If
//! there is no memory for that, the whole process ends. So the server starts fewer threads than
//! that.

use std::fs;

use nix::libc;
use nix::sys::resource::{Resource, getrlimit};
use nix::unistd::{SysconfVar, sysconf};
use protocol::{MAILBOX_LIMIT, Service};
use sockets::{Limits, WRITE_SIZE};
use tracing::warn;

use super::STACK;

/// How many mappings of memory a thread makes: its stack, the stack for signals, and the guard page
/// of each (mmap(2)).
const MAPPINGS: usize = 4;

/// How many mappings, and how many bytes, are kept for everything that is not a client's.
const SPARE_MAPPINGS: usize = 256;
const SPARE_BYTES: usize = 8 * 1024 * 1024;

/// The stack for signals with its guard page, and the bytes that the system adds when it rounds up.
const SIGNAL_STACK: usize = 64 * 1024;

/// The limits, with no more clients than there is memory for. Further clients wait in the backlog.
pub fn limited(limits: Limits, service: &Service) -> Limits {
    let address_space = address_space();
    if address_space.is_some() {
        use_one_heap();
    }
    let (most, why) = most_clients(service, address_space);
    if most < limits.max_clients {
        warn!("at most {most} clients at once, and not {}: {why}", limits.max_clients);
    }
    Limits { max_clients: limits.max_clients.min(most), ..limits }
}

/// How many clients there is memory for, and which limit decides that.
fn most_clients(service: &Service, address_space: Option<usize>) -> (usize, &'static str) {
    let (threads, mailbox) = if service.has_room() { (2, MAILBOX_LIMIT) } else { (1, 0) };
    // The bytes that a client can make the server hold, at worst.
    let buffers = 2 * service.read_size() + WRITE_SIZE + mailbox;
    let a_client = threads * (STACK + SIGNAL_STACK) + buffers;
    let by_mappings = (free_mappings() / (threads * MAPPINGS)).max(1);
    let by_bytes = address_space.map_or(usize::MAX, |free| (free / a_client).max(1));
    if by_bytes < by_mappings {
        return (by_bytes, "there is no memory for more threads (RLIMIT_AS)");
    }
    (by_mappings, "of memory there may be no more mappings (vm.max_map_count)")
}

fn free_mappings() -> usize {
    let most = fs::read_to_string("/proc/sys/vm/max_map_count").ok();
    // 65,530 is the kernel's default.
    let most = most.and_then(|text| text.trim().parse().ok()).unwrap_or(65_530_usize);
    let used = fs::read_to_string("/proc/self/maps").map_or(0, |maps| maps.lines().count());
    most.saturating_sub(used + SPARE_MAPPINGS)
}

/// The bytes of address space that are left, if they are limited.
fn address_space() -> Option<usize> {
    let (limit, _) = getrlimit(Resource::RLIMIT_AS).ok()?;
    if limit == libc::RLIM_INFINITY {
        return None;
    }
    let pages = fs::read_to_string("/proc/self/statm").ok();
    let pages: usize = pages.and_then(|text| text.split(' ').next()?.parse().ok()).unwrap_or(0);
    let page = sysconf(SysconfVar::PAGE_SIZE).ok().flatten().unwrap_or(4096);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    Some(limit.saturating_sub(pages * page as usize + SPARE_BYTES))
}

/// Makes malloc(3) take all memory from one heap. By default it uses several, and reserves 64 MiB
/// of addresses for each: too much for a limited address space.
#[allow(unsafe_code)]
fn use_one_heap() {
    // SAFETY: mallopt(3) only sets a parameter of the allocator.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
}
