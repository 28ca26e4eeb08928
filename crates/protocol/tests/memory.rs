//! How much memory a client can make the server use, counted by the allocator itself.

mod wire;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;

use proptest::prelude::*;
use protocol::chat::Chat;
use protocol::{
    CATALOGUE, ClientId, Draft, FileName, HISTORY, LINE_COST, LINE_LIMIT, MAILBOX_LIMIT,
    MEMBER_READ, NotStored, PLAIN_READ, Session, Settings, Store,
};
use wire::hostile::{cases, hostile_input};
use wire::{End, Wire};

/// Input that a hostile client might repeat without end: parts of a line, half a character, a
/// command of telnet's, and a telnet negotiation.
const ENDLESS: &[&[u8]] =
    &[b"x", b"\r", b"\x80", b"\xf0\x9f", b"/who ", b"\xff", b"\xff\xfa", b"\xff\xfd\x06"];

#[test]
fn a_line_without_an_end_keeps_no_more_than_two_lines() {
    for endless in ENDLESS {
        let read = filled_with(endless);
        let mut session = Chat::default();
        let before = allocated();
        for _ in 0..100 {
            drop(session.receive(&read));
        }
        let kept = allocated() - before;
        assert!(kept <= 2 * LINE_LIMIT, "{endless:?} keeps {kept} bytes");
    }
}

#[test]
fn one_read_takes_a_few_times_its_size() {
    for line in ENDLESS.iter().chain(&[b"\n".as_slice(), b"\x80\n"]) {
        let read = filled_with(line);
        let mut session = Chat::default();
        let peak = peak(|| drop(session.receive(&read)));
        assert!(peak <= 8 * MEMBER_READ, "{line:?} takes {peak} bytes");
    }
}

#[test]
fn a_member_that_never_reads_costs_a_mailbox_however_short_its_lines() {
    // The answer to DO TIMING-MARK is the shortest of all: three bytes.
    for line in [&b"\xff\xfd\x06"[..], b"/\n", b"/help\n"] {
        let mut wire = Wire::new("chat");
        let ada = wire.connect("ada");
        wire.take_heard(ada);
        wire.receive(ada, line);
        let answer = wire.take_heard(ada).len();
        assert_ne!(answer, 0);
        wire.set_reads(ada, false);
        let mut answers = 0;
        let peak = peak(|| {
            while wire.end(ada).is_none() && answers < MAILBOX_LIMIT {
                wire.receive(ada, line);
                answers += 1;
            }
        });
        assert_eq!(wire.end(ada), Some(End::CutOff));
        assert_eq!(answers, MAILBOX_LIMIT / (answer + LINE_COST) + 1, "{line:?}");
        let bound = MAILBOX_LIMIT + 8 * LINE_LIMIT;
        assert!(peak <= bound, "{line:?} takes {peak} bytes");
    }
}

#[test]
fn a_member_that_reads_gets_every_answer_to_one_read() {
    let mut wire = Wire::new("chat");
    let members: Vec<_> =
        (0..100).map(|n| wire.connect(&format!("[2001:db8:ffff::{n}]:50000"))).collect();
    let asks = members[0];
    wire.take_heard(asks);
    wire.receive(asks, &filled_with(b"/who\n"));
    assert_eq!(wire.end(asks), None);
    let heard = wire.take_heard(asks);
    assert!(heard.len() > 4 * MAILBOX_LIMIT, "{} bytes", heard.len());
    let answers = heard.split(|&byte| byte == b'\n');
    assert_eq!(answers.count() - 1, MEMBER_READ / "/who\n".len());
}

#[test]
fn many_members_that_never_read_share_what_they_do_not_read() {
    const MEMBERS: usize = 50;
    let mut wire = Wire::new("chat");
    let ada = wire.connect("ada");
    let deaf: Vec<_> = (0..MEMBERS).map(|n| wire.connect(&format!("deaf{n}"))).collect();
    for &member in &deaf {
        wire.take_heard(member);
        wire.set_reads(member, false);
    }
    let line = [b"x".repeat(1000), b"\n".to_vec()].concat();
    let mut lines = 0;
    let peak = peak(|| {
        while wire.end(deaf[0]).is_none() && lines < MAILBOX_LIMIT / 1000 {
            wire.receive(ada, &line);
            lines += 1;
        }
    });
    for member in deaf {
        assert_eq!(wire.end(member), Some(End::CutOff));
    }
    let bound = MAILBOX_LIMIT + MEMBERS * lines * LINE_COST + HISTORY * 2 * LINE_LIMIT;
    assert!(peak <= bound, "{peak} bytes");
}

#[test]
fn a_client_without_a_room_costs_little_whatever_it_announces() {
    let mebibyte = [0, 0x10, 0, 0];
    let endless: [(&str, Vec<u8>); 5] = [
        ("lines", b"x".to_vec()),
        ("frames", [&[0, 0, 0, 1], &mebibyte[..]].concat()),
        ("frames", vec![0, 0, 0, 1, 0, 0, 0]),
        ("upload", vec![b'x'; 255]),
        ("upload", [b"name\n", &mebibyte[..], b"\n"].concat()),
    ];
    for (service, beginning) in endless {
        let entry = CATALOGUE.iter().find(|entry| entry.name == service);
        let settings = Settings { store: Some(Arc::new(Nowhere)), ..Settings::built_in(0) };
        let service = (entry.expect("a service").open)(settings);
        let read = vec![b'x'; service.read_size()];
        let before = allocated();
        let mut session = service.session(ClientId(1));
        let peak = peak(|| {
            drop(session.receive(&beginning));
            (0..15).for_each(|_| drop(session.receive(&read)));
        });
        let kept = allocated() - before;
        assert!(kept <= 2 * LINE_LIMIT, "{beginning:?} keeps {kept} bytes");
        // The limit is the answer to one read, and a little more.
        assert!(peak <= 2 * PLAIN_READ, "{beginning:?} takes {peak} bytes");
    }
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn a_session_keeps_little_of_any_input_in_any_pieces(
        input in hostile_input(),
        beginning in prop::sample::select(BEGINNINGS),
        sizes in prop::collection::vec(1..3000_usize, 1..5),
    ) {
        let input = [beginning, &input[..]].concat();
        for entry in CATALOGUE {
            let settings = Settings { store: Some(Arc::new(Nowhere)), ..Settings::built_in(0) };
            let mut session = (entry.open)(settings).session(ClientId(1));
            let before = allocated();
            let (mut rest, mut sizes) = (&input[..], sizes.iter().cycle());
            while let Some(&size) = sizes.next().filter(|_| !rest.is_empty()) {
                let (read, unread) = rest.split_at(size.min(rest.len()));
                rest = unread;
                let peak = peak(|| drop(session.receive(read)));
                prop_assert!(peak <= 2 * PLAIN_READ, "{}: {peak} bytes", entry.name);
                let kept = allocated().saturating_sub(before);
                prop_assert!(kept <= 2 * LINE_LIMIT, "{}: {kept} bytes", entry.name);
            }
        }
    }
}

/// Beginnings that get a session further than random input does.
const BEGINNINGS: &[&[u8]] = &[
    b"",
    b"name\n",
    b"name\n\0\x10\0\0\n",
    b"name\n\0\0\0\x05\n",
    b"\0\0\0\x01\0\x10\0\0",
    b"\0\0\0\x01\0\0\0\x05",
    b"\0\0\0\x01",
    b"\xff\xfa",
];

/// A disk that takes everything and keeps nothing.
#[derive(Debug)]
struct Nowhere;

impl Store for Nowhere {
    fn begin(&self, _name: &FileName) -> Result<Box<dyn Draft>, NotStored> {
        Ok(Box::new(Nowhere))
    }
}

impl Draft for Nowhere {
    fn write(&mut self, _bytes: &[u8]) -> Result<(), NotStored> {
        Ok(())
    }

    fn keep(self: Box<Self>) -> Result<(), NotStored> {
        Ok(())
    }
}

/// One read full of the same bytes.
fn filled_with(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().cycle().take(MEMBER_READ).collect()
}

thread_local! {
    /// How many bytes this thread has allocated and not freed. Tests run at the same time, so a
    /// count for all threads would mix them.
    static ALLOCATED: Cell<usize> = const { Cell::new(0) };
    /// The largest value of `ALLOCATED` so far.
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

fn allocated() -> usize {
    ALLOCATED.get()
}

/// Runs `work`, and returns how many more bytes than before were allocated at the worst moment.
fn peak(work: impl FnOnce()) -> usize {
    let before = allocated();
    PEAK.set(before);
    work();
    PEAK.get() - before
}

/// The system's allocator, with a count of the bytes that it gave out.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[allow(unsafe_code, reason = "an allocator is unsafe by its nature; this one counts")]
// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let allocated = ALLOCATED.get().wrapping_add(layout.size());
        ALLOCATED.set(allocated);
        PEAK.set(PEAK.get().max(allocated));
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        ALLOCATED.set(ALLOCATED.get().wrapping_sub(layout.size()));
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}
