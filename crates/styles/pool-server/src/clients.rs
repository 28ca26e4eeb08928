//! The clients of the pool: the main thread adds them, and the worker that has served one removes it.

use std::collections::BTreeMap;
use std::io::{self, PipeReader, PipeWriter, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, MutexGuard, Weak};

use protocol::ClientId;

// ANCHOR: clients
/// All clients that were accepted: those that a worker serves, and those that wait for one.
///
/// A worker wakes the main thread only if that waits for clients to leave: at each client's end, this
/// would cost two changes of the thread that runs, and nothing would come of it.
pub(crate) struct Clients {
    open: Mutex<Open>,
    /// A worker writes here that a client has left, and the main thread reads it at the other end.
    left: PipeWriter,
}

#[derive(Default)]
struct Open {
    streams: BTreeMap<ClientId, Weak<TcpStream>>,
    /// The main thread waits for a client to leave.
    is_awaited: bool,
}
// ANCHOR_END: clients

impl Clients {
    /// No clients, and the main thread's end of the pipe.
    ///
    /// # Errors
    ///
    /// There are no descriptors left.
    pub(crate) fn new() -> io::Result<(Arc<Clients>, PipeReader)> {
        let (departures, left) = io::pipe()?;
        Ok((Arc::new(Clients { open: Mutex::default(), left }), departures))
    }

    /// Adds a client.
    pub(crate) fn insert(&self, client: ClientId, stream: &Arc<TcpStream>) {
        self.lock().streams.insert(client, Arc::downgrade(stream));
    }

    // ANCHOR: remove
    /// Removes a client, and wakes the main thread if that waits for one to leave.
    pub(crate) fn remove(&self, client: ClientId) {
        let mut open = self.lock();
        open.streams.remove(&client);
        if open.is_awaited {
            open.is_awaited = false;
            // This fails only if the main thread is gone, and then nothing waits.
            let _ = (&self.left).write_all(&[0]);
        }
    }

    /// Whether there are `count` clients. If so, the next one that leaves wakes the main thread.
    pub(crate) fn reach(&self, count: usize) -> bool {
        let mut open = self.lock();
        open.is_awaited = open.streams.len() >= count;
        open.is_awaited
    }
    // ANCHOR_END: remove

    /// The connections that no worker has closed yet.
    pub(crate) fn streams(&self) -> Vec<Arc<TcpStream>> {
        self.lock().streams.values().filter_map(Weak::upgrade).collect()
    }

    /// Whether all have left.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().streams.is_empty()
    }

    /// No thread holds the lock for longer than it takes to change the map.
    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().expect("no thread panics while it holds the lock")
    }
}
