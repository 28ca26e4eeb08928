//! The barest echo by io_uring(7), and what each rung of the ladder changes in it.
//!
//! It does what the floors in C do: it knows a client by its descriptor, and if a call fails, the
//! client is gone.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd};
use std::ptr;
use std::sync::atomic::{AtomicU16, Ordering::Release};

use io_uring::types::{BufRingEntry, Fd};
use io_uring::{IoUring, cqueue, opcode, squeue};
use nix::errno::Errno;
use nix::libc::MSG_WAITALL;

/// The server without any rung, which gives every order again after its completion; each rung alone;
/// and two of them together.
pub(crate) const RUNGS: [&str; 7] = [
    "one shot",
    MULTISHOT_ACCEPT,
    MULTISHOT_RECEIVE,
    LINK,
    CLOSE_BY_ORDER,
    BATCHING,
    "multishot receive, batching",
];

/// One order accepts all clients.
const MULTISHOT_ACCEPT: &str = "multishot accept";
/// One order receives all messages of a client, into buffers that all clients share.
const MULTISHOT_RECEIVE: &str = "multishot receive";
/// An order to receive hangs on the order to send before it.
const LINK: &str = "link";
/// A connection is closed by an order, and not by a call.
const CLOSE_BY_ORDER: &str = "close by order";
/// One thread gives all orders, and the kernel works for them only while that thread waits.
const BATCHING: &str = "batching";

const ORDERS: u32 = 256;
const COMPLETIONS: u32 = 4096;
const SIZE: usize = 64 * 1024;
const BUFFERS: u16 = 64;

// What an order does: the last bits of its name.
const ACCEPT: u64 = 0;
const RECEIVE: u64 = 1;
const SEND: u64 = 2;
const CLOSE: u64 = 3;

struct Server {
    ring: IoUring,
    accepts_many: bool,
    links: bool,
    closes_by_order: bool,
    orders: VecDeque<squeue::Entry>,
    clients: HashMap<i32, Client>,
    listener: TcpListener,
    /// The memory of the buffers that the clients share, and the ring of the free ones.
    shared: Option<(Vec<u8>, Free)>,
}

struct Client {
    stream: TcpStream,
    /// Its own buffer, unless the clients share some.
    buffer: Vec<u8>,
    /// The shared buffers with bytes for it, and how many each has. The first is being sent.
    full: VecDeque<(u16, usize)>,
    /// How much of its buffer is full, and how much of that is sent.
    received: usize,
    sent: usize,
    /// It will send no more.
    has_ended: bool,
}

/// The ring of free buffers.
struct Free {
    entries: Vec<[BufRingEntry; 256]>,
    first: usize,
    tail: u16,
}

/// Serves as these rungs, with a listener.
pub(crate) fn serve(rungs: &str, listener: TcpListener) -> io::Result<()> {
    let has = |rung| rungs.split(", ").any(|one| one == rung);
    let mut builder = IoUring::builder();
    builder.setup_cqsize(COMPLETIONS);
    if has(BATCHING) {
        builder.setup_single_issuer().setup_defer_taskrun();
    }
    let ring = builder.build(ORDERS)?;
    let shared = has(MULTISHOT_RECEIVE).then(|| share(&ring)).transpose()?;
    let mut server = Server {
        ring,
        accepts_many: has(MULTISHOT_ACCEPT),
        links: has(LINK),
        closes_by_order: has(CLOSE_BY_ORDER),
        orders: VecDeque::new(),
        clients: HashMap::new(),
        listener,
        shared,
    };
    server.accept();
    loop {
        server.submit()?;
        let done: Vec<_> = server.ring.completion().collect();
        done.iter().for_each(|done| server.go_on(done));
    }
}

impl Server {
    #[allow(unsafe_code)]
    fn submit(&mut self) -> io::Result<()> {
        while !self.orders.is_empty() {
            let mut room = self.ring.submission();
            while !room.is_full()
                && let Some(order) = self.orders.pop_front()
            {
                // SAFETY: buffers live as long as their client, which is forgotten when nothing of it
                // is under way, or as long as the server.
                let _ = unsafe { room.push(&order) };
            }
            drop(room);
            if !self.orders.is_empty() {
                self.ring.submit()?;
            }
        }
        self.ring.submit_and_wait(1)?;
        Ok(())
    }

    fn order(&mut self, order: squeue::Entry, kind: u64, socket: i32) {
        self.orders.push_back(order.user_data((socket as u64) << 2 | kind));
    }

    fn go_on(&mut self, done: &cqueue::Entry) {
        let (socket, kind) = ((done.user_data() >> 2) as i32, done.user_data() & 3);
        match kind {
            ACCEPT => self.accepted(done),
            RECEIVE => self.received(socket, done),
            SEND => self.sent(socket, done.result()),
            CLOSE => {}
            _ => unreachable!("the name has two bits for the kind"),
        }
    }

    fn accept(&mut self) {
        let listener = Fd(self.listener.as_raw_fd());
        let order = match self.accepts_many {
            true => opcode::AcceptMulti::new(listener).build(),
            false => opcode::Accept::new(listener, ptr::null_mut(), ptr::null_mut()).build(),
        };
        self.order(order, ACCEPT, 0);
    }

    #[allow(unsafe_code)]
    fn accepted(&mut self, done: &cqueue::Entry) {
        if done.result() >= 0 {
            // SAFETY: the kernel has just made it for this order.
            let stream = unsafe { TcpStream::from_raw_fd(done.result()) };
            let buffer = if self.shared.is_none() { vec![0; SIZE] } else { Vec::new() };
            let (full, received, sent, has_ended) = Default::default();
            let client = Client { stream, buffer, full, received, sent, has_ended };
            self.clients.insert(done.result(), client);
            self.receive(done.result());
        }
        if !cqueue::more(done.flags()) {
            self.accept();
        }
    }

    fn receive(&mut self, socket: i32) {
        let Some(client) = self.clients.get_mut(&socket) else { return };
        let order = match self.shared {
            Some(_) => opcode::RecvMulti::new(Fd(socket), 0).build(),
            None => opcode::Recv::new(Fd(socket), client.buffer.as_mut_ptr(), SIZE as u32).build(),
        };
        self.order(order, RECEIVE, socket);
    }

    fn received(&mut self, socket: i32, done: &cqueue::Entry) {
        let Some(client) = self.clients.get_mut(&socket) else { return };
        match (done.result(), cqueue::buffer_select(done.flags())) {
            (count @ 1.., Some(buffer)) => {
                client.full.push_back((buffer, count as usize));
                if client.full.len() == 1 {
                    self.send(socket);
                }
                if !cqueue::more(done.flags()) {
                    self.receive(socket);
                }
            }
            (count @ 1.., None) => {
                (client.received, client.sent) = (count as usize, 0);
                self.send(socket);
            }
            // Its send was a short one, and has cancelled what hung on it; or no buffer was free.
            (errno, _) if errno == -(Errno::ECANCELED as i32) => {}
            (errno, _) if errno == -(Errno::ENOBUFS as i32) => self.receive(socket),
            // It will send no more, or is gone.
            _ if client.full.is_empty() => self.close(socket),
            _ => client.has_ended = true,
        }
    }

    fn send(&mut self, socket: i32) {
        let hangs_on_it = self.links;
        let Some(client) = self.clients.get_mut(&socket) else { return };
        let bytes = match (&self.shared, client.full.front()) {
            (Some((memory, _)), Some(&(buffer, count))) => {
                let begin = usize::from(buffer) * SIZE;
                &memory[begin + client.sent..begin + count]
            }
            _ => &client.buffer[client.sent..client.received],
        };
        let order = opcode::Send::new(Fd(socket), bytes.as_ptr(), bytes.len() as u32)
            .flags(MSG_WAITALL)
            .build();
        let flags = if hangs_on_it { squeue::Flags::IO_LINK } else { squeue::Flags::empty() };
        self.order(order.flags(flags), SEND, socket);
        if hangs_on_it {
            self.receive(socket);
        }
    }

    fn sent(&mut self, socket: i32, result: i32) {
        let is_linked = self.links;
        let Some(client) = self.clients.get_mut(&socket) else { return };
        if result < 0 {
            return self.close(socket);
        }
        client.sent += result as usize;
        let all = client.full.front().map_or(client.received, |(_, count)| *count);
        if client.sent < all {
            return self.send(socket);
        }
        client.sent = 0;
        match (client.full.pop_front(), &mut self.shared) {
            (Some((buffer, _)), Some((memory, free))) => {
                free.give(memory, buffer);
                match client.full.is_empty() {
                    false => self.send(socket),
                    true if client.has_ended => self.close(socket),
                    true => {}
                }
            }
            _ if is_linked => {}
            _ => self.receive(socket),
        }
    }

    fn close(&mut self, socket: i32) {
        let Some(client) = self.clients.remove(&socket) else { return };
        let _ = client.stream.shutdown(Shutdown::Write);
        if self.closes_by_order {
            let order = opcode::Close::new(Fd(client.stream.into_raw_fd())).build();
            self.order(order, CLOSE, 0);
        }
    }
}

/// Registers a ring of free buffers, all of which the kernel has at first.
#[allow(unsafe_code)]
fn share(ring: &IoUring) -> io::Result<(Vec<u8>, Free)> {
    let memory = vec![0; usize::from(BUFFERS) * SIZE];
    // A page has 256 entries, and one of two pages begins on a page.
    // SAFETY: an entry is a number of bytes, and all of them may be zero.
    let entries: Vec<[BufRingEntry; 256]> =
        vec![unsafe { std::mem::zeroed() }, unsafe { std::mem::zeroed() }];
    let first = entries.as_ptr().cast::<BufRingEntry>().align_offset(4096);
    let mut free = Free { entries, first, tail: 0 };
    // SAFETY: the entries live as long as the server.
    unsafe { ring.submitter().register_buf_ring_with_flags(free.ring() as u64, BUFFERS, 0, 0) }?;
    (0..BUFFERS).for_each(|buffer| free.give(&memory, buffer));
    Ok((memory, free))
}

impl Free {
    #[allow(unsafe_code)]
    fn ring(&mut self) -> *mut BufRingEntry {
        // SAFETY: it is inside the two pages.
        unsafe { self.entries.as_mut_ptr().cast::<BufRingEntry>().add(self.first) }
    }

    /// Gives a buffer to the kernel.
    #[allow(unsafe_code)]
    fn give(&mut self, memory: &[u8], buffer: u16) {
        let ring = self.ring();
        // SAFETY: there are as many entries as buffers, so the kernel has read this one.
        unsafe {
            let entry = &mut *ring.add(usize::from(self.tail % BUFFERS));
            entry.set_addr(memory[usize::from(buffer) * SIZE..].as_ptr() as u64);
            entry.set_len(SIZE as u32);
            entry.set_bid(buffer);
            self.tail = self.tail.wrapping_add(1);
            (*BufRingEntry::tail(ring).cast::<AtomicU16>()).store(self.tail, Release);
        }
    }
}
