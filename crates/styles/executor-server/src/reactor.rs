//! The reactor: it asks the kernel which sockets are ready and which deadlines have passed, and wakes
//! the tasks that wait for them.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::os::fd::AsFd;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use nix::poll::PollTimeout;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags};
use sockets::{timeout, wait_out};

/// How many events the kernel may report in one turn. The others wait for the next turn.
const EVENTS: usize = 256;

// ANCHOR: reactor
/// The kernel's list of sockets, and the wakers of the tasks that wait.
pub(crate) struct Reactor {
    epoll: Epoll,
    sources: RefCell<BTreeMap<u64, Rc<Readiness>>>,
    /// The deadlines, each with a number of its own: several may be at the same time.
    deadlines: RefCell<BTreeMap<(Instant, u64), Waker>>,
    next: Cell<u64>,
}

/// The state of a socket, as far as the reactor knows it. Input is ready until a call has returned
/// EAGAIN, or has read less than it could; output is ready until a call has returned EAGAIN.
#[derive(Default)]
struct Readiness {
    readable: Direction,
    writable: Direction,
    /// A read may end before all is read: at the end of the input, which comes with no other event, or
    /// at urgent data (tcp(7)).
    reads_end_early: Cell<bool>,
    /// The kernel also reports when the socket takes output again.
    reports_output: Cell<bool>,
}

#[derive(Default)]
struct Direction {
    is_ready: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}
// ANCHOR_END: reactor

/// The events that the kernel reports of each socket: input, urgent data, the end, and each change
/// anew.
const INPUT: EpollFlags = EpollFlags::EPOLLIN
    .union(EpollFlags::EPOLLPRI)
    .union(EpollFlags::EPOLLRDHUP)
    .union(EpollFlags::EPOLLET);

/// A socket that tasks can wait for.
pub(crate) struct Source<S> {
    socket: S,
    number: u64,
    readiness: Rc<Readiness>,
    reactor: Rc<Reactor>,
}

impl Reactor {
    pub(crate) fn new() -> io::Result<Reactor> {
        Ok(Reactor {
            epoll: Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?,
            sources: RefCell::default(),
            deadlines: RefCell::default(),
            next: Cell::new(0),
        })
    }

    // ANCHOR: wait
    /// Waits until a socket is ready or a deadline has passed, and wakes the tasks that wait for
    /// that. With `at_once` it only looks.
    ///
    /// # Errors
    ///
    /// The errors of epoll_wait(2) that do not pass by themselves.
    pub(crate) fn wait(&self, at_once: bool) -> io::Result<()> {
        let deadline = self.deadlines.borrow().first_key_value().map(|(&(at, _), _)| at);
        let limit = if at_once { PollTimeout::ZERO } else { timeout(deadline) };
        let mut events = [EpollEvent::empty(); EVENTS];
        match self.epoll.wait(&mut events, limit) {
            Ok(count) => events[..count].iter().for_each(|event| self.wake(event)),
            Err(errno) => wait_out(errno)?,
        }
        let now = Instant::now();
        let mut deadlines = self.deadlines.borrow_mut();
        while let Some(first) = deadlines.first_entry().filter(|first| first.key().0 <= now) {
            first.remove().wake();
        }
        Ok(())
    }
    // ANCHOR_END: wait

    /// Notes an event, and wakes the tasks that it concerns.
    fn wake(&self, event: &EpollEvent) {
        let sources = self.sources.borrow();
        // A source that is gone may have an event left in this turn.
        let Some(readiness) = sources.get(&event.data()) else { return };
        let flags = event.events();
        let closed = EpollFlags::EPOLLRDHUP | EpollFlags::EPOLLHUP | EpollFlags::EPOLLERR;
        if flags.intersects(closed | EpollFlags::EPOLLPRI) {
            readiness.reads_end_early.set(true);
        }
        if flags.intersects(closed | EpollFlags::EPOLLIN) {
            readiness.readable.set_ready();
        }
        if flags.intersects(closed | EpollFlags::EPOLLOUT) {
            readiness.writable.set_ready();
        }
    }

    // ANCHOR: source
    /// Tells the kernel of a socket, once for all input: it then reports whenever more has come
    /// (epoll(7), EPOLLET). The socket must not block.
    ///
    /// # Errors
    ///
    /// The errors of epoll_ctl(2).
    pub(crate) fn source<S: AsFd>(self: &Rc<Self>, socket: S) -> io::Result<Source<S>> {
        let number = self.number();
        self.epoll.add(&socket, EpollEvent::new(INPUT, number))?;
        let readiness = Rc::<Readiness>::default();
        // A new socket takes output. The kernel's first event says whether there is input already.
        readiness.writable.is_ready.set(true);
        self.sources.borrow_mut().insert(number, Rc::clone(&readiness));
        Ok(Source { socket, number, readiness, reactor: Rc::clone(self) })
    }
    // ANCHOR_END: source

    /// Waits until a time.
    pub(crate) fn sleep_until(self: &Rc<Self>, deadline: Instant) -> Sleep {
        Sleep { key: (deadline, self.number()), waker: None, reactor: Rc::clone(self) }
    }

    fn number(&self) -> u64 {
        self.next.replace(self.next.get() + 1)
    }
}

// ANCHOR: sleep
/// Waits until a time. It leaves its waker in the reactor's list, and takes it out when it is dropped.
pub(crate) struct Sleep {
    key: (Instant, u64),
    waker: Option<Waker>,
    reactor: Rc<Reactor>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if Instant::now() >= self.key.0 {
            return Poll::Ready(());
        }
        let is_known = self.waker.as_ref().is_some_and(|known| known.will_wake(context.waker()));
        if !is_known {
            self.waker = Some(context.waker().clone());
            self.reactor.deadlines.borrow_mut().insert(self.key, context.waker().clone());
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if self.waker.is_some() {
            self.reactor.deadlines.borrow_mut().remove(&self.key);
        }
    }
}
// ANCHOR_END: sleep

impl Direction {
    fn set_ready(&self) {
        self.is_ready.set(true);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    // ANCHOR: ready
    /// Waits until the direction is ready. The waker is left with the reactor, which only runs when
    /// no task does: so no event is lost between the look and the wait.
    fn ready(&self, context: &Context<'_>) -> Poll<()> {
        if self.is_ready.get() {
            return Poll::Ready(());
        }
        let mut waker = self.waker.borrow_mut();
        match &*waker {
            Some(known) if known.will_wake(context.waker()) => {}
            _ => *waker = Some(context.waker().clone()),
        }
        Poll::Pending
    }
    // ANCHOR_END: ready
}

impl<S: AsFd> Source<S> {
    /// The socket itself.
    pub(crate) fn socket(&self) -> &S {
        &self.socket
    }

    /// Waits until the socket can be read from, as far as is known.
    pub(crate) async fn readable(&self) {
        poll_fn(|context| self.readiness.readable.ready(context)).await;
    }

    /// Waits until the socket can be written to, as far as is known. Only a few sockets are ever full,
    /// so the kernel is asked to report this when a task waits for it first.
    ///
    /// # Errors
    ///
    /// The errors of epoll_ctl(2).
    pub(crate) async fn writable(&self) -> io::Result<()> {
        if !self.readiness.reports_output.replace(true) {
            let mut event = EpollEvent::new(INPUT | EpollFlags::EPOLLOUT, self.number);
            self.reactor.epoll.modify(&self.socket, &mut event)?;
        }
        poll_fn(|context| self.readiness.writable.ready(context).map(Ok)).await
    }

    /// Whether the last call has left nothing to read, as far as is known.
    pub(crate) fn is_drained(&self) -> bool {
        !self.readiness.readable.is_ready.get()
    }

    // ANCHOR: try_to_read
    /// Makes a call that reads up to `size` bytes. `None` if there is nothing to read: then
    /// [`readable`](Self::readable) waits for the kernel's next event.
    ///
    /// Usually, a call that reads less than `size` has read everything. The next event comes with the
    /// next bytes, so the call that would return EAGAIN is saved.
    ///
    /// # Errors
    ///
    /// Those of the call, except EAGAIN and EINTR.
    pub(crate) fn try_to_read(
        &self,
        size: usize,
        read: impl FnOnce(&S) -> io::Result<usize>,
    ) -> io::Result<Option<usize>> {
        let Readiness { readable, reads_end_early, .. } = &*self.readiness;
        let read = done(read(&self.socket), readable)?;
        let is_all = read.is_some_and(|count| count < size);
        if is_all && !reads_end_early.get() {
            readable.is_ready.set(false);
        }
        Ok(read)
    }
    // ANCHOR_END: try_to_read

    /// Makes a call that writes. `None` if the socket takes nothing now: then
    /// [`writable`](Self::writable) waits until it does.
    ///
    /// # Errors
    ///
    /// Those of the call, except EAGAIN and EINTR.
    pub(crate) fn try_to_write<T>(
        &self,
        write: impl FnOnce(&S) -> io::Result<T>,
    ) -> io::Result<Option<T>> {
        done(write(&self.socket), &self.readiness.writable)
    }

    /// Makes a call that accepts. `None` if no client waits.
    ///
    /// # Errors
    ///
    /// Those of the call, except EAGAIN and EINTR.
    pub(crate) fn try_to_accept<T>(
        &self,
        accept: impl FnOnce(&S) -> io::Result<T>,
    ) -> io::Result<Option<T>> {
        done(accept(&self.socket), &self.readiness.readable)
    }
}

/// The result of a call, if it did not have to wait. If it had to, the direction is not ready.
fn done<T>(result: io::Result<T>, direction: &Direction) -> io::Result<Option<T>> {
    match result {
        Ok(done) => Ok(Some(done)),
        Err(error) if error.kind() == ErrorKind::WouldBlock => {
            direction.is_ready.set(false);
            Ok(None)
        }
        // A signal: the direction is still ready.
        Err(error) if error.kind() == ErrorKind::Interrupted => Ok(None),
        Err(error) => Err(error),
    }
}

/// The kernel forgets a socket when its last descriptor is closed.
impl<S> Drop for Source<S> {
    fn drop(&mut self) {
        self.reactor.sources.borrow_mut().remove(&self.number);
    }
}
