//! The smallest executor: it polls one task, and sleeps until the task's waker wakes it
//! (std::task, std::thread::park).

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

/// Wakes the thread of the executor.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        println!("the waker wakes the executor");
        self.0.unpark();
    }
}

fn run<T>(task: impl Future<Output = T>) -> T {
    let mut task = pin!(task);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        println!("the executor polls the task");
        match task.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(result) => return result,
            Poll::Pending => thread::park(),
        }
    }
}

fn main() {
    let (to_task, words) = channel();
    let (to_other, wakers) = channel::<Waker>();
    // The other thread has a word as soon as somebody waits for it.
    thread::spawn(move || {
        let waker = wakers.recv().expect("the task waits");
        to_task.send("hello").expect("the task waits");
        waker.wake();
    });
    let word = run(poll_fn(|context| match words.try_recv() {
        Ok(word) => Poll::Ready(word),
        Err(_) => {
            println!("the task leaves its waker, and returns");
            to_other.send(context.waker().clone()).expect("the other thread waits");
            Poll::Pending
        }
    }));
    println!("the word is {word:?}");
}
