//! Select: after accept(2) returns, remember the client, and wait for all of them at once.
//!
//! One thread holds the whole state in a table.
//! Nothing in it may block, so each socket is asked only for what select(2) says that it has, and
//! every client gets a bounded piece of work a turn.
//! Since nobody else runs meanwhile, there is nothing to lock: the room is a value, a post a call.

#![forbid(unsafe_code)]

mod slot;

use std::collections::BTreeMap;
use std::io;
use std::net::TcpListener;
use std::os::fd::{AsFd, AsRawFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::select::{FD_SETSIZE, FdSet, select};
use nix::sys::time::{TimeVal, TimeValLike};
use protocol::{Client, Hub, OutboxMailbox, Posts, Service};
use sockets::{Acceptor, Arrival, Limits, Stop, log_end, until};
use tracing::warn;

use crate::slot::Slot;

/// Serves all clients in one loop until `stop`, and then those who are here until they have their
/// answers.
///
/// # Errors
///
/// Nothing can be waited for. What happens to a client is no error of the server.
pub fn serve(
    listener: TcpListener,
    service: Service,
    limits: Limits,
    stop: Stop,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    if !fits(&listener) || !fits(&stop) {
        return Err(io::Error::other(
            "too many descriptors are open already for select(2)",
        ));
    }
    let mut server = Server {
        acceptor: Acceptor::new(listener),
        hub: Hub::default(),
        slots: BTreeMap::new(),
        buffer: vec![0; service.read_size()],
        over_by: None,
        service,
        limits,
    };
    while !server.is_over() {
        let ready = server.wait(&stop)?;
        if ready.stop {
            server.stop();
        }
        for &client in &ready.readable {
            server.receive(client);
        }
        if ready.listener {
            server.new_connection();
        }
        if ready.is_late {
            server.keep_time();
        }
        if server.over_by.is_some() {
            server.dismiss_all_but(&ready.readable);
        }
        server.send(&ready.writable);
        server.end_connections();
    }
    server.acceptor.log_summary();
    Ok(())
}

/// All the state that there is.
struct Server {
    acceptor: Acceptor<TcpListener>,
    service: Service,
    limits: Limits,
    hub: Hub<OutboxMailbox>,
    slots: BTreeMap<Client, Slot>,
    /// Where every read goes: a client that says nothing costs no buffer.
    buffer: Vec<u8>,
    /// By when all has to be over, once the server stops.
    over_by: Option<Instant>,
}

/// Who can be served now without waiting.
#[derive(Default)]
struct Ready {
    stop: bool,
    listener: bool,
    readable: Vec<Client>,
    writable: Vec<Client>,
    /// A deadline has passed.
    is_late: bool,
}

impl Server {
    /// Waits until somebody is ready, or until the next deadline.
    ///
    /// The sets are made anew from the table each turn: select(2) overwrites them with its answer,
    /// and a copy kept aside would have to be kept right.
    fn wait(&mut self, stop: &Stop) -> io::Result<Ready> {
        let deadline = self.deadline();
        let mut timeout = deadline.map(time_left);
        let is_full = self.slots.len() >= self.limits.max_clients;
        let stop = self.over_by.is_none().then_some(stop.as_fd());
        let listener = self
            .acceptor
            .listener()
            .filter(|_| !is_full)
            .map(AsFd::as_fd);

        let (mut readable, mut writable) = (FdSet::new(), FdSet::new());
        stop.into_iter()
            .chain(listener)
            .for_each(|descriptor| readable.insert(descriptor));
        for slot in self.slots.values() {
            if slot.wants_to_read() {
                readable.insert(slot.as_fd());
            }
            if slot.wants_to_write() {
                writable.insert(slot.as_fd());
            }
        }
        let slots = self.slots.values().map(AsFd::as_fd);
        let descriptors = slots
            .chain(stop)
            .chain(listener)
            .map(|fd| fd.as_raw_fd() + 1)
            .max();
        match select(
            descriptors,
            &mut readable,
            &mut writable,
            None,
            timeout.as_mut(),
        ) {
            Err(Errno::EINTR) => return Ok(Ready::default()),
            result => result?,
        };

        let ready_in = |set: &FdSet<'_>| {
            let ready = self
                .slots
                .iter()
                .filter(|(_, slot)| set.contains(slot.as_fd()));
            ready.map(|(&client, _)| client).collect()
        };
        Ok(Ready {
            stop: stop.is_some_and(|stop| readable.contains(stop)),
            listener: listener.is_some_and(|listener| readable.contains(listener)),
            readable: ready_in(&readable),
            writable: ready_in(&writable),
            is_late: deadline.is_some_and(|deadline| deadline <= Instant::now()),
        })
    }

    /// Gives the client that has just connected its place in the table.
    fn new_connection(&mut self) {
        let Some(Arrival {
            client,
            name,
            stream,
        }) = self.acceptor.accept()
        else {
            return;
        };
        if !fits(&stream) {
            return warn!("{client} refused: select(2) cannot watch its descriptor");
        }
        if let Err(error) = stream.set_nonblocking(true) {
            return log_end(client, &Err(error));
        }
        let mut slot = Slot::new(
            stream,
            self.service.session(client),
            self.service.has_room(),
        );
        if slot.is_member() {
            self.hub.join(client, name, slot.outbox.mailbox());
        }
        let posts = slot.greet();
        self.slots.insert(client, slot);
        self.post(client, &posts);
    }

    /// Reads from a client, once, and lets its session answer.
    fn receive(&mut self, client: Client) {
        if let Some(slot) = self.slots.get_mut(&client) {
            let posts = slot.receive(&mut self.buffer);
            self.post(client, &posts);
        }
    }

    /// Tells the room what a session has to say.
    ///
    /// Mailboxes that are half full are emptied before anybody else can post: else a member that
    /// reads could be too slow merely because the others were served first.
    fn post(&mut self, client: Client, posts: &Posts) {
        if !posts.is_empty() {
            self.hub.post(client, posts);
            let crowded = |slot: &&mut Slot| slot.outbox.queue().is_half_full();
            self.slots.values_mut().filter(crowded).for_each(Slot::send);
        }
        if !self.slots[&client].is_talking() {
            self.hub.leave(client);
        }
    }

    /// Sends what waits, to everybody who takes it: lines that have queued up leave in one write.
    fn send(&mut self, writable: &[Client]) {
        for client in writable {
            if let Some(slot) = self.slots.get_mut(client) {
                slot.is_writable = true;
            }
        }
        self.slots.values_mut().for_each(Slot::send);
    }

    /// Does what is due by now.
    fn keep_time(&mut self) {
        let now = Instant::now();
        let idle_timeout = self.limits.idle_timeout;
        let is_due = |slot: &Slot| slot.deadline(idle_timeout).is_some_and(|due| due <= now);
        let due: Vec<_> = self
            .slots
            .iter()
            .filter(|(_, slot)| is_due(slot))
            .map(|(&c, _)| c)
            .collect();
        for client in due {
            if let Some(slot) = self.slots.get_mut(&client) {
                let posts = slot.expire(self.limits.idle_seconds());
                self.post(client, &posts);
            }
        }
        if self.over_by.is_some_and(|over_by| over_by <= now) {
            self.slots
                .values_mut()
                .for_each(|slot| slot.cut("still here when the grace was over"));
        }
    }

    /// When something is due if nobody is ready before.
    fn deadline(&self) -> Option<Instant> {
        let slots = self
            .slots
            .values()
            .filter_map(|slot| slot.deadline(self.limits.idle_timeout));
        // Once the server stops, silence is an answer, and nobody waits for it.
        let hears_out = self.over_by.is_some() && self.slots.values().any(Slot::wants_to_talk);
        let now = hears_out.then(Instant::now);
        slots
            .chain(self.acceptor.paused_until())
            .chain(self.over_by)
            .chain(now)
            .min()
    }

    /// Accepts nobody any more, and says goodbye.
    fn stop(&mut self) {
        self.over_by = Some(Instant::now() + self.limits.grace);
        self.acceptor.close();
        self.hub.stop();
    }

    /// Finishes the clients of whom nothing had arrived that is not answered.
    fn dismiss_all_but(&mut self, heard: &[Client]) {
        for (client, slot) in &mut self.slots {
            if slot.wants_to_talk() && !heard.contains(client) {
                slot.finish();
            }
        }
    }

    /// Forgets the clients that are gone, which the room hears of.
    fn end_connections(&mut self) {
        self.slots.retain(|&client, slot| {
            let Some(ended) = slot.ended() else {
                return true;
            };
            self.hub.leave(client);
            log_end(client, ended);
            false
        });
    }

    fn is_over(&self) -> bool {
        self.over_by.is_some() && self.slots.is_empty()
    }
}

/// Whether a descriptor fits into a set: `FdSet` panics if it does not.
fn fits(descriptor: impl AsFd) -> bool {
    descriptor.as_fd().as_raw_fd() < FD_SETSIZE as i32
}

fn time_left(deadline: Instant) -> TimeVal {
    // Rounded up: a wait that ends too early would be begun again, and again.
    let left = until(deadline) + Duration::from_nanos(999);
    TimeVal::microseconds(i64::try_from(left.as_micros()).unwrap_or(i64::MAX))
}
