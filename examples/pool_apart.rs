//! Two pools of two workers, and two clients: each of their tasks gives the second pool another task,
//! and waits for its result (crossbeam_channel).

use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded, unbounded};

type Task = Box<dyn FnOnce() + Send>;

fn main() {
    let (queue, tasks) = unbounded::<Task>();
    let (lookup_queue, lookup_tasks) = unbounded::<Task>();
    let (answer, answers) = unbounded();
    for number in [3, 4] {
        let (lookups, answer) = (lookup_queue.clone(), answer.clone());
        let _ = queue.send(Box::new(move || {
            let (found, result) = bounded(1);
            let _ = lookups.send(Box::new(move || {
                let _ = found.send(number * number);
            }));
            let _ = answer.send(result.recv());
        }));
    }
    start_workers(&tasks);
    start_workers(&lookup_tasks);

    let mut answered = 0;
    while answered < 2 && answers.recv_timeout(Duration::from_secs(3)).is_ok() {
        answered += 1;
    }
    println!("{answered} of 2 clients have an answer, and {} tasks wait", tasks.len());
}

fn start_workers(tasks: &Receiver<Task>) {
    for _ in 0..2 {
        let tasks = tasks.clone();
        thread::spawn(move || tasks.iter().for_each(|task| task()));
    }
}
