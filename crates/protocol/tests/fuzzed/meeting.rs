//! A room whose members do whatever the bytes say, while time passes as they say.
//!
//! The driver here keeps the rules of every driver: it reads from a member only when the room hears
//! it, and what it reads is no more than one read.

use std::collections::BTreeMap;
use std::mem;
use std::time::Duration;

use protocol::{
    CATALOGUE, ClientId, Hub, MAILBOX_LIMIT, MEMBER_READ, Outbox, OutboxMailbox, OutboxState,
    Service, Session, Settings,
};

use super::check_lines;

/// How many there are at most. The first one always reads.
const SEATS: usize = 4;

/// How many steps are played: enough for all that is to be seen, in little time.
const STEPS: usize = 200;

/// How often the room may want to be asked again before it has heard all, with everybody reading.
const PATIENCE: usize = 100_000;

/// Plays what the bytes say, two for each step: who does what, and how much of it.
pub(super) fn play(input: &[u8]) {
    let mut meeting = Meeting::new();
    for step in input.chunks_exact(2).take(STEPS) {
        meeting.step(step[0], usize::from(step[1]));
        meeting.seats[0].read(usize::MAX);
        meeting.check_mailboxes();
    }
    meeting.end();
}

struct Meeting {
    service: Service,
    hub: Hub<OutboxMailbox>,
    now: Duration,
    /// How many clients there have been.
    clients: u64,
    seats: Vec<Member>,
    /// Those who were in a seat before.
    gone: Vec<Member>,
    is_stopping: bool,
}

/// Somebody who has come, and may be gone.
struct Member {
    client: ClientId,
    session: Box<dyn Session>,
    outbox: Outbox,
    heard: Vec<u8>,
    /// How many lines it has said.
    said: usize,
    /// It has said that it will say no more, or its connection is gone.
    has_left: bool,
}

impl Meeting {
    fn new() -> Meeting {
        let chat = CATALOGUE.iter().find(|entry| entry.name == "chat").expect("there is chat");
        let mut meeting = Meeting {
            service: (chat.open)(Settings::built_in(1)),
            hub: Hub::default(),
            now: Duration::ZERO,
            clients: 0,
            seats: Vec::new(),
            gone: Vec::new(),
            is_stopping: false,
        };
        for _ in 0..SEATS {
            let member = meeting.join();
            meeting.seats.push(member);
        }
        meeting
    }

    fn join(&mut self) -> Member {
        self.clients += 1;
        let client = ClientId(self.clients);
        let outbox = Outbox::default();
        self.hub.join(client, format!("address-{client}"), outbox.mailbox());
        let session = self.service.session(client);
        Member { client, session, outbox, heard: Vec::new(), said: 0, has_left: false }
    }

    fn step(&mut self, act: u8, amount: usize) {
        let seat = usize::from(act >> 4) % SEATS;
        if self.seats[seat].is_over() && !self.is_stopping {
            // The client is gone, and another one takes its seat.
            self.hub.leave(self.seats[seat].client);
            let newcomer = self.join();
            self.gone.push(mem::replace(&mut self.seats[seat], newcomer));
            return;
        }
        match act & 0xf {
            0 => self.speak(seat, 1, amount),
            1 => self.speak(seat, amount, 0),
            2 => self.speak(seat, amount, 200),
            3 => self.say(seat, &b"/help\n".repeat(amount)),
            4 => self.say(seat, &b"/who\n".repeat(amount)),
            5 => self.say(seat, format!("/nick name{}\n", amount % SEATS).as_bytes()),
            6 => self.say(seat, &vec![b'x'; amount * 16]),
            7 => self.say(seat, &b"\xff\xfd\x06".repeat(amount)),
            8 => self.say(seat, b"/quit\nunheard\n"),
            9 => self.end_input(seat, amount),
            10 => self.leave(seat),
            11 => self.seats[seat].read(amount * 64),
            12 => self.seats[seat].read(usize::MAX),
            13 => self.advance(Duration::from_millis(amount as u64)),
            14 => self.advance(Duration::from_millis(amount as u64 * 50)),
            _ if amount == 255 => self.stop(),
            _ => self.advance(Duration::ZERO),
        }
    }

    /// Lines, each of which says whose it is and how many came before it.
    fn speak(&mut self, seat: usize, lines: usize, length: usize) {
        let member = &self.seats[seat];
        let mut read = String::new();
        let mut said = member.said;
        for _ in 0..lines {
            let line = format!("{} {said} {}\n", member.client.0, "x".repeat(length));
            if read.len() + line.len() > MEMBER_READ {
                break;
            }
            read += &line;
            said += 1;
        }
        if self.may_read(seat) {
            self.seats[seat].said = said;
        }
        self.say(seat, read.as_bytes());
    }

    /// One read from a member, if the room hears it now. It ends with the end of a line: what a
    /// member left unfinished would be a part of what it says next.
    fn say(&mut self, seat: usize, read: &[u8]) {
        if self.may_read(seat) && !read.is_empty() {
            let member = &mut self.seats[seat];
            for read in [&read[..read.len().min(MEMBER_READ)], b"\n"] {
                self.hub.post(member.client, member.session.receive(read).posts);
            }
        }
    }

    fn may_read(&self, seat: usize) -> bool {
        let member = &self.seats[seat];
        !member.has_left && self.hub.hears(member.client)
    }

    /// The member half-closes, or has completed nothing for too long.
    fn end_input(&mut self, seat: usize, seconds: usize) {
        let member = &mut self.seats[seat];
        let answer = match seconds {
            0..128 => member.session.receive(b""),
            _ => member.session.idle(seconds as u64),
        };
        self.hub.post(member.client, answer.posts);
        // The room itself parts from one that is idle.
        if answer.finish {
            self.leave(seat);
        }
    }

    fn leave(&mut self, seat: usize) {
        self.seats[seat].has_left = true;
        self.hub.leave(self.seats[seat].client);
    }

    fn stop(&mut self) {
        self.is_stopping = true;
        self.hub.stop();
    }

    /// Time passes, and the room is asked as often as it wants to be. Nobody reads meanwhile but the
    /// first.
    fn advance(&mut self, time: Duration) {
        let until = self.now + time;
        for _ in 0..PATIENCE {
            let wait = self.hub.advance(self.now);
            self.seats[0].read(usize::MAX);
            self.check_mailboxes();
            let Some(wait) = wait else { break };
            if self.now + wait > until {
                break;
            }
            self.now += wait;
        }
        self.now = self.now.max(until);
    }

    fn check_mailboxes(&self) {
        for member in &self.seats {
            assert!(member.outbox.queue().waiting() <= MAILBOX_LIMIT);
        }
        let first = &self.seats[0];
        assert_ne!(first.outbox.state(), OutboxState::TooSlow, "{} reads", first.client);
    }

    /// All read, the room hears all that is left, and what each has heard has no gap.
    fn end(mut self) {
        let mut is_heard = false;
        for _ in 0..PATIENCE {
            self.seats.iter_mut().for_each(|member| member.read(usize::MAX));
            match self.hub.advance(self.now) {
                Some(wait) => self.now += wait,
                None => is_heard = true,
            }
            if is_heard {
                break;
            }
        }
        assert!(is_heard, "the room never comes to an end");
        for member in self.seats.iter_mut().chain(&mut self.gone) {
            assert!(self.hub.hears(member.client), "{} is not heard", member.client);
            member.read(usize::MAX);
            member.check_heard();
        }
    }
}

impl Member {
    fn is_over(&self) -> bool {
        self.outbox.state() != OutboxState::Open && {
            let is_sent = self.outbox.queue().is_empty();
            is_sent || self.outbox.state() == OutboxState::TooSlow
        }
    }

    /// Takes so many bytes from its mailbox.
    fn read(&mut self, mut count: usize) {
        if self.outbox.state() == OutboxState::TooSlow {
            return;
        }
        let mut queue = self.outbox.queue();
        while let Some(line) = queue.front().filter(|_| count > 0) {
            let taken = line.len().min(count);
            self.heard.extend_from_slice(&line[..taken]);
            queue.advance(taken);
            count -= taken;
        }
    }

    /// What it has heard of each other member has no gap, nothing twice and nothing out of order.
    fn check_heard(&self) {
        // One that was cut off may have heard a part of a line.
        let end = self.heard.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        let shown = check_lines(&self.heard[..end]);
        let mut next = BTreeMap::<&str, usize>::new();
        for line in shown.lines() {
            let Some((_, speech)) = line.split_once("] ").filter(|_| line.starts_with('[')) else {
                continue;
            };
            let mut words = speech.split(' ');
            let (Some(speaker), Some(number)) = (words.next(), words.next()) else { continue };
            let Ok(number) = number.parse::<usize>() else { continue };
            assert_ne!(speaker, self.client.0.to_string(), "it hears itself: {line}");
            let expected = next.entry(speaker).or_insert(number);
            assert_eq!(number, *expected, "{} heard {line}", self.client);
            *expected += 1;
        }
    }
}
