//! The executor: it holds the tasks, and polls those that have been woken.
//!
//! A future does nothing by itself. Polled, it runs until it has to wait, leaves a waker with
//! whatever it waits for, and returns. The waker puts its task into the queue again. When the queue
//! is empty, nothing can run, and the executor sleeps in the [reactor](crate::reactor).

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::{io, mem};

use drivers::catch_panic;

use crate::notify::Notify;
use crate::reactor::Reactor;

/// The number of a task. It is never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TaskId(u64);

/// The number of the first task, which is never spawned: it is the server itself.
const FIRST: TaskId = TaskId(0);

/// After how many polls, at the end of a round, the reactor looks at the sockets if tasks can go on
/// all the time: 8. Tokio looks after 61.
const POLLS: usize = 8;

// ANCHOR: executor
/// The tasks, the queue of those that can run, and the reactor. Everything belongs to one thread.
pub(crate) struct Executor {
    tasks: RefCell<BTreeMap<TaskId, Task>>,
    /// The tasks that have ended, and how, until the first task asks for them.
    ended: RefCell<VecDeque<(TaskId, io::Result<()>)>>,
    has_ended: Notify,
    last: Cell<TaskId>,
    queue: Arc<Queue>,
    pub(crate) reactor: Rc<Reactor>,
}

/// A task: a future, and the waker that puts it into the queue. The future is taken out while it is
/// polled, so that it can spawn and abort others.
struct Task {
    future: Option<BoxedFuture>,
    waker: Waker,
}

type BoxedFuture = Pin<Box<dyn Future<Output = io::Result<()>>>>;
// ANCHOR_END: executor

// ANCHOR: waker
/// The tasks that can run, in the order in which they were woken.
#[derive(Default)]
struct Queue(Mutex<VecDeque<Arc<TaskWaker>>>);

/// Puts its task into the queue. A waker may be sent to other threads, so the queue has a lock,
/// although this server has one thread.
struct TaskWaker {
    task: TaskId,
    /// The task is in the queue. It must not be there twice: if it yields, each of its places in the
    /// queue would bring forth the next one, for ever.
    is_queued: AtomicBool,
    queue: Arc<Queue>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        if !self.is_queued.swap(true, SeqCst) {
            Arc::clone(&self.queue).lock().push_back(self);
        }
    }
}
// ANCHOR_END: waker

impl Queue {
    fn waker(self: &Arc<Self>, task: TaskId) -> Waker {
        let (is_queued, queue) = (AtomicBool::new(false), Arc::clone(self));
        Waker::from(Arc::new(TaskWaker { task, is_queued, queue }))
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Arc<TaskWaker>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Executor {
    /// An executor without tasks.
    ///
    /// # Errors
    ///
    /// There is no descriptor for the reactor.
    pub(crate) fn new() -> io::Result<Rc<Executor>> {
        Ok(Rc::new(Executor {
            tasks: RefCell::default(),
            ended: RefCell::default(),
            has_ended: Notify::default(),
            last: Cell::new(FIRST),
            queue: Arc::default(),
            reactor: Rc::new(Reactor::new()?),
        }))
    }

    // ANCHOR: run
    /// Runs the first task, and all that it spawns, until the first task has ended.
    ///
    /// # Errors
    ///
    /// The reactor cannot wait.
    pub(crate) fn run<T>(&self, first: impl Future<Output = T>) -> io::Result<T> {
        let mut first = pin!(first);
        self.queue.waker(FIRST).wake();
        let (mut round, mut polls) = (VecDeque::new(), 0);
        loop {
            // The tasks that are woken in this round wait for the next one: so clients that always
            // send leave the others, and the reactor, their turns.
            mem::swap(&mut round, &mut self.queue.lock());
            polls += round.len();
            for woken in round.drain(..) {
                woken.is_queued.store(false, SeqCst);
                let (task, waker) = (woken.task, Waker::from(woken));
                let mut context = Context::from_waker(&waker);
                if task != FIRST {
                    self.poll(task, &mut context);
                } else if let Poll::Ready(result) = first.as_mut().poll(&mut context) {
                    return Ok(result);
                }
            }
            let can_go_on = !self.queue.lock().is_empty();
            if !can_go_on || polls >= POLLS {
                self.reactor.wait(can_go_on)?;
                polls = 0;
            }
        }
    }
    // ANCHOR_END: run

    // ANCHOR: poll
    /// Lets a task run until it waits again. A panic ends the task, and no other.
    fn poll(&self, id: TaskId, context: &mut Context<'_>) {
        // A task that has ended may still be woken.
        let taken = self.tasks.borrow_mut().get_mut(&id).and_then(|task| task.future.take());
        let Some(mut future) = taken else { return };
        let polled = catch_panic(|| Ok(future.as_mut().poll(context)));
        match polled.unwrap_or_else(|panicked| Poll::Ready(Err(panicked))) {
            Poll::Ready(ended) => self.end(id, ended),
            Poll::Pending => {
                if let Some(task) = self.tasks.borrow_mut().get_mut(&id) {
                    task.future = Some(future);
                }
            }
        }
    }
    // ANCHOR_END: poll

    // ANCHOR: spawn
    /// Starts a task. It runs for the first time in the next round.
    pub(crate) fn spawn(&self, future: impl Future<Output = io::Result<()>> + 'static) -> TaskId {
        let id = TaskId(self.last.get().0 + 1);
        self.last.set(id);
        let task = Task { future: Some(Box::pin(future)), waker: self.queue.waker(id) };
        task.waker.wake_by_ref();
        self.tasks.borrow_mut().insert(id, task);
        id
    }
    // ANCHOR_END: spawn

    /// Ends a task where it waits, by dropping its future.
    pub(crate) fn abort(&self, task: TaskId, why: &str) {
        self.end(task, Err(io::Error::other(why)));
    }

    fn end(&self, id: TaskId, ended: io::Result<()>) {
        // A future that is dropped may use the executor, so the borrow has to be over by then.
        let task = self.tasks.borrow_mut().remove(&id);
        if task.is_some() {
            self.ended.borrow_mut().push_back((id, ended));
            self.has_ended.notify();
        }
    }

    /// Waits until a task has ended, and returns how.
    pub(crate) async fn next_ended(&self) -> (TaskId, io::Result<()>) {
        loop {
            let next = self.ended.borrow_mut().pop_front();
            match next {
                Some(ended) => return ended,
                None => self.has_ended.notified().await,
            }
        }
    }

    /// Wakes all tasks, so that each looks again at something for which no waker was left.
    pub(crate) fn wake_all(&self) {
        self.tasks.borrow().values().for_each(|task| task.waker.wake_by_ref());
    }
}

// ANCHOR: first
/// Waits for the first of several futures, and drops none of them. If several are ready, it takes the
/// one that comes first in the list.
pub(crate) async fn first<T, const N: usize>(
    mut futures: [Pin<&mut dyn Future<Output = T>>; N],
) -> T {
    poll_fn(|context| {
        let mut polled = futures.iter_mut().map(|future| future.as_mut().poll(context));
        polled.find(Poll::is_ready).unwrap_or(Poll::Pending)
    })
    .await
}
// ANCHOR_END: first

/// Lets the other tasks run, and goes on in the next round.
pub(crate) async fn yield_now() {
    let mut has_yielded = false;
    poll_fn(|context| {
        if mem::replace(&mut has_yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
