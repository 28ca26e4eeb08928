//! A notice from one task to another.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::task::{Poll, Waker};

/// A notice for one task. It stays until the task has seen it, so none comes too early.
#[derive(Debug, Default)]
pub(crate) struct Notify {
    is_there: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Notify {
    /// Leaves a notice, and wakes the task that waits for it.
    pub(crate) fn notify(&self) {
        self.is_there.set(true);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// Waits for a notice, and takes it.
    pub(crate) async fn notified(&self) {
        poll_fn(|context| {
            if self.is_there.take() {
                return Poll::Ready(());
            }
            *self.waker.borrow_mut() = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}
