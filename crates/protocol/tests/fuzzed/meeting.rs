//! A room in which the bytes of an input say what the members do, and how time passes.
//!
//! The driver here keeps the rules of every driver: it reads from a member only when the room hears
//! that member, and takes no more than one read at a time.

use std::collections::BTreeMap;
use std::mem;
use std::time::Duration;

use protocol::{
    CATALOGUE, ClientId, Hub, MAILBOX_LIMIT, MEMBER_READ, Outbox, OutboxMailbox, OutboxState,
    Service, Session, Settings,
};

use super::check_lines;

/// The number of members at a time. The first one always reads.
const SEATS: usize = 4;

/// The most steps to play.
const STEPS: usize = 200;

/// How often the room may ask for another turn before it has heard all posts, while all members read.
const PATIENCE: usize = 100_000;

/// Plays an input. Two bytes are a step: the first names a member and an act, the second an amount.
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
    /// The number of clients so far.
    clients: u64,
    seats: Vec<Member>,
    /// The members that had a seat before.
    gone: Vec<Member>,
    is_stopping: bool,
}

/// A member, present or gone.
struct Member {
    client: ClientId,
    session: Box<dyn Session>,
    outbox: Outbox,
    heard: Vec<u8>,
    /// The number of lines that it has said.
    said: usize,
    /// It has half-closed, or its connection is gone.
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
            // The client is gone, and another client takes its seat.
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

    /// Says lines that contain the speaker and a running number.
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

    /// Posts one read from a member, if the room hears it now. The read ends with a line feed:
    /// otherwise an unfinished line would be a part of the next one.
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
        // An idle member does not finish here: the room itself says goodbye and ends it.
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

    /// Lets time pass, and advances the room as often as it asks for. Meanwhile only the first member
    /// reads.
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

    /// Lets all members read and the room hear the rest, and checks what each member has heard.
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

    /// Takes up to `count` bytes from its mailbox.
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

    /// Checks that it has heard the lines of each other member in order, without a gap or a repetition.
    fn check_heard(&self) {
        // A member that was cut off may have heard a part of a line.
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
