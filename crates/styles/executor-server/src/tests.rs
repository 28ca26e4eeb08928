//! Tests of the machine that no client can see.

use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use crate::client::converse;
use crate::executor::{Executor, yield_now};

/// A value that lives across an `.await` is a part of the task, and so is a future that the task waits
/// for: a buffer of 4 KiB would be, too.
#[test]
fn a_clients_task_has_less_than_a_kilobyte() {
    fn size<A, B, C, F>(_: impl FnOnce(A, B, C) -> F) -> usize {
        size_of::<F>()
    }
    assert!(size(converse) < 1000, "{} bytes", size(converse));
}

/// In an earlier version, each further wake-up gave the task a further place in the queue, for ever.
#[test]
fn a_task_that_is_woken_several_times_runs_once_a_round() {
    const ROUNDS: usize = 10;
    let executor = Executor::new().expect("descriptors are left");
    let polls = Rc::new(Cell::new([0; 2]));
    for task in 0..2 {
        let (polls, executor) = (Rc::clone(&polls), Rc::clone(&executor));
        executor.clone().spawn(poll_fn(move |context| {
            let mut counts = polls.get();
            counts[task] += 1;
            polls.set(counts);
            context.waker().wake_by_ref();
            executor.wake_all();
            Poll::Pending
        }));
    }
    let first = async {
        for _ in 1..ROUNDS {
            yield_now().await;
        }
    };
    executor.run(first).expect("it can wait");
    assert_eq!(polls.get(), [ROUNDS; 2]);
}
