//! A task leaves its waker, and then looks for a letter. The letter comes between the two
//! (std::future, "Future", "poll").

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

#[derive(Default)]
struct Letterbox {
    letter: Mutex<Option<&'static str>>,
    waker: Mutex<Option<Waker>>,
}

impl Letterbox {
    fn put(&self, letter: &'static str) {
        *self.letter.lock().expect("no panic") = Some(letter);
        let waker = self.waker.lock().expect("no panic").take();
        waker.iter().for_each(Waker::wake_by_ref);
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Polls a task until it is done. Gives up if nothing has woken it for a tenth of a second.
fn run<T>(task: impl Future<Output = T>) -> Option<T> {
    const PATIENCE: Duration = Duration::from_millis(100);
    let mut task = pin!(task);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        if let Poll::Ready(done) = task.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Some(done);
        }
        let asleep = Instant::now();
        thread::park_timeout(PATIENCE);
        if asleep.elapsed() >= PATIENCE {
            return None;
        }
    }
}

fn main() {
    let letterbox = Letterbox::default();
    let come = || {
        thread::scope(|scope| {
            scope.spawn(|| letterbox.put("hello"));
        });
    };
    let mut postman = Some(come);
    let task = poll_fn(|context| {
        *letterbox.waker.lock().expect("no panic") = Some(context.waker().clone());
        // Another thread has its turn just now.
        postman.take().iter().for_each(|come| come());
        let letter = letterbox.letter.lock().expect("no panic").take();
        letter.map_or(Poll::Pending, Poll::Ready)
    });
    match run(task) {
        Some(letter) => println!("the letter is {letter:?}"),
        None => println!("a letter is in the box, and nothing wakes the task"),
    }
}
