//! A task finds nothing to read, and says that it has to wait. It leaves its waker with a thread that
//! waits for the socket (poll(2)).

use std::future::poll_fn;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

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

fn wake_when_readable(socket: UnixStream, waker: Waker) {
    thread::spawn(move || {
        let mut socket = [PollFd::new(socket.as_fd(), PollFlags::POLLIN)];
        let _ = poll(&mut socket, PollTimeout::NONE);
        waker.wake();
    });
}

fn main() -> io::Result<()> {
    let (client, server) = UnixStream::pair()?;
    server.set_nonblocking(true)?;
    let task = poll_fn(|context| {
        let mut word = [0; 5];
        match (&server).read(&mut word) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                // The client writes as soon as the task waits.
                (&client).write_all(b"hello")?;
                wake_when_readable(server.try_clone()?, context.waker().clone());
                Poll::Pending
            }
            read => Poll::Ready(read.map(|_| String::from_utf8_lossy(&word).into_owned())),
        }
    });
    match run(task) {
        Some(word) => println!("the word is {:?}", word?),
        None => println!("a word is in the socket, and nothing wakes the task"),
    }
    Ok(())
}
