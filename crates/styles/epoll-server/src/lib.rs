//! Epoll: after accept(2) returns, remember the client, and tell the kernel once what to wait for.
//!
//! One thread holds the whole state in a table ([`drivers::table`]).
//! No call may block, so the server reads only from sockets that epoll(7) reports as readable.
//! There is no other thread, so there is nothing to lock.

#![forbid(unsafe_code)]

use std::io;
use std::net::TcpListener;

use drivers::table::{Interest, Table};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags};
use protocol::{ClientId, Service};
use sockets::{Acceptor, Limits, Stop, timeout, wait_out};

/// The names under which the kernel knows the two descriptors that are no clients. A client's name
/// is its number, which is never used twice.
const STOP: u64 = u64::MAX;
const LISTENER: u64 = u64::MAX - 1;

/// How many events the kernel may report in one turn. The others wait for the next turn.
const EVENTS: usize = 256;

/// Serves all clients in one loop until `stop`, and then the remaining clients until they have
/// their answers.
///
/// # Errors
///
/// The server cannot wait for its descriptors. The failure of a client is not an error of the
/// server.
pub fn serve(
    listener: TcpListener,
    service: Service,
    limits: Limits,
    stop: Stop,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
    epoll.add(&stop, EpollEvent::new(EpollFlags::EPOLLIN, STOP))?;
    let mut server = Server {
        acceptor: Acceptor::new(listener),
        table: Table::new(service, limits),
        epoll,
        watches_listener: false,
        is_stopping: false,
        limits,
    };
    // ANCHOR: main_loop
    while !server.is_over() {
        for ready in server.wait()? {
            match ready {
                Ready::Stop => server.stop(&stop)?,
                Ready::Readable(client) => server.table.receive(client),
                Ready::Writable(client) => server.table.unblock(client),
                Ready::Listener => server.new_connection(),
            }
        }
        server.table.turn();
        server.watch();
    }
    // ANCHOR_END: main_loop
    server.acceptor.log_summary();
    Ok(())
}

// ANCHOR: state
/// The whole state of the server, except for the kernel's list of descriptors.
struct Server {
    acceptor: Acceptor<TcpListener>,
    limits: Limits,
    table: Table,
    /// The kernel's list.
    epoll: Epoll,
    /// The listener is in it.
    watches_listener: bool,
    is_stopping: bool,
}
// ANCHOR_END: state

/// The things that the server can do now without waiting.
enum Ready {
    Stop,
    /// A client has sent something.
    Readable(ClientId),
    /// A client takes more of the output that waits for it.
    Writable(ClientId),
    /// A client has connected.
    Listener,
}

impl Server {
    // ANCHOR: wait
    /// Waits until there is something to do.
    fn wait(&mut self) -> io::Result<Vec<Ready>> {
        let deadline = [self.table.deadline(), self.acceptor.paused_until()];
        let deadline = deadline.into_iter().flatten().min();
        self.watch_listener()?;
        let mut events = [EpollEvent::empty(); EVENTS];
        let count = match self.epoll.wait(&mut events, timeout(deadline)) {
            Ok(count) => count,
            Err(errno) => {
                wait_out(errno)?;
                return Ok(Vec::new());
            }
        };
        let mut ready = Vec::with_capacity(2 * count);
        for event in &events[..count] {
            let (flags, client) = (event.events(), ClientId(event.data()));
            // A mere error concerns both.
            let is_of = |wanted| flags.contains(wanted) || !flags.intersects(IN_OR_OUT);
            match event.data() {
                STOP => ready.push(Ready::Stop),
                LISTENER => ready.push(Ready::Listener),
                _ => {
                    if is_of(EpollFlags::EPOLLIN) {
                        ready.push(Ready::Readable(client));
                    }
                    if is_of(EpollFlags::EPOLLOUT) {
                        ready.push(Ready::Writable(client));
                    }
                }
            }
        }
        Ok(ready)
    }
    // ANCHOR_END: wait

    // ANCHOR: watch
    /// Tells the kernel what the server waits for now, where that has changed in this turn.
    ///
    /// A client that the server waits for in no way is taken out: the kernel reports errors and
    /// hang-ups even if nobody asks for them. A client that is gone needs no call: its descriptor
    /// was the only one of its connection, so closing it took it out.
    fn watch(&mut self) {
        let mut refused = Vec::new();
        for change in self.table.changes() {
            let mut event = EpollEvent::new(flags(change.now), change.client.0);
            let told = match (change.before.is_any(), change.now.is_any()) {
                (false, true) => self.epoll.add(change.connection, event),
                (true, true) => self.epoll.modify(change.connection, &mut event),
                (true, false) => self.epoll.delete(change.connection),
                (false, false) => Ok(()),
            };
            if let Err(errno) = told {
                refused.push((change.client, errno));
            }
        }
        for (client, errno) in refused {
            self.table.lose(client, errno.into());
        }
    }
    // ANCHOR_END: watch

    /// Watches the listener while the server can take one more client.
    fn watch_listener(&mut self) -> io::Result<()> {
        let is_full = self.table.len() >= self.limits.max_clients;
        let is_wanted = !is_full && self.acceptor.listener().is_some();
        if is_wanted != self.watches_listener
            && let Some(listener) = self.acceptor.open_listener()
        {
            match is_wanted {
                true => self.epoll.add(listener, EpollEvent::new(EpollFlags::EPOLLIN, LISTENER))?,
                false => self.epoll.delete(listener)?,
            }
            self.watches_listener = is_wanted;
        }
        Ok(())
    }

    // ANCHOR: new_connection
    /// Gives a place in the table to the client that has just connected.
    fn new_connection(&mut self) {
        if let Some(arrival) = self.acceptor.accept() {
            self.table.new_connection(arrival);
        }
    }
    // ANCHOR_END: new_connection

    /// Stops accepting, and says goodbye to the clients.
    fn stop(&mut self, stop: &Stop) -> io::Result<()> {
        self.is_stopping = true;
        // It stays readable, so the kernel would report it in every turn.
        self.epoll.delete(stop)?;
        self.acceptor.close();
        self.table.stop();
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.is_stopping && self.table.is_empty()
    }
}

const IN_OR_OUT: EpollFlags = EpollFlags::EPOLLIN.union(EpollFlags::EPOLLOUT);

fn flags(interest: Interest) -> EpollFlags {
    let mut flags = EpollFlags::empty();
    flags.set(EpollFlags::EPOLLIN, interest.read);
    flags.set(EpollFlags::EPOLLOUT, interest.write);
    flags
}
