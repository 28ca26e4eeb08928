//! The ring: orders go to the kernel, and completions come back (io_uring(7)).
//!
//! An order names memory that the kernel reads or writes later, when no borrow of ours says so any
//! more. So all `unsafe` code of this style is in this file, and rests on one rule: everything that
//! the kernel may still touch belongs to an [`Operation`] or to [`Buffers`], and an operation is
//! given up only when its completion has come. Each order has exactly one.

#![allow(unsafe_code)]

use std::alloc::{Layout, alloc, alloc_zeroed, dealloc, handle_alloc_error};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::mem;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::ops::Deref;
use std::os::fd::{AsFd, AsRawFd, FromRawFd};
use std::ptr::{self, NonNull};
use std::rc::Rc;
use std::slice;
use std::sync::atomic::{AtomicU16, Ordering::Release};
use std::time::Instant;

use io_uring::types::{BufRingEntry, CancelBuilder, Fd, SubmitArgs, Timespec};
use io_uring::{IoUring, cqueue, opcode, squeue};
use nix::errno::Errno;
use nix::libc::{MSG_NOSIGNAL, POLLIN, SOCK_CLOEXEC, socklen_t};
use protocol::{ClientId, Line};
use slab::Slab;
use socket2::{SockAddr, SockAddrStorage};
use sockets::{until, wait_out};
use tracing::trace;

use crate::connection::Socket;

/// How many orders fit into the ring. If there are more, they go to the kernel in several calls.
const ORDERS: u32 = 256;

/// How many completions fit into the ring. The kernel keeps the others, at some cost, until there is
/// room.
const COMPLETIONS: u32 = 4096;

/// How many bytes the buffers have at most, all together: 4 MiB. Without a free buffer, a receive has
/// to be ordered again.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// How many buffers there are at first.
const FIRST_BUFFERS: u16 = 8;

/// The name of the only group of buffers.
const GROUP: u16 = 0;

/// The name of an order whose completion says nothing new.
const CANCEL: u64 = u64::MAX;

/// IORING_RECVSEND_POLL_FIRST (io_uring_enter(2)).
const POLL_FIRST: u16 = 1;

/// Something that the kernel has done.
pub(crate) enum Done {
    /// The descriptor that the server watches is readable.
    Readable,
    /// A client has connected, or accepting has failed.
    Accepted(io::Result<(TcpStream, SocketAddr)>),
    /// A client has sent this. No bytes mean that it will send no more.
    Received(ClientId, io::Result<Input>),
    /// A client's bytes have left, all of them.
    Sent(ClientId, io::Result<()>),
}

/// A pair of queues that this process shares with the kernel, and everything that its orders use.
pub(crate) struct Ring {
    kernel: RefCell<IoUring>,
    /// The orders that the kernel does not know yet.
    orders: RefCell<VecDeque<squeue::Entry>>,
    /// The orders without a completion so far. The name of an order is its place here.
    operations: RefCell<Slab<Operation>>,
    buffers: Rc<Buffers>,
    accepts: Cell<usize>,
}

/// An order that is under way, and the memory and the descriptor that it uses.
enum Operation {
    Watch,
    Accept(#[expect(dead_code, reason = "it stays open")] Rc<TcpListener>, Box<Address>),
    Receive(Rc<Socket>),
    Send(Rc<Socket>, Unsent),
}

/// Bytes on their way to a client.
struct Unsent {
    bytes: Line,
    /// How many of them have left.
    sent: usize,
}

/// The place where the kernel writes a client's address.
struct Address {
    storage: SockAddrStorage,
    length: socklen_t,
}

impl Ring {
    /// A ring whose buffers have `size` bytes each.
    ///
    /// # Errors
    ///
    /// The kernel has no io_uring, or refuses it.
    pub(crate) fn new(size: usize) -> io::Result<Ring> {
        // ANCHOR: setup
        let kernel = IoUring::builder()
            // One thread gives all orders, and the kernel works for them only while that thread
            // waits: so it interrupts nothing, and completions come in batches.
            .setup_single_issuer()
            .setup_defer_taskrun()
            // An order that is wrong does not keep the others back.
            .setup_submit_all()
            .setup_cqsize(COMPLETIONS)
            .build(ORDERS)?;
        // ANCHOR_END: setup
        let buffers = Buffers::new(size);
        // SAFETY: the entries live as long as the buffers, and `drop` keeps these while the kernel
        // may use them.
        unsafe {
            let entries = buffers.entries.as_ptr() as u64;
            let count = buffers.most;
            kernel.submitter().register_buf_ring_with_flags(entries, count, GROUP, 0)?;
        }
        for _ in 0..FIRST_BUFFERS {
            buffers.add();
        }
        Ok(Ring {
            kernel: RefCell::new(kernel),
            orders: RefCell::default(),
            operations: RefCell::default(),
            buffers: Rc::new(buffers),
            accepts: Cell::new(0),
        })
    }

    /// Orders to hear once when `descriptor` is readable. It has to stay open.
    pub(crate) fn watch(&self, descriptor: &impl AsFd) {
        let descriptor = Fd(descriptor.as_fd().as_raw_fd());
        let entry = opcode::PollAdd::new(descriptor, POLLIN as u32).build();
        self.order(Operation::Watch, entry);
    }

    // ANCHOR: accept
    /// Orders to accept one client.
    pub(crate) fn accept(&self, listener: &Rc<TcpListener>) {
        let length = mem::size_of::<SockAddrStorage>() as socklen_t;
        let mut address = Box::new(Address { storage: SockAddrStorage::zeroed(), length });
        // It takes a pointer into the box, which does not move.
        let storage = (&raw mut address.storage).cast();
        let entry = opcode::Accept::new(descriptor(listener), storage, &raw mut address.length)
            .flags(SOCK_CLOEXEC)
            .build();
        self.accepts.set(self.accepts.get() + 1);
        self.order(Operation::Accept(Rc::clone(listener), address), entry);
    }
    // ANCHOR_END: accept

    /// How many clients are to be accepted.
    pub(crate) fn accepts(&self) -> usize {
        self.accepts.get()
    }

    // ANCHOR: receive
    /// Orders to receive once from a client, into a buffer that the kernel chooses when there is
    /// something to receive.
    pub(crate) fn receive(&self, socket: &Rc<Socket>) {
        socket.is_receiving.set(true);
        let entry = opcode::Recv::new(descriptor(&socket.stream), ptr::null_mut(), 0)
            .buf_group(GROUP)
            // There is nothing yet, most of the time: so the kernel waits before it tries.
            .ioprio(POLL_FIRST)
            .build()
            .flags(squeue::Flags::BUFFER_SELECT);
        self.order(Operation::Receive(Rc::clone(socket)), entry);
    }
    // ANCHOR_END: receive

    // ANCHOR: send
    /// Orders to send a client these bytes, all of them.
    pub(crate) fn send(&self, socket: &Rc<Socket>, bytes: Line) {
        self.send_rest(socket, Unsent { bytes, sent: 0 });
    }

    fn send_rest(&self, socket: &Rc<Socket>, unsent: Unsent) {
        socket.is_sending.set(true);
        // The bytes of a line do not move as long as there is a share of it.
        let rest = &unsent.bytes[unsent.sent..];
        let entry = opcode::Send::new(descriptor(&socket.stream), rest.as_ptr(), rest.len() as u32)
            .flags(MSG_NOSIGNAL)
            .build();
        self.order(Operation::Send(Rc::clone(socket), unsent), entry);
    }
    // ANCHOR_END: send

    /// Orders to end all orders for a descriptor. Each of them still has its completion.
    pub(crate) fn cancel(&self, socket: &impl AsRawFd) {
        let which = CancelBuilder::fd(Fd(socket.as_raw_fd())).all();
        let entry = opcode::AsyncCancel2::new(which).build().user_data(CANCEL);
        self.orders.borrow_mut().push_back(entry);
    }

    // ANCHOR: wait
    /// Gives the kernel all orders, and waits until something is done or until `deadline`.
    ///
    /// # Errors
    ///
    /// The failures of io_uring_enter(2) that do not pass by themselves.
    pub(crate) fn wait(&self, deadline: Option<Instant>) -> io::Result<Vec<Done>> {
        if let Err(error) = self.enter(deadline) {
            match error.raw_os_error().map(Errno::from_raw) {
                // The deadline has passed; or there are so many completions that they go first.
                Some(Errno::ETIME | Errno::EBUSY) => {}
                Some(errno) => wait_out(errno)?,
                None => return Err(error),
            }
        }
        let mut kernel = self.kernel.borrow_mut();
        Ok(kernel.completion().filter_map(|entry| self.complete(&entry)).collect())
    }
    // ANCHOR_END: wait

    fn enter(&self, deadline: Option<Instant>) -> io::Result<()> {
        let mut kernel = self.kernel.borrow_mut();
        let mut orders = self.orders.borrow_mut();
        loop {
            let mut room = kernel.submission();
            while !room.is_full()
                && let Some(entry) = orders.pop_front()
            {
                // SAFETY: `operations` keeps what the order uses until its completion has come.
                let _ = unsafe { room.push(&entry) };
            }
            drop(room);
            if orders.is_empty() {
                break;
            }
            kernel.submit()?;
        }
        let timeout = deadline.map(|deadline| Timespec::from(until(deadline)));
        let arguments = match &timeout {
            Some(timeout) => SubmitArgs::new().timespec(timeout),
            None => SubmitArgs::new(),
        };
        kernel.submitter().submit_with_args(1, &arguments)?;
        Ok(())
    }

    fn order(&self, operation: Operation, entry: squeue::Entry) {
        let name = self.operations.borrow_mut().insert(operation) as u64;
        self.orders.borrow_mut().push_back(entry.user_data(name));
    }

    // ANCHOR: complete
    /// Gives up the order that has its completion, and tells what was done.
    fn complete(&self, entry: &cqueue::Entry) -> Option<Done> {
        let operation = self.operations.borrow_mut().try_remove(entry.user_data() as usize)?;
        let result = match entry.result() {
            errno @ ..0 => Err(Errno::from_raw(-errno)),
            result => Ok(result),
        };
        match operation {
            Operation::Watch => Some(Done::Readable),
            Operation::Accept(_, address) => self.accepted(result, *address),
            Operation::Receive(socket) => self.received(&socket, result, self.buffers.take(entry)),
            Operation::Send(socket, unsent) => self.sent(&socket, result, unsent),
        }
    }
    // ANCHOR_END: complete

    fn accepted(&self, result: nix::Result<i32>, address: Address) -> Option<Done> {
        self.accepts.set(self.accepts.get() - 1);
        let accepted = match result {
            Err(Errno::ECANCELED) => return None,
            Err(errno) => Err(errno.into()),
            Ok(number) => {
                // SAFETY: the kernel has made the descriptor for this order, and nobody else has it.
                let stream = unsafe { TcpStream::from_raw_fd(number) };
                address.read().map(|address| (stream, address))
            }
        };
        Some(Done::Accepted(accepted))
    }

    fn received(
        &self,
        socket: &Rc<Socket>,
        result: nix::Result<i32>,
        input: Input,
    ) -> Option<Done> {
        socket.is_receiving.set(false);
        let received = match result {
            Err(Errno::ECANCELED) => return None,
            // There was something to receive, but no buffer was free.
            Err(Errno::ENOBUFS) => {
                self.buffers.add();
                if !is_given_up(socket) {
                    self.receive(socket);
                }
                return None;
            }
            Err(errno) => Err(errno.into()),
            Ok(count) => {
                trace!("{} received {count} bytes", socket.client);
                Ok(input)
            }
        };
        Some(Done::Received(socket.client, received))
    }

    fn sent(
        &self,
        socket: &Rc<Socket>,
        result: nix::Result<i32>,
        mut unsent: Unsent,
    ) -> Option<Done> {
        socket.is_sending.set(false);
        let sent = match result {
            Err(Errno::ECANCELED) => return None,
            Err(errno) => Err(errno.into()),
            Ok(count) => {
                trace!("{} sent {count} bytes", socket.client);
                unsent.sent += count as usize;
                if unsent.sent < unsent.bytes.len() && !is_given_up(socket) {
                    self.send_rest(socket, unsent);
                    return None;
                }
                Ok(())
            }
        };
        Some(Done::Sent(socket.client, sent))
    }
}

/// Whether only this order has a share of the socket: its connection is gone.
fn is_given_up(socket: &Rc<Socket>) -> bool {
    Rc::strong_count(socket) == 1
}

fn descriptor(socket: &impl AsRawFd) -> Fd {
    Fd(socket.as_raw_fd())
}

/// The kernel ends the orders of a ring some time after its descriptor is closed. If there are any,
/// their memory is never freed.
impl Drop for Ring {
    fn drop(&mut self) {
        let operations = self.operations.take();
        if !operations.is_empty() {
            mem::forget(Rc::clone(&self.buffers));
            mem::forget(operations);
        }
    }
}

impl Address {
    fn read(self) -> io::Result<SocketAddr> {
        // SAFETY: the kernel has written an address of this length.
        let address = unsafe { SockAddr::new(self.storage, self.length) };
        address.as_socket().ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
    }
}

/// Memory in which the kernel puts what clients send: it takes a buffer when there is something to
/// put there, so a silent client needs none.
///
/// The kernel and this process share a ring of the free ones.
struct Buffers {
    entries: NonNull<BufRingEntry>,
    /// The number of bytes in each.
    size: usize,
    /// How many there may be: a power of two.
    most: u16,
    memory: RefCell<Vec<NonNull<u8>>>,
    /// How many entries of the ring were written, since the beginning.
    tail: Cell<u16>,
}

/// Bytes in a buffer, which goes back to the kernel when they are dropped.
pub(crate) struct Input {
    buffers: Rc<Buffers>,
    /// The buffer. Nothing was received without one.
    number: Option<u16>,
    length: usize,
}

impl Buffers {
    fn new(size: usize) -> Buffers {
        let most = (MOST_BYTES / size).next_power_of_two().min(1024) as u16;
        // SAFETY: the layout has a size.
        let entries = unsafe { alloc_zeroed(ring(most)) };
        let Some(entries) = NonNull::new(entries) else { handle_alloc_error(ring(most)) };
        let (memory, tail) = Default::default();
        Buffers { entries: entries.cast(), size, most, memory, tail }
    }

    fn buffer(&self) -> Layout {
        Layout::array::<u8>(self.size).expect("a buffer has some KiB")
    }

    /// Gives the kernel one buffer more, unless it has the most already.
    fn add(&self) {
        let number = self.memory.borrow().len() as u16;
        if number < self.most {
            // SAFETY: the layout has a size. Nothing reads a byte before the kernel has written it.
            let memory = unsafe { alloc(self.buffer()) };
            let Some(memory) = NonNull::new(memory) else { handle_alloc_error(self.buffer()) };
            self.memory.borrow_mut().push(memory);
            self.give(number);
        }
    }

    /// Gives a buffer to the kernel.
    fn give(&self, number: u16) {
        let tail = self.tail.get();
        let address = self.memory.borrow()[usize::from(number)];
        // SAFETY: the entry is inside the ring, and the kernel reads it only after the tail has
        // passed it. There are never more buffers than entries, so the kernel has read the entry
        // that was here.
        unsafe {
            let entry = &mut *self.entries.as_ptr().add(usize::from(tail % self.most));
            entry.set_addr(address.as_ptr() as u64);
            entry.set_len(self.size as u32);
            entry.set_bid(number);
            let shared = BufRingEntry::tail(self.entries.as_ptr()).cast::<AtomicU16>();
            (*shared).store(tail.wrapping_add(1), Release);
        }
        self.tail.set(tail.wrapping_add(1));
    }

    /// Takes the buffer that the completion of a receive names.
    fn take(self: &Rc<Buffers>, entry: &cqueue::Entry) -> Input {
        Input {
            buffers: Rc::clone(self),
            number: cqueue::buffer_select(entry.flags()),
            length: entry.result().max(0) as usize,
        }
    }
}

/// The layout of the ring of free buffers: the kernel wants it to begin on a page.
fn ring(most: u16) -> Layout {
    Layout::array::<BufRingEntry>(most.into())
        .and_then(|layout| layout.align_to(4096))
        .expect("the ring has some KiB")
}

impl Drop for Buffers {
    fn drop(&mut self) {
        // SAFETY: both were allocated with these layouts, and no order is under way (`Ring::drop`).
        unsafe {
            for memory in self.memory.take() {
                dealloc(memory.as_ptr(), self.buffer());
            }
            dealloc(self.entries.as_ptr().cast(), ring(self.most));
        }
    }
}

impl Deref for Input {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        let Some(number) = self.number else { return &[] };
        let memory = self.buffers.memory.borrow()[usize::from(number)];
        // SAFETY: the kernel has written so many bytes, and leaves the buffer alone until it has it
        // again.
        unsafe { slice::from_raw_parts(memory.as_ptr(), self.length) }
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.buffers.give(number);
        }
    }
}
