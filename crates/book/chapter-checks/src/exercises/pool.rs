//! Threads that run one job after another.

// ANCHOR: pool
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

/// A piece of work.
pub type Job = Box<dyn FnOnce() + Send>;

/// Threads that run the jobs of one queue. Dropping it waits until all its jobs are done.
#[derive(Debug)]
pub struct Pool {
    queue: Option<SyncSender<Job>>,
    workers: Vec<JoinHandle<()>>,
}

impl Pool {
    /// Starts the workers, with a queue of this many places.
    ///
    /// # Errors
    ///
    /// A thread cannot be started.
    pub fn start(workers: usize, places: usize) -> io::Result<Pool> {
        let (queue, jobs) = sync_channel(places);
        let jobs = Arc::new(Mutex::new(jobs));
        let start = |_| {
            let jobs = Arc::clone(&jobs);
            Builder::new().spawn(move || work(&jobs))
        };
        let workers = (0..workers).map(start).collect::<io::Result<_>>()?;
        Ok(Pool { queue: Some(queue), workers })
    }

    /// Gives a job to the workers.
    ///
    /// # Errors
    ///
    /// The queue is full: the job comes back.
    pub fn run(&self, job: Job) -> Result<(), Job> {
        let queue = self.queue.as_ref().expect("only drop ends it");
        queue.try_send(job).map_err(|refused| match refused {
            TrySendError::Full(job) | TrySendError::Disconnected(job) => job,
        })
    }
}

fn work(jobs: &Mutex<Receiver<Job>>) {
    loop {
        // The lock is free again at the end of this statement, before the job runs.
        let Ok(job) = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv() else { return };
        let _ = catch_unwind(AssertUnwindSafe(job));
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // Without its sender the queue ends, after the jobs that wait in it.
        self.queue = None;
        for worker in self.workers.drain(..) {
            let _ = worker.join();
        }
    }
}
// ANCHOR_END: pool

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::sync::mpsc::{Sender, channel};
    use std::time::Duration;

    use super::*;

    const LONG: Duration = Duration::from_secs(30);

    /// A job that says when it has begun, and ends when the other side of its channel is dropped.
    fn job_until(begun: &Sender<()>) -> (Job, Sender<()>) {
        let begun = begun.clone();
        let (end, at_end) = channel();
        let job = move || {
            begun.send(()).unwrap();
            let _ = at_end.recv();
        };
        (Box::new(job), end)
    }

    #[test]
    fn each_worker_runs_a_job() {
        let pool = Pool::start(3, 3).unwrap();
        let (begun, begins) = channel();
        let mut ends = Vec::new();
        for _ in 0..3 {
            let (job, end) = job_until(&begun);
            assert!(pool.run(job).is_ok());
            ends.push(end);
        }
        for _ in 0..3 {
            begins.recv_timeout(LONG).unwrap();
        }
        drop(ends);
    }

    #[test]
    fn a_full_queue_returns_the_job() {
        let pool = Pool::start(1, 2).unwrap();
        let (begun, begins) = channel();
        let (job, end) = job_until(&begun);
        assert!(pool.run(job).is_ok());
        begins.recv_timeout(LONG).unwrap();
        for is_taken in [true, true, false] {
            assert_eq!(pool.run(Box::new(|| ())).is_ok(), is_taken);
        }
        drop(end);
    }

    #[test]
    fn a_panic_does_not_cost_a_worker() {
        let pool = Pool::start(1, 8).unwrap();
        for _ in 0..3 {
            assert!(pool.run(Box::new(|| panic!("in a job"))).is_ok());
        }
        let (begun, begins) = channel();
        let (job, end) = job_until(&begun);
        assert!(pool.run(job).is_ok());
        begins.recv_timeout(LONG).unwrap();
        drop(end);
    }

    #[test]
    fn dropping_the_pool_waits_for_all_jobs() {
        let done = Arc::new(AtomicUsize::new(0));
        let pool = Pool::start(2, 100).unwrap();
        for _ in 0..100 {
            let done = Arc::clone(&done);
            let job = Box::new(move || {
                done.fetch_add(1, SeqCst);
            });
            assert!(pool.run(job).is_ok());
        }
        drop(pool);
        assert_eq!(done.load(SeqCst), 100);
    }
}
