//! The loop: one thread, one epoll(7), and all clients.
//!
//! In a closed loop each speaker sends its next message when its last one is answered. So a server
//! that stalls gets no messages meanwhile, and the delays of those messages are never measured (Gil
//! Tene calls this coordinated omission). An open loop sends messages when they are due, and counts
//! from that time.

use std::io::{self, ErrorKind, Read, Write};
use std::mem;
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::sys::epoll::EpollFlags;
use socket2::Socket;

use crate::connect::Route;
use crate::dialogue::Dialogue;
use crate::poller::Poller;
use crate::progress::Progress;
use crate::schedule::Schedule;
use crate::tally::Tally;

/// The number of connections that are in progress at once, until each has been let in. It is
/// smaller than any backlog: if a backlog is full, the kernel drops the SYN, and the client's
/// kernel tries again only after a second.
const AT_ONCE: usize = 100;

/// If nothing happens for this long, the run stops waiting.
const QUIET: Duration = Duration::from_secs(2);

/// The longest wait for late answers, or for clients to leave.
const PATIENCE: Duration = Duration::from_secs(10);

/// The number of bytes that are read at once.
const READ_SIZE: usize = 64 * 1024;

/// The times at which messages are sent.
#[derive(Debug)]
pub(crate) enum Pace {
    /// When one is answered, so that each speaker always has this many unanswered messages.
    Closed { depth: usize },
    /// At the time when it is due.
    Open(Schedule),
}

/// All clients, and their progress.
pub(crate) struct Run {
    pub(crate) dialogue: Box<dyn Dialogue>,
    pub(crate) tally: Tally,
    pub(crate) progress: Progress,
    /// Set by Ctrl-C: the run ends early.
    pub(crate) is_interrupted: Arc<AtomicBool>,
    /// The number of connections that failed, or ended although neither side was done, and the
    /// reason of the first one.
    pub(crate) broken: u64,
    pub(crate) first_broken: Option<io::Error>,
    route: Route,
    pace: Pace,
    phase: Phase,
    links: Vec<Option<Link>>,
    /// The number of clients that have been let in and are still connected.
    here: usize,
    /// The number of connections that have begun and not ended.
    open: usize,
    /// Whether the server, after its first answers, accepts no more connections.
    is_refused: bool,
    poller: Poller,
    begin: Instant,
    /// The time when a client last received something, or lost its connection.
    last_news: Duration,
    buffer: Vec<u8>,
    /// The clients that may have something to send. A field only to reuse its memory.
    to_send: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    Arriving,
    Talking,
    /// No new messages are sent, but the clients still wait for answers.
    Listening,
    Leaving,
}

/// A client's connection.
struct Link {
    socket: Socket,
    state: State,
    is_in: bool,
    /// The events that epoll reports for it.
    interest: EpollFlags,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Connecting,
    Open,
    HalfClosed,
}

/// The reason why a run cannot go on.
#[derive(Debug)]
pub(crate) enum Failure {
    /// connect(2) has failed, and there is nothing to report yet.
    Connect(io::Error),
    /// This many clients were let in, and then no more for [`QUIET`].
    NotLetIn(usize),
    /// The loop itself failed.
    Poll(io::Error),
    /// Ctrl-C, before anything was measured.
    Interrupted,
}

impl Run {
    pub(crate) fn new(
        dialogue: Box<dyn Dialogue>,
        clients: usize,
        route: Route,
        pace: Pace,
        progress: Progress,
    ) -> io::Result<Run> {
        Ok(Run {
            tally: Tally::new(dialogue.listeners().end),
            dialogue,
            progress,
            is_interrupted: Arc::new(AtomicBool::new(false)),
            broken: 0,
            first_broken: None,
            route,
            pace,
            phase: Phase::Arriving,
            links: (0..clients).map(|_| None).collect(),
            here: 0,
            open: 0,
            is_refused: false,
            poller: Poller::new()?,
            begin: Instant::now(),
            last_news: Duration::ZERO,
            buffer: vec![0; READ_SIZE],
            to_send: Vec::new(),
        })
    }

    /// Connects all clients, evenly over the time of the ramp, and waits until each has been let
    /// in. If each message has its own connection, the clients connect later.
    pub(crate) fn arrive(&mut self, ramp: Duration) -> Result<(), Failure> {
        let all: Vec<usize> =
            (0..self.links.len()).filter(|client| !self.is_brief(*client)).collect();
        let due = |number: usize| ramp.mul_f64(number as f64 / all.len() as f64);
        let mut begun = 0;
        while self.here < all.len() {
            let now = self.now();
            while begun < all.len() && begun - self.here < AT_ONCE && due(begun) <= now {
                self.connect(all[begun])?;
                begun += 1;
                self.last_news = now;
            }
            if self.is_interrupted() {
                return Err(Failure::Interrupted);
            }
            if begun > self.here && now > self.last_news + QUIET || self.broken > 0 {
                return Err(Failure::NotLetIn(self.here));
            }
            let until = match begun < all.len() && begun - self.here < AT_ONCE {
                true => due(begun),
                false => self.last_news + QUIET,
            };
            self.turn(until)?;
            let here = self.here;
            self.progress.show(|| format!("{here} of {} clients are in", all.len()));
        }
        Ok(())
    }

    /// Lets the clients talk, and returns for how long they did: less than `duration` if the run is
    /// interrupted, if all clients have lost their connections, or if the server accepts no more.
    pub(crate) fn talk(&mut self, duration: Duration) -> Result<Duration, Failure> {
        self.phase = Phase::Talking;
        self.begin = Instant::now();
        if let Pace::Closed { depth } = self.pace {
            for _ in 0..depth {
                for speaker in self.dialogue.speakers() {
                    self.say(speaker, self.now())?;
                }
            }
        }
        while self.now() < duration && !self.is_interrupted() && !self.is_deserted() {
            self.say_what_is_due()?;
            let next = match &self.pace {
                Pace::Open(schedule) => schedule.next(),
                Pace::Closed { .. } => None,
            };
            self.turn(next.unwrap_or(duration).min(duration))?;
            let (now, tally) = (self.now().as_secs_f64(), &self.tally);
            self.progress.show(|| {
                let (so_far, rate) = (tally.count(), tally.count() as f64 / now);
                let whole = duration.as_secs_f64();
                format!("{now:.1} s of {whole}: {so_far} answers, {rate:.0} a second")
            });
        }
        Ok(self.now())
    }

    /// Waits for the answers that are still missing.
    pub(crate) fn listen(&mut self) -> Result<(), Failure> {
        self.say_what_is_due()?;
        self.phase = Phase::Listening;
        self.wait_while(|run| run.waiting() > 0).map(drop)
    }

    /// Makes all clients leave, and reads what is still sent to them. Clients that wait for more
    /// than will ever arrive half-close, too, so that the server ends the connection, and the lost
    /// bytes are known.
    pub(crate) fn leave(&mut self) -> Result<(), Failure> {
        self.phase = Phase::Leaving;
        for is_late in [false, true] {
            for client in 0..self.links.len() {
                if is_late || self.dialogue.has_enough(client) {
                    self.half_close(client);
                }
            }
            if !self.wait_while(|run| run.open > 0)? {
                break;
            }
        }
        self.progress.clear();
        Ok(())
    }

    /// The number of messages that were due and are not answered.
    pub(crate) fn waiting(&self) -> usize {
        let speakers = self.dialogue.speakers();
        speakers.map(|client| self.dialogue.waiting(client)).sum()
    }

    /// Goes on while there is something to wait for. Returns whether there still is, although
    /// nothing happens any more.
    fn wait_while(&mut self, is_wanted: impl Fn(&Run) -> bool) -> Result<bool, Failure> {
        let begin = self.now();
        self.last_news = begin;
        while is_wanted(self) {
            let now = self.now();
            if now > self.last_news + QUIET {
                return Ok(true);
            }
            if now > begin + PATIENCE {
                return Ok(false);
            }
            self.turn((self.last_news + QUIET).min(begin + PATIENCE))?;
            let (waiting, open) = (self.waiting(), self.open);
            self.progress
                .show(|| format!("{waiting} answers are still to come, {open} clients to leave"));
        }
        Ok(false)
    }

    /// Waits until something can be done, or until the given time, and does it.
    fn turn(&mut self, until: Duration) -> Result<(), Failure> {
        let left = until.saturating_sub(self.now());
        // Look at the clock, the progress and Ctrl-C at least this often.
        let left = left.min(Duration::from_millis(100));
        for (client, ready) in self.poller.wait(left).map_err(Failure::Poll)? {
            self.attend(client, ready)?;
            // Create all messages first, and then send them, so that several can be sent together.
            let mut to_send = mem::take(&mut self.to_send);
            to_send.push(client);
            while let Some(speaker) = self.dialogue.next_answered() {
                if self.phase == Phase::Talking && matches!(self.pace, Pace::Closed { .. }) {
                    self.dialogue.say(speaker, self.now());
                    to_send.push(speaker);
                }
            }
            for client in to_send.drain(..) {
                self.go_on(client)?;
            }
            self.to_send = to_send;
        }
        Ok(())
    }

    /// Does what is possible for a client.
    fn attend(&mut self, client: usize, ready: EpollFlags) -> Result<(), Failure> {
        let Some(link) = &mut self.links[client] else {
            return Ok(());
        };
        if link.state == State::Connecting {
            if let Some(error) = link.socket.take_error().map_err(Failure::Poll)? {
                self.links[client] = None;
                self.open -= 1;
                return self.refuse(error);
            }
            link.state = State::Open;
            self.dialogue.connected(client);
        }
        if ready.intersects(EpollFlags::EPOLLIN | EpollFlags::EPOLLHUP | EpollFlags::EPOLLERR) {
            self.read(client);
        }
        Ok(())
    }

    fn read(&mut self, client: usize) {
        let Some(link) = &mut self.links[client] else {
            return;
        };
        match link.socket.read(&mut self.buffer) {
            Ok(0) => self.end(client, None),
            Ok(count) => {
                let now = self.begin.elapsed();
                let bytes = &self.buffer[..count];
                self.dialogue.receive(client, bytes, now, &mut self.tally);
                self.last_news = now;
                if !link.is_in && self.dialogue.is_in(client) {
                    link.is_in = true;
                    self.here += 1;
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => self.end(client, Some(error)),
        }
    }

    /// Handles the end of a connection.
    fn end(&mut self, client: usize, error: Option<io::Error>) {
        let Some(link) = self.links[client].take() else {
            return;
        };
        let now = self.now();
        self.dialogue.end(client, now, &mut self.tally);
        self.last_news = now;
        self.open -= 1;
        self.here -= usize::from(link.is_in);
        let was_wanted = self.is_brief(client) || link.state == State::HalfClosed;
        if error.is_some() || !was_wanted {
            self.broken += 1;
            let error = error.unwrap_or_else(|| io::Error::other("it ended early"));
            self.first_broken.get_or_insert(error);
        }
    }

    // ANCHOR: say_what_is_due
    fn say_what_is_due(&mut self) -> Result<(), Failure> {
        let now = self.now();
        while let Pace::Open(schedule) = &mut self.pace
            && let Some((speaker, due)) = schedule.take(now)
        {
            self.say(speaker, due)?;
        }
        Ok(())
    }
    // ANCHOR_END: say_what_is_due

    fn say(&mut self, speaker: usize, due: Duration) -> Result<(), Failure> {
        self.dialogue.say(speaker, due);
        self.go_on(speaker)
    }

    /// Sends the output of a client, on a new connection if it needs one.
    fn go_on(&mut self, client: usize) -> Result<(), Failure> {
        match &self.links[client] {
            Some(link) if link.state == State::Open => self.send(client),
            None if self.is_brief(client)
                && self.phase != Phase::Leaving
                && !self.is_refused
                && self.dialogue.waiting(client) > 0 =>
            {
                self.connect(client)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn connect(&mut self, client: usize) -> Result<(), Failure> {
        let socket = match self.route.connect(client) {
            Ok(socket) => socket,
            Err(error) => return self.refuse(error),
        };
        let interest = EpollFlags::EPOLLIN | EpollFlags::EPOLLOUT;
        let added = self.poller.add(&socket, client, interest);
        added.map_err(Failure::Poll)?;
        self.open += 1;
        self.links[client] =
            Some(Link { socket, state: State::Connecting, is_in: false, interest });
        Ok(())
    }

    /// Handles a connection that failed. After the first answers, this ends the talking, but the
    /// results so far are still reported.
    fn refuse(&mut self, error: io::Error) -> Result<(), Failure> {
        if self.phase == Phase::Arriving || self.tally.count() == 0 {
            return Err(Failure::Connect(error));
        }
        self.is_refused = true;
        self.broken += 1;
        self.first_broken.get_or_insert(error);
        Ok(())
    }

    fn send(&mut self, client: usize) {
        let Some(link) = &mut self.links[client] else {
            return;
        };
        let mut interest = EpollFlags::EPOLLIN;
        while !self.dialogue.output(client).is_empty() {
            match link.socket.write(self.dialogue.output(client)) {
                Ok(count) => self.dialogue.sent(client, count),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    interest |= EpollFlags::EPOLLOUT;
                    break;
                }
                Err(error) => return self.end(client, Some(error)),
            }
        }
        link.watch(&self.poller, client, interest);
        let leaves = self.phase == Phase::Leaving || self.is_brief(client);
        if leaves && self.dialogue.has_enough(client) {
            self.half_close(client);
        }
    }

    fn half_close(&mut self, client: usize) {
        if let Some(link) = &mut self.links[client] {
            // This fails only if the connection has just broken, which the next read will report.
            let _ = link.socket.shutdown(Shutdown::Write);
            link.state = State::HalfClosed;
            // The rest of the output will never be sent, but the socket would always be writable.
            link.watch(&self.poller, client, EpollFlags::EPOLLIN);
        }
    }

    /// Whether each message of this client has its own connection.
    fn is_brief(&self, client: usize) -> bool {
        self.dialogue.reconnects() && self.dialogue.speakers().contains(&client)
    }

    /// Whether no client is left to talk, and none will come.
    fn is_deserted(&self) -> bool {
        self.is_refused || self.open == 0 && self.broken > 0 && !self.dialogue.reconnects()
    }

    fn is_interrupted(&self) -> bool {
        self.is_interrupted.load(Ordering::Relaxed)
    }

    fn now(&self) -> Duration {
        self.begin.elapsed()
    }
}

impl Link {
    /// Makes epoll wait for these events from now on.
    fn watch(&mut self, poller: &Poller, client: usize, interest: EpollFlags) {
        if mem::replace(&mut self.interest, interest) != interest {
            let changed = poller.change(&self.socket, client, interest);
            changed.expect("it has been added");
        }
    }
}
