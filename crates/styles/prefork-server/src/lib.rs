//! Prefork: the processes are there before their clients, and each of them accepts for itself.
//!
//! The parent forks its workers at the start, and shares the listener with them. A worker accepts a
//! client, serves it to the end, and accepts the next one; the parent accepts nobody. To start a
//! client costs no fork, and a crash still harms one client only: the parent replaces the worker.
//! A worker is busy as long as its client stays, also if the client says nothing. So there are at
//! most as many clients as workers, and further clients wait in the backlog.

#![deny(unsafe_code)]

mod join;
mod scoreboard;
mod share;
mod worker;

use std::fs;
use std::io::{self, Read};
use std::net::TcpListener;
use std::os::fd::{AsFd, RawFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use drivers::children::{Forked, deaths, describe, fork_child, reap};
use drivers::relay::Relay;
use nix::poll::PollFlags;
use nix::sys::resource::{Resource, getrlimit};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, close};
use protocol::{ClientId, Service};
use socket2::Socket;
use sockets::{Acceptor, Limits, Share, Stop, poll, until};
use tracing::{info, warn};

use crate::join::{Joining, channel};
use crate::scoreboard::Scoreboard;
use crate::share::Listeners;
use crate::worker::{Worker, name};

// ANCHOR: a_second
/// A worker that has lived for less than this is replaced when the time is over: a worker that dies
/// at once, again and again, must not keep the parent busy.
const SHORTEST_LIFE: Duration = Duration::from_secs(1);
// ANCHOR_END: a_second

/// Serves each client in the next free worker process until `stop`, and then the remaining clients
/// until they have their answers.
///
/// # Errors
///
/// The server cannot wait for its descriptors, or cannot share its listener. The failure of a
/// client or of a worker is not an error of the server.
pub fn serve(
    listener: TcpListener,
    service: Service,
    limits: Limits,
    stop: Stop,
) -> io::Result<()> {
    let limits = limited(limits, &service);
    let (deaths, handlers_end) = deaths()?;
    let scoreboard = Scoreboard::new(limits.max_clients)?;
    let mut server = Server {
        listeners: Some(Listeners::share(listener, &limits)?),
        acceptor: Acceptor::counted_by((), scoreboard.count()),
        scoreboard,
        relay: Relay::default(),
        places: (0..limits.max_clients).map(|_| Place::default()).collect(),
        deaths,
        handlers_end,
        over_by: None,
        service,
        limits,
    };
    // ANCHOR: main_loop
    while !server.is_over() {
        if let Some(worker) = server.start_workers() {
            // This is a worker.
            server.close_inherited();
            worker.run(stop);
        }
        for ready in server.wait(&stop)? {
            match ready {
                Ready::Stop => server.stop(),
                Ready::Deaths => server.end_connections(),
                Ready::Link(client) => server.relay.receive(client),
                Ready::Member(number) => server.new_connection(number),
            }
        }
        server.turn();
        server.keep_time();
    }
    // ANCHOR_END: main_loop
    server.acceptor.log_summary();
    Ok(())
}

/// The limits, with no more workers than the parent has descriptors for. For each it needs two in a
/// room: one on which the worker passes links, and the link of its member; and one for a listener of
/// its own.
fn limited(limits: Limits, service: &Service) -> Limits {
    let in_a_room = if service.has_room() { 2 } else { 0 };
    let each = in_a_room + usize::from(limits.share == Share::ReusePort);
    let open = fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    let (soft, _) = getrlimit(Resource::RLIMIT_NOFILE).unwrap_or((u64::MAX, u64::MAX));
    let free = usize::try_from(soft).unwrap_or(usize::MAX).saturating_sub(open + SPARE);
    let most = free.checked_div(each).unwrap_or(usize::MAX).max(1);
    if most >= limits.max_clients {
        return limits;
    }
    let wanted = limits.max_clients;
    warn!("at most {most} clients at once, and not {wanted}: there are no descriptors for more");
    Limits { max_clients: most, ..limits }
}

/// How many descriptors the parent keeps for other things.
const SPARE: usize = 8;

// ANCHOR: state
/// The data of the parent.
struct Server {
    /// The listener, or all of them; `None` once the server stops.
    listeners: Option<Listeners>,
    /// The count of the clients, and the pause when there is no descriptor for a member's link.
    acceptor: Acceptor<()>,
    service: Service,
    limits: Limits,
    /// The memory in which each worker notes its client.
    scoreboard: Scoreboard,
    /// The room, and the links to its members.
    relay: Relay,
    /// A place for each worker.
    places: Vec<Place>,
    /// A byte for each SIGCHLD: a signal handler may do very little, so it writes to the other end,
    /// and owns that.
    deaths: UnixStream,
    handlers_end: RawFd,
    /// The deadline for all clients, once the server stops.
    over_by: Option<Instant>,
}

/// A place for a worker. While it is empty, the parent starts a process for it.
#[derive(Default)]
struct Place {
    process: Option<Pid>,
    /// The socket on which the worker passes the links of its members.
    links: Option<Socket>,
    /// Its last member of the room.
    member: Option<ClientId>,
    /// When the parent last started a process here, or tried to.
    started: Option<Instant>,
}
// ANCHOR_END: state

/// The things that the server can do now without waiting.
enum Ready {
    Stop,
    /// Workers have died.
    Deaths,
    /// A member's worker has sent something, or can be sent something.
    Link(ClientId),
    /// A worker has accepted a member of the room.
    Member(usize),
}

impl Server {
    // ANCHOR: wait
    /// Waits until there is something to do. The listener is not among the things to wait for.
    fn wait(&mut self, stop: &Stop) -> io::Result<Vec<Ready>> {
        let starts_at = self.places.iter().filter_map(|place| self.starts_at(place)).min();
        let is_paused = self.acceptor.listener().is_none();
        let pause = self.acceptor.paused_until();
        let deadlines = [self.over_by, self.relay.deadline(), starts_at, pause];
        let mut interests = Vec::new();
        if self.over_by.is_none() {
            interests.push((Ready::Stop, stop.as_fd(), PollFlags::POLLIN));
        }
        interests.push((Ready::Deaths, self.deaths.as_fd(), PollFlags::POLLIN));
        for (client, link, flags) in self.relay.interests() {
            interests.push((Ready::Link(client), link, flags));
        }
        for (number, place) in self.places.iter().enumerate() {
            // The next member of a worker joins when the one before it has left the room.
            let is_over = place.member.is_none_or(|member| !self.relay.has(member));
            if let Some(links) = place.links.as_ref().filter(|_| is_over && !is_paused) {
                interests.push((Ready::Member(number), links.as_fd(), PollFlags::POLLIN));
            }
        }
        poll(interests, deadlines.into_iter().flatten().min())
    }
    // ANCHOR_END: wait

    // ANCHOR: new_connection
    /// Lets a client join the room. A worker has accepted it, and passes its link.
    fn new_connection(&mut self, number: usize) {
        let place = &mut self.places[number];
        let Some(links) = &place.links else { return };
        // The kernel loses a link for which no descriptor is left. So look for one before.
        if let Err(error) = links.try_clone() {
            self.acceptor.admit::<()>(Err(error));
            return;
        }
        match join::receive(links) {
            Ok(Some(Joining { client, peer, link })) => {
                place.member = Some(client);
                self.relay.join(client, peer, link);
            }
            // It is gone, so it will pass no more links.
            Ok(None) => place.links = None,
            Err(error) => warn!("a client of {} cannot join: {error}", name(number)),
        }
    }
    // ANCHOR_END: new_connection

    // ANCHOR: start_workers
    /// Forks a worker for each empty place. In that process, returns the worker.
    fn start_workers(&mut self) -> Option<Worker> {
        for number in 0..self.places.len() {
            let place = &self.places[number];
            if self.starts_at(place).is_some_and(|at| until(at).is_zero()) {
                match self.start(number) {
                    Ok(None) => {}
                    Ok(worker) => return worker,
                    Err(error) => {
                        warn!("cannot start a worker for now: {error}");
                        // The other empty places wait as long as this one.
                        let empty = self.places.iter_mut().filter(|place| place.process.is_none());
                        empty.for_each(|place| place.started = Some(Instant::now()));
                    }
                }
            }
        }
        None
    }

    fn start(&mut self, number: usize) -> io::Result<Option<Worker>> {
        let (theirs, ours) = channel()?;
        self.places[number].started = Some(Instant::now());
        match fork_child()? {
            Forked::Parent(process) => {
                self.places[number].process = Some(process);
                self.places[number].links = self.service.has_room().then_some(ours);
                Ok(None)
            }
            Forked::Child(newborn) => Ok(Some(Worker {
                number,
                newborn,
                listeners: self.listeners.take().expect("the server does not stop"),
                scoreboard: self.scoreboard.clone(),
                links: theirs,
                service: self.service.clone(),
                limits: self.limits,
            })),
        }
    }
    // ANCHOR_END: start_workers

    /// When to start a process for a place: at once, unless the last one was short-lived. `None` if
    /// there is one, or if the server stops.
    fn starts_at(&self, place: &Place) -> Option<Instant> {
        let is_wanted = place.process.is_none() && self.over_by.is_none();
        is_wanted.then(|| place.started.map_or_else(Instant::now, |last| last + SHORTEST_LIFE))
    }

    /// Closes what a worker has inherited and does not need: a copy of a sibling's link would keep
    /// that link open. Signals are blocked, so no handler runs meanwhile.
    fn close_inherited(self) {
        let _ = close(self.handlers_end);
    }

    /// Lets the room pass on its talk. For a member that is too slow, the link ends: its worker cuts
    /// it off, and goes on with another client.
    fn turn(&mut self) {
        for (client, _link) in self.relay.turn() {
            info!("{client} is cut off");
        }
    }

    // ANCHOR: end_connections
    /// Reaps the workers that have died, and says which clients they took with them. Several deaths
    /// may come as one signal, so it reaps until no dead child is left.
    fn end_connections(&mut self) {
        let mut scrap = [0; 64];
        while self.deaths.read(&mut scrap).is_ok_and(|count| count > 0) {}
        while let Some((process, status)) = reap() {
            let mut places = self.places.iter_mut().enumerate();
            // An unknown child had another parent that has ended: PID 1 inherits such children.
            let Some((number, place)) = places.find(|(_, place)| place.process == Some(process))
            else {
                continue;
            };
            place.process = None;
            match self.scoreboard.take(number) {
                Some(client) => {
                    warn!("{client} was lost: its process {process} {}", describe(status));
                }
                None if status.success() => {}
                None => {
                    warn!("{} was lost: process {process} {}", name(number), describe(status));
                }
            }
        }
    }
    // ANCHOR_END: end_connections

    /// Stops accepting, and says goodbye to the clients.
    fn stop(&mut self) {
        self.over_by = Some(Instant::now() + self.limits.grace);
        if let Some(listeners) = self.listeners.take() {
            listeners.close();
        }
        self.relay.stop();
        self.signal(Signal::SIGTERM);
    }

    /// Kills the remaining workers when the grace is over.
    fn keep_time(&mut self) {
        if self.over_by.is_some_and(|over_by| until(over_by).is_zero()) {
            self.signal(Signal::SIGKILL);
            // A worker is gone once it is reaped. If one is not by then, it is killed again.
            self.over_by = Some(Instant::now() + self.limits.grace);
        }
    }

    /// Sends a signal to all workers. Their numbers are still valid: only this process reaps them,
    /// and it forgets each number when it does.
    fn signal(&self, signal: Signal) {
        for process in self.places.iter().filter_map(|place| place.process) {
            let _ = kill(process, signal);
        }
    }

    fn is_over(&self) -> bool {
        let is_empty = self.places.iter().all(|place| place.process.is_none());
        self.over_by.is_some() && is_empty && self.relay.is_over()
    }
}
