//! The relay, which the tasks share under a lock. No task holds the lock while it waits.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Instant;

use crate::{EncoderId, Fault, ListenerId, Relay, Settings, Taken};

/// The relay, and the listeners that sleep until there is more.
#[derive(Debug)]
pub(crate) struct Shared {
    inner: Mutex<Inner>,
    /// The number of players' connections.
    pub(crate) connections: AtomicUsize,
}

#[derive(Debug)]
struct Inner {
    relay: Relay,
    sleeping: HashMap<ListenerId, Waker>,
}

/// A player's connection, which counts as long as this lives.
#[derive(Debug)]
pub(crate) struct Counted<'a>(&'a AtomicUsize);

impl Shared {
    pub(crate) fn new(settings: Settings) -> Shared {
        let inner = Inner { relay: Relay::new(settings), sleeping: HashMap::new() };
        Shared { inner: Mutex::new(inner), connections: AtomicUsize::new(0) }
    }

    /// Runs a call of the relay for which no listener has to be woken.
    pub(crate) fn with<T>(&self, ask: impl FnOnce(&mut Relay) -> T) -> T {
        ask(&mut self.lock().relay)
    }

    /// Gives the encoder's bytes to the relay, and wakes the listeners that wait for them.
    pub(crate) fn receive(&self, encoder: EncoderId, bytes: &[u8]) -> Result<(), Fault> {
        let told = self.with(|relay| relay.receive(encoder, bytes, Instant::now()));
        self.wake_all();
        told
    }

    /// Ends the stream for all players.
    pub(crate) fn end(&self) {
        self.with(|relay| relay.end(Instant::now()));
        self.wake_all();
    }

    /// Takes the next thing for a listener. If there is nothing, `waker` is woken when there is
    /// more.
    pub(crate) fn take(&self, id: ListenerId, waker: &Waker) -> Taken {
        let mut inner = self.lock();
        let taken = inner.relay.take(id);
        if taken == Taken::Nothing {
            inner.sleeping.insert(id, waker.clone());
        }
        taken
    }

    pub(crate) fn leave(&self, id: ListenerId) {
        let mut inner = self.lock();
        inner.relay.leave(id);
        inner.sleeping.remove(&id);
    }

    pub(crate) fn count(&self) -> Counted<'_> {
        self.connections.fetch_add(1, Ordering::Relaxed);
        Counted(&self.connections)
    }

    fn wake_all(&self) {
        let sleeping = std::mem::take(&mut self.lock().sleeping);
        sleeping.into_values().for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
