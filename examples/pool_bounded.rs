//! A client comes every 2 ms, a worker needs 10 ms for each, and the queue has eight places
//! (crossbeam_channel).

use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::bounded;

fn main() {
    let (queue, waiting) = bounded::<Instant>(8);
    let worker = thread::spawn(move || {
        let mut longest = Duration::ZERO;
        for came in waiting {
            thread::sleep(Duration::from_millis(10));
            longest = longest.max(came.elapsed());
        }
        longest
    });

    let mut refused = 0;
    for _ in 0..200 {
        if queue.try_send(Instant::now()).is_err() {
            refused += 1;
        }
        thread::sleep(Duration::from_millis(2));
    }
    drop(queue);
    let longest = worker.join().expect("it does not panic").as_millis();
    println!("{refused} of 200 clients are refused, and the longest wait is {longest} ms");
}
