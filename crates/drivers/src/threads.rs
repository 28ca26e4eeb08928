//! The parts of a server whose clients have threads: the size of a stack, the number of threads that
//! there is memory for, the thread that owns the room, and a member's two threads.

mod capacity;
mod member;

use std::io;
use std::net::TcpStream;
use std::os::unix::thread::JoinHandleExt;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Instant;

use crossbeam_channel::{Receiver, RecvTimeoutError};
use nix::sys::pthread::pthread_kill;
use nix::sys::signal::Signal;
use protocol::{Event, Hub};
use signal_hook::flag;
use sockets::hear;

pub use capacity::limited;
pub use member::{Mailbox, Membership, converse};

/// How many events may wait for the hub. Few, since each of them goes into every mailbox.
pub const EVENTS: usize = 16;

// ANCHOR: stack
/// The size of a thread's stack. The default of 2 MiB is as large as a huge page, and may use one.
pub const STACK: usize = 256 * 1024;
// ANCHOR_END: stack

// ANCHOR: start_hub
/// Starts the thread that owns the room. It ends when all senders are dropped.
///
/// # Errors
///
/// No thread can be started.
pub fn start_hub(events: Receiver<Event<Mailbox>>) -> io::Result<JoinHandle<()>> {
    let hub = Builder::new().name("hub".to_owned()).spawn(move || run_hub(&events));
    hub.map_err(|_| io::Error::other("no threads can be started"))
}

/// Handles the events from the channel at the pace of the members.
fn run_hub(events: &Receiver<Event<Mailbox>>) {
    let (mut hub, begun) = (Hub::default(), Instant::now());
    let mut advance_at = None;
    loop {
        let event = match advance_at {
            Some(deadline) => events.recv_deadline(deadline),
            None => events.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match event {
            Ok(event) => hub.handle(event),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        events.try_iter().take(EVENTS).for_each(|event| hub.handle(event));
        let wait = hub.advance(begun.elapsed());
        advance_at = wait.map(|wait| Instant::now() + wait);
    }
}
// ANCHOR_END: start_hub

/// Prepares this process for [`wake`].
///
/// # Errors
///
/// The system refuses the handler.
pub fn hear_wake_ups() -> io::Result<()> {
    // The handler does nothing, but a signal with a handler interrupts system calls.
    hear(&[Signal::SIGUSR1], || flag::register(Signal::SIGUSR1 as i32, Arc::default())).map(drop)
}

// ANCHOR: wake
/// Wakes threads from their reads of these connections, so that they see that the server stops.
///
/// The order leaves no gap: a read under way is interrupted, and does not block when it is
/// repeated; a read that was about to begin does not block either.
pub fn wake<'a, T: 'a>(
    streams: impl IntoIterator<Item = &'a TcpStream>,
    threads: impl IntoIterator<Item = &'a JoinHandle<T>>,
) {
    // Both calls fail only if the connection or the thread has ended.
    for stream in streams {
        let _ = stream.set_nonblocking(true);
    }
    for thread in threads {
        let _ = pthread_kill(thread.as_pthread_t(), Signal::SIGUSR1);
    }
}
// ANCHOR_END: wake
