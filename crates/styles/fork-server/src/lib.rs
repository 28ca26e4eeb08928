//! Fork: after accept(2) returns, fork a process that serves this client to the end.
//!
//! Each child reads like the iterative server and blocks as it pleases, and what it breaks is its
//! own: the kernel keeps it apart from all the others.
//! So what the clients share has to be carried: the room is the parent's, and each member's child
//! is linked to it by a socket pair (see `member`).
//! The parent has one thread, always: a child gets a copy of the thread that forked and of nothing
//! else, so a lock that another thread held would stay locked in it for ever.

#![deny(unsafe_code)]

mod child;
mod member;

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::Instant;

use nix::poll::PollFlags;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork, getpid};
use protocol::{Client, Hub, Outbox, OutboxMailbox, OutboxState, Service};
use signal_hook::low_level;
use sockets::{Acceptor, Arrival, Limits, Pace, Stop, hear, poll, until};
use tracing::{info, warn};

use crate::child::Child;
use crate::member::{ChildsLink, Heard, Link};

/// Serves each client in a process of its own until `stop`, and then those who are here until they
/// have their answers.
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
    let (deaths, death) = UnixStream::pair()?;
    deaths.set_nonblocking(true)?;
    let reaping =
        hear(&[Signal::SIGCHLD], || low_level::pipe::register(Signal::SIGCHLD as i32, death))?;
    let mut server = Server {
        acceptor: Acceptor::new(listener),
        hub: Hub::default(),
        pace: Pace::default(),
        children: BTreeMap::new(),
        deaths,
        over_by: None,
        service,
        limits,
    };
    // ANCHOR: main_loop
    while !server.is_over() {
        for ready in server.wait(&stop)? {
            match ready {
                Ready::Stop => server.stop(),
                Ready::Deaths => server.end_connections(),
                Ready::Link(client) => server.receive(client),
                Ready::Listener => {
                    if let Some(child) = server.new_connection() {
                        // This is the child. It drops at once what it has inherited and does not
                        // need: a copy of a sibling's link would keep that from ever ending.
                        drop(server);
                        child.live(stop, reaping);
                    }
                }
            }
        }
        server.send();
        server.keep_time();
    }
    // ANCHOR_END: main_loop
    server.acceptor.log_summary();
    Ok(())
}

// ANCHOR: state
/// What the parent knows.
struct Server {
    acceptor: Acceptor<TcpListener>,
    service: Service,
    limits: Limits,
    hub: Hub<OutboxMailbox>,
    pace: Pace,
    children: BTreeMap<Client, Process>,
    /// SIGCHLD as bytes: a signal handler may do next to nothing, so it writes to the other end.
    deaths: UnixStream,
    /// By when all has to be over, once the server stops.
    over_by: Option<Instant>,
}

/// A child, as the parent sees it. Its end is seen twice: the process table says that the process
/// is gone, and the end of the link that the room has heard all that the client had to say.
struct Process {
    /// Until it is reaped: after that the number may be another process's.
    pid: Option<Pid>,
    /// If it serves a member.
    link: Option<Link>,
}
// ANCHOR_END: state

/// What can be done now without waiting.
enum Ready {
    Stop,
    /// Children have died.
    Deaths,
    /// A member's child has something to say, or can be told something.
    Link(Client),
    /// A client has connected.
    Listener,
}

impl Server {
    // ANCHOR: wait
    /// Waits until there is something to do.
    fn wait(&mut self, stop: &Stop) -> io::Result<Vec<Ready>> {
        let held_until = self.pace.held_until(&mut self.hub);
        let deadlines = [self.over_by, self.acceptor.paused_until(), held_until];
        let deadline = deadlines.into_iter().flatten().min();
        let is_stopping = self.over_by.is_some();
        let is_full = self.children.len() >= self.limits.max_clients;
        let stop = (!is_stopping).then_some((Ready::Stop, stop.as_fd()));
        let deaths = Some((Ready::Deaths, self.deaths.as_fd()));
        let listener = self.acceptor.listener().filter(|_| !is_full);
        let listener = listener.map(|listener| (Ready::Listener, listener.as_fd()));
        let to_read = |(ready, fd)| (ready, fd, PollFlags::POLLIN);
        let links = self.children.iter().filter_map(|(&client, child)| {
            let (fd, flags) = child.link.as_ref()?.interest(held_until.is_none())?;
            Some((Ready::Link(client), fd, flags))
        });
        let interests = [stop, deaths].into_iter().flatten().map(to_read);
        poll(interests.chain(links).chain(listener.map(to_read)), deadline)
    }
    // ANCHOR_END: wait

    // ANCHOR: new_connection
    /// Forks a process for the client that has just connected. In that process, returns what it
    /// has to do.
    fn new_connection(&mut self) -> Option<Child> {
        // Before accepting: a client for whose link there are no descriptors shall wait in the
        // backlog, as one does for whose connection there are none.
        let links = match self.service.has_room().then(member::link).transpose() {
            Ok(links) => links.unzip(),
            Err(error) => {
                self.acceptor.admit::<TcpStream>(Err(error));
                return None;
            }
        };
        let arrival = self.acceptor.accept()?;
        let client = arrival.client;
        self.start(arrival, links).unwrap_or_else(|error| {
            warn!("{client} refused: cannot start a process: {error}");
            self.hub.leave(client);
            None
        })
    }
    // ANCHOR_END: new_connection

    // ANCHOR: start
    fn start(
        &mut self,
        Arrival { client, name, stream }: Arrival<TcpStream>,
        (link, childs_link): (Option<Link>, Option<ChildsLink>),
    ) -> io::Result<Option<Child>> {
        if let Some(link) = &link {
            self.hub.join(client, name, link.outbox.mailbox());
        }
        let parent = getpid();
        // Else a signal that hits the child early would run the parent's handlers there.
        let unblocked = SigSet::all().thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
        let forked = fork_alone();
        if let Ok(ForkResult::Child) = forked {
            let (service, limits, link) = (self.service.clone(), self.limits, childs_link);
            let child = Child { client, stream, service, limits, link, parent, unblocked };
            return Ok(Some(child));
        }
        unblocked.thread_set_mask()?;
        if let ForkResult::Parent { child } = forked? {
            let process = Process { pid: Some(child), link };
            self.children.insert(client, process);
        }
        Ok(None)
    }
    // ANCHOR_END: start

    // ANCHOR: receive
    /// Hears what a member's child has to say, unless the members have to catch up first.
    fn receive(&mut self, client: Client) {
        if self.pace.held_until(&mut self.hub).is_some() {
            return;
        }
        let Some(child) = self.children.get_mut(&client) else {
            return;
        };
        let Some(link) = &mut child.link else { return };
        match link.receive() {
            Heard::Posts(posts) => self.hub.post(client, posts),
            Heard::Nothing => {}
            Heard::End => self.hub.leave(client),
        }
        let is_behind = |link: &&mut Link| link.outbox.queue().behind_by() > 0;
        let links = self.children.values_mut().filter_map(|child| child.link.as_mut());
        links.filter(is_behind).for_each(Link::send);
    }
    // ANCHOR_END: receive

    // ANCHOR: send
    /// Sends what waits, to every child that takes it, and kills those of members too slow,
    /// whatever they are at.
    fn send(&mut self) {
        for (client, child) in &mut self.children {
            let Some(link) = &mut child.link else {
                continue;
            };
            link.send();
            if let (OutboxState::TooSlow, Some(pid)) = (link.outbox.state(), child.pid) {
                info!("{client} is cut off: killing process {pid}");
                let _ = kill(pid, Signal::SIGKILL);
                // Nothing waits for it any more, and it is not to be killed twice.
                link.outbox = Outbox::default();
            }
        }
        self.children.retain(|_, child| !child.is_over());
    }
    // ANCHOR_END: send

    // ANCHOR: end_connections
    /// Reaps the children that have died. Several deaths may be one signal, so it asks until there
    /// is nobody left: one wait a signal would leave zombies behind.
    fn end_connections(&mut self) {
        let mut scrap = [0; 64];
        while self.deaths.read(&mut scrap).is_ok_and(|count| count > 0) {}
        while let Ok(status) = waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            let Some(pid) = status.pid() else { break };
            let dead = self.children.iter_mut().find(|(_, child)| child.pid == Some(pid));
            let Some((client, child)) = dead else {
                continue;
            };
            child.pid = None;
            match status {
                WaitStatus::Signaled(_, signal, _) => {
                    warn!("{client} was lost: its process {pid} was killed by {signal}");
                }
                WaitStatus::Exited(_, status) => {
                    info!("process {pid} of {client} exited with {status}");
                }
                _ => {}
            }
        }
    }
    // ANCHOR_END: end_connections

    // ANCHOR: stop
    /// Accepts nobody any more, and says goodbye.
    fn stop(&mut self) {
        self.over_by = Some(Instant::now() + self.limits.grace);
        self.acceptor.close();
        self.hub.stop();
        self.signal(Signal::SIGTERM);
    }
    // ANCHOR_END: stop

    /// Kills those who are still here when the grace is over.
    fn keep_time(&mut self) {
        if self.over_by.is_some_and(|over_by| until(over_by).is_zero()) {
            self.signal(Signal::SIGKILL);
            self.over_by = Some(Instant::now() + self.limits.grace);
        }
    }

    /// Sends all children a signal. They are still ours: this process alone reaps, and forgets the
    /// number of each when it does.
    fn signal(&self, signal: Signal) {
        for pid in self.children.values().filter_map(|child| child.pid) {
            let _ = kill(pid, signal);
        }
    }

    fn is_over(&self) -> bool {
        self.over_by.is_some() && self.children.is_empty()
    }
}

impl Process {
    fn is_over(&self) -> bool {
        self.pid.is_none() && self.link.as_ref().is_none_or(|link| link.is_heard_out)
    }
}

// ANCHOR: fork_alone
/// Forks, which only a process with one thread may do without further thought: the child gets a
/// copy of this thread and of no other.
#[allow(unsafe_code)]
fn fork_alone() -> nix::Result<ForkResult> {
    // SAFETY: there is no other thread, so the child finds no lock held by one that it has not.
    unsafe { fork() }
}
// ANCHOR_END: fork_alone
