use std::num::NonZero;
use std::ptr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};

use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous};

/// The number of kinds of lines that [`Shared`] can count.
const KINDS: usize = 128;

/// The counts of a server and its forked children. They are in shared memory, since all these
/// processes write to one file, and a child's own count would end with the child.
#[derive(Debug)]
pub(super) struct Shared {
    /// How many lines found no room and are not reported yet.
    pub(super) lost: AtomicU64,
    /// How many lines were left out and are not reported yet.
    pub(super) left_out: AtomicU64,
    kinds: [Kind; KINDS],
}

/// The count of one kind of line.
#[derive(Debug)]
struct Kind {
    /// The place in the program that logs it; 0 if this count is free.
    place: AtomicUsize,
    /// A second, and the number of such lines in it.
    counted: AtomicU64,
}

impl Kind {
    const fn free() -> Kind {
        Kind { place: AtomicUsize::new(0), counted: AtomicU64::new(0) }
    }
}

impl Shared {
    /// New memory, which children that are forked later share.
    ///
    /// If the kernel has none to share, each process counts for itself.
    #[allow(unsafe_code)]
    pub(super) fn new() -> &'static Shared {
        let size = NonZero::new(size_of::<Shared>()).expect("it has a size");
        let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: a new mapping at an address that the kernel chooses touches no other memory.
        match unsafe { mmap_anonymous(None, size, access, MapFlags::MAP_SHARED) } {
            // SAFETY: the mapping is large enough, begins at a page, is never unmapped, and is full
            // of zeros, which are valid atomic numbers.
            Ok(memory) => unsafe { memory.cast::<Shared>().as_ref() },
            Err(_) => Box::leak(Box::new(Shared {
                lost: AtomicU64::new(0),
                left_out: AtomicU64::new(0),
                kinds: [const { Kind::free() }; KINDS],
            })),
        }
    }

    /// Counts a line of the kind at `place`, in the second `now`. Returns whether there are at most
    /// `limit` of them.
    pub(super) fn count<T>(&self, place: &'static T, now: u32, limit: u32) -> bool {
        let kind = self.kind(ptr::from_ref(place).addr(), align_of::<T>());
        let counted = kind.counted.fetch_update(SeqCst, SeqCst, |before| {
            let (second, count) = ((before >> 32) as u32, before as u32);
            let count = if second == now { count } else { 0 };
            (count < limit).then_some(u64::from(now) << 32 | u64::from(count + 1))
        });
        counted.is_ok()
    }

    /// The count of a place, or a free one, which it takes. The program is at the same addresses in
    /// every child. If there are more kinds than counts, some share one.
    fn kind(&self, place: usize, align: usize) -> &Kind {
        let first = place / align % KINDS;
        let is_of_place = |kind: &&Kind| {
            let taken = kind.place.compare_exchange(0, place, SeqCst, SeqCst);
            taken.is_ok() || taken == Err(place)
        };
        let mut kinds = self.kinds.iter().cycle().skip(first).take(KINDS);
        kinds.find(is_of_place).unwrap_or(&self.kinds[first])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_limit_in_each_second() {
        static KINDS: [u64; 2] = [0, 0];
        let shared = Shared::new();
        let count = |kind: usize, now| shared.count(&KINDS[kind], now, 2);
        assert_eq!([count(0, 7), count(0, 7), count(0, 7)], [true, true, false]);
        assert_eq!([count(1, 7), count(0, 7)], [true, false]);
        assert_eq!([count(0, 8), count(0, 8), count(0, 8)], [true, true, false]);
    }

    /// An earlier version gave two kinds one count if their addresses were alike: a flood of speech hid
    /// the last words of a server.
    #[test]
    fn a_flood_of_one_kind_hides_no_other() {
        static PLACES: [u64; 3 * KINDS] = [0; 3 * KINDS];
        let shared = Shared::new();
        let count = |place: usize| shared.count(&PLACES[place], 7, 1);
        for alike in [0, KINDS, 2 * KINDS] {
            assert_eq!([count(alike), count(alike)], [true, false]);
        }
        // Each has its own count, as long as there are counts.
        assert!((1..KINDS - 2).all(count));
        assert!(!count(KINDS));
    }
}
