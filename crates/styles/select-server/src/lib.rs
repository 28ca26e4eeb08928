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
use sockets::{Acceptor, Arrival, Limits, Pace, Stop, catch_panic, log_end, until};
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
        return Err(io::Error::other("too many descriptors are open already for select(2)"));
    }
    let mut server = Server {
        acceptor: Acceptor::new(listener),
        hub: Hub::default(),
        pace: Pace::default(),
        slots: BTreeMap::new(),
        buffer: vec![0; service.read_size()],
        over_by: None,
        service,
        limits,
    };
    // ANCHOR: main_loop
    while !server.is_over() {
        for ready in server.wait(&stop)? {
            match ready {
                Ready::Stop => server.stop(),
                Ready::Readable(client) => server.receive(client),
                Ready::Writable(client) => server.unblock(client),
                Ready::Listener => server.new_connection(),
            }
        }
        server.keep_time();
        server.send();
        server.end_connections();
    }
    // ANCHOR_END: main_loop
    server.acceptor.log_summary();
    Ok(())
}

// ANCHOR: state
/// All the state that there is.
struct Server {
    acceptor: Acceptor<TcpListener>,
    service: Service,
    limits: Limits,
    hub: Hub<OutboxMailbox>,
    pace: Pace,
    slots: BTreeMap<Client, Slot>,
    /// Where every read goes: a client that says nothing costs no buffer.
    buffer: Vec<u8>,
    /// By when all has to be over, once the server stops.
    over_by: Option<Instant>,
}
// ANCHOR_END: state

/// What can be done now without waiting.
enum Ready {
    Stop,
    /// A client has sent something.
    Readable(Client),
    /// A client takes more of what waits for it.
    Writable(Client),
    /// A client has connected.
    Listener,
}

impl Server {
    // ANCHOR: wait
    /// Waits until there is something to do.
    ///
    /// The sets are made anew from the table each turn: select(2) overwrites them with its answer,
    /// and a copy kept aside would have to be kept right.
    fn wait(&mut self, stop: &Stop) -> io::Result<Vec<Ready>> {
        let held_until = self.pace.held_until(&mut self.hub);
        let deadline = self.deadline().into_iter().chain(held_until).min();
        let mut timeout = deadline.map(time_left);
        let is_stopping = self.over_by.is_some();
        let is_full = self.slots.len() >= self.limits.max_clients;
        let stop = (!is_stopping).then_some(stop.as_fd());
        let listener = self.acceptor.listener().filter(|_| !is_full).map(AsFd::as_fd);

        let (mut readable, mut writable) = (FdSet::new(), FdSet::new());
        stop.into_iter().chain(listener).for_each(|fd| readable.insert(fd));
        for slot in self.slots.values() {
            if slot.wants_to_read() && !(slot.is_member() && held_until.is_some()) {
                readable.insert(slot.as_fd());
            }
            if slot.wants_to_write() {
                writable.insert(slot.as_fd());
            }
        }
        let slots = self.slots.values().map(AsFd::as_fd);
        let highest = slots.chain(stop).chain(listener).map(|fd| fd.as_raw_fd()).max();
        let count = highest.map(|highest| highest + 1);
        match select(count, &mut readable, &mut writable, None, timeout.as_mut()) {
            Err(Errno::EINTR) => return Ok(Vec::new()),
            result => result?,
        };

        let mut ready = Vec::new();
        ready.extend(stop.filter(|stop| readable.contains(*stop)).map(|_| Ready::Stop));
        for (&client, slot) in &self.slots {
            if readable.contains(slot.as_fd()) {
                ready.push(Ready::Readable(client));
            }
            if writable.contains(slot.as_fd()) {
                ready.push(Ready::Writable(client));
            }
        }
        ready.extend(listener.filter(|fd| readable.contains(*fd)).map(|_| Ready::Listener));
        Ok(ready)
    }
    // ANCHOR_END: wait

    // ANCHOR: new_connection
    /// Gives the client that has just connected its place in the table.
    fn new_connection(&mut self) {
        let Some(Arrival { client, name, stream }) = self.acceptor.accept() else {
            return;
        };
        if !fits(&stream) {
            return warn!("{client} refused: select(2) cannot watch its descriptor");
        }
        let opened = stream
            .set_nonblocking(true)
            .and_then(|()| catch_panic(|| Ok(self.service.session(client))));
        let session = match opened {
            Ok(session) => session,
            Err(error) => return log_end(client, &Err(error)),
        };
        let mut slot = Slot::new(stream, session, self.service.has_room());
        if slot.is_member() {
            self.hub.join(client, name, slot.outbox.mailbox());
        }
        let posts = slot.greet();
        self.slots.insert(client, slot);
        self.post(client, posts);
    }
    // ANCHOR_END: new_connection

    // ANCHOR: receive
    /// Reads from a client, once, and lets its session answer.
    fn receive(&mut self, client: Client) {
        let Some(slot) = self.slots.get_mut(&client) else {
            return;
        };
        // Members that have fallen behind have to catch up before more is posted.
        if slot.is_member() && self.pace.held_until(&mut self.hub).is_some() {
            return;
        }
        let posts = slot.receive(&mut self.buffer);
        self.post(client, posts);
    }
    // ANCHOR_END: receive

    // ANCHOR: post
    /// Tells the room what a session has to say.
    ///
    /// Mailboxes that fill up are emptied before anybody else can post: else a member that reads
    /// could be too slow merely because the others were served first.
    fn post(&mut self, client: Client, posts: Posts) {
        if !posts.is_empty() {
            self.hub.post(client, posts);
            let is_behind = |slot: &&mut Slot| slot.outbox.queue().behind_by() > 0;
            self.slots.values_mut().filter(is_behind).for_each(Slot::send);
        }
        if !self.slots[&client].is_talking() {
            self.hub.leave(client);
        }
    }
    // ANCHOR_END: post

    /// A client that did not take all that it was given takes more now.
    fn unblock(&mut self, client: Client) {
        if let Some(slot) = self.slots.get_mut(&client) {
            slot.is_writable = true;
        }
    }

    /// Sends what waits, to everybody who takes it: lines that have queued up leave in one write.
    fn send(&mut self) {
        self.slots.values_mut().for_each(Slot::send);
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

    /// Accepts nobody any more, and says goodbye.
    fn stop(&mut self) {
        self.over_by = Some(Instant::now() + self.limits.grace);
        self.acceptor.close();
        self.hub.stop();
    }

    /// Does what is due by now.
    fn keep_time(&mut self) {
        let now = Instant::now();
        let is_due = |slot: &Slot| slot.deadline(&self.limits).is_some_and(|due| due <= now);
        let due = self.slots.iter().filter(|(_, slot)| is_due(slot));
        for client in due.map(|(&client, _)| client).collect::<Vec<_>>() {
            if let Some(slot) = self.slots.get_mut(&client) {
                let posts = slot.expire(self.limits.idle_seconds());
                self.post(client, posts);
            }
        }
        let Some(over_by) = self.over_by else { return };
        for slot in self.slots.values_mut() {
            slot.finish_if_silent();
            if over_by <= now {
                slot.cut("the grace was over");
            }
        }
    }

    /// When something is due if nobody is ready before.
    fn deadline(&self) -> Option<Instant> {
        let slots = self.slots.values().filter_map(|slot| slot.deadline(&self.limits));
        // Once the server stops, silence is an answer, and nobody waits for it.
        let hears_out = self.over_by.is_some() && self.slots.values().any(Slot::wants_to_talk);
        let now = hears_out.then(Instant::now);
        slots.chain(self.acceptor.paused_until()).chain(self.over_by).chain(now).min()
    }

    fn is_over(&self) -> bool {
        self.over_by.is_some() && self.slots.is_empty()
    }
}

// ANCHOR: fits
/// Whether a descriptor fits into a set: `FdSet` panics if it does not.
fn fits(descriptor: impl AsFd) -> bool {
    descriptor.as_fd().as_raw_fd() < FD_SETSIZE as i32
}
// ANCHOR_END: fits

fn time_left(deadline: Instant) -> TimeVal {
    // Rounded up: a wait that ends too early would be begun again, and again.
    let left = until(deadline) + Duration::from_nanos(999);
    TimeVal::microseconds(i64::try_from(left.as_micros()).unwrap_or(i64::MAX))
}
