//! The scoreboard: memory that the parent and its workers share, as in Apache's httpd.

use std::io;
use std::num::NonZero;
use std::slice;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous};
use protocol::ClientId;

// ANCHOR: scoreboard
/// How many clients there have been, and the client that each worker serves now.
///
/// Each number belongs to one worker, and the count is an atomic number, so no lock is needed: a
/// worker that dies with a lock would keep it forever.
#[derive(Clone)]
pub(crate) struct Scoreboard {
    accepted: &'static AtomicU64,
    /// 0 for a worker that waits: the first client has the number 1.
    serving: &'static [AtomicU64],
}

impl Scoreboard {
    /// Maps memory that a fork does not copy (mmap(2), MAP_SHARED): all processes see one page.
    ///
    /// # Errors
    ///
    /// There is no memory left.
    #[allow(unsafe_code)]
    pub(crate) fn new(workers: usize) -> io::Result<Scoreboard> {
        let size = NonZero::new((1 + workers) * size_of::<AtomicU64>()).expect("there is a count");
        let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: it is new memory that nothing else knows and that is never unmapped. It begins at
        // a page, and consists of zeros, which are valid numbers.
        let numbers: &'static [AtomicU64] = unsafe {
            let start = mmap_anonymous(None, size, access, MapFlags::MAP_SHARED)?;
            slice::from_raw_parts(start.as_ptr().cast(), 1 + workers)
        };
        let (accepted, serving) = numbers.split_first().expect("there is a count");
        Ok(Scoreboard { accepted, serving })
    }
    // ANCHOR_END: scoreboard

    /// The count of clients so far, for those who accept.
    pub(crate) fn count(&self) -> &'static AtomicU64 {
        self.accepted
    }

    /// Notes that a worker serves this client now.
    pub(crate) fn begin(&self, worker: usize, client: ClientId) {
        self.serving[worker].store(client.0, SeqCst);
    }

    /// The client that a worker serves, if there is one, whose note ends.
    pub(crate) fn take(&self, worker: usize) -> Option<ClientId> {
        match self.serving[worker].swap(0, SeqCst) {
            0 => None,
            client => Some(ClientId(client)),
        }
    }
}
