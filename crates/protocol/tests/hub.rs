//! Tests of the hub and its time: members come, speak, read, flood and leave in any order, and
//! random times pass meanwhile.
//!
//! The first member is the witness: it reads everything at once and says nothing. So it has heard
//! everything that happened in the room, and the tests compare the others' lines with its lines.

mod wire;

use std::time::Duration;

use proptest::prelude::*;
use protocol::{
    ClientId, HISTORY, Hub, MAILBOX_LIMIT, Outbox, OutboxMailbox, OutboxState, PATIENCE, Post,
    Posts, STUCK,
};
use wire::hostile::cases;

/// The shortest time between two calls of a driver.
const TURN: Duration = Duration::from_micros(50);

/// How far the clock may go back. Linux's monotonic clock does not, and an hour back would be an
/// hour of patience.
const BACK: Duration = Duration::from_millis(10);

/// The latest time at which all posts are heard, once no member says more: floods that do not read
/// are first stuck, and then fill their mailboxes.
const ALL_HEARD: Duration = Duration::from_secs(2 * STUCK.as_secs());

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn no_member_misses_a_line_in_any_order_of_acts_at_any_pace_of_the_clock(
        acts in prop::collection::vec(act(), 0..120),
    ) {
        let mut stage = Stage::new();
        for act in acts {
            stage.play(act);
            stage.check_members()?;
        }
        stage.settle()?;
        stage.check_speech()?;
        stage.check_heard()?;
    }

    #[test]
    fn members_are_told_of_the_stop_and_hear_no_more(
        before in prop::collection::vec(act(), 0..60),
        after in prop::collection::vec(act(), 0..20),
    ) {
        let mut stage = Stage::new();
        before.into_iter().for_each(|act| stage.play(act));
        let stays = |member: &Member| member.is_here() && !member.has_left;
        let stayed: Vec<_> = stage.members.iter().map(stays).collect();
        stage.hub.stop();
        stage.is_stopped = true;
        stage.deliver();
        let log = stage.witness.heard.clone();
        prop_assert_eq!(log.last().map(String::as_str), Some("* the server is stopping, goodbye"));
        for act in after {
            stage.play(act);
            prop_assert_eq!(stage.hub.advance(stage.now), None, "no member is here");
        }
        prop_assert_eq!(&stage.witness.heard, &log);
        for (member, stayed) in stage.members.iter_mut().zip(stayed) {
            prop_assert!(!member.is_here());
            member.read(usize::MAX);
            // The last lines may not fit into its mailbox: then it is cut off, and hears less.
            if stayed && member.outbox.state() == OutboxState::Ended {
                prop_assert_eq!(member.heard.last(), log.last());
            }
        }
    }
}

/// The next thing that happens. A number, modulo the number of members, chooses the member.
#[derive(Clone, Debug)]
enum Act {
    Join(Reads),
    Post(usize, Says),
    Read(usize, usize),
    Leave(usize),
    Advance(Duration),
    GoBack,
}

/// How a member reads.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Reads {
    /// Everything, at once.
    All,
    /// Now and then: [`Act::Read`].
    Some,
    Nothing,
}

/// The input of a member in one read.
#[derive(Clone, Copy, Debug)]
enum Says {
    Word,
    Paste,
    Ask,
    Flood,
    Rename(u8),
    Quit,
    Idle,
}

fn act() -> impl Strategy<Value = Act> {
    use Reads::{All, Nothing, Some};
    let reads = prop::sample::select(vec![All, All, Some, Nothing]);
    let says = prop_oneof![
        4 => Just(Says::Word),
        4 => Just(Says::Paste),
        1 => Just(Says::Ask),
        4 => Just(Says::Flood),
        1 => (0..4_u8).prop_map(Says::Rename),
        1 => Just(Says::Quit),
        1 => Just(Says::Idle),
    ];
    let who = any::<usize>();
    let sizes = prop::sample::select(vec![1, 1000, 20_000, usize::MAX]);
    let times = prop::sample::select(vec![
        Duration::ZERO,
        TURN,
        Duration::from_millis(1),
        PATIENCE,
        Duration::from_secs(1),
        STUCK,
        Duration::from_secs(400 * 24 * 3600),
    ]);
    prop_oneof![
        3 => reads.prop_map(Act::Join),
        12 => (who, says).prop_map(|(who, says)| Act::Post(who, says)),
        4 => (who, sizes).prop_map(|(who, size)| Act::Read(who, size)),
        1 => who.prop_map(Act::Leave),
        12 => times.prop_map(Act::Advance),
        1 => Just(Act::GoBack),
    ]
}

/// A room, its members, including those that have left, and a clock.
struct Stage {
    hub: Hub<OutboxMailbox>,
    now: Duration,
    witness: Member,
    members: Vec<Member>,
    is_stopped: bool,
}

/// A member that has joined, and the driver's half of its mailbox.
struct Member {
    client: ClientId,
    outbox: Outbox,
    reads: Reads,
    received: Vec<u8>,
    /// The complete lines that it has heard.
    heard: Vec<String>,
    /// How many of the lines are for a newcomer only, and the length of the witness's log at that
    /// time.
    greeting: usize,
    joined: usize,
    /// Its speech. No two lines of speech are alike.
    said: Vec<String>,
    /// It leaves by itself, perhaps once its posts are heard, or is gone.
    has_left: bool,
}

impl Stage {
    fn new() -> Stage {
        let mut hub = Hub::default();
        let witness = Member::join(&mut hub, 1, Reads::All);
        let members = Vec::new();
        Stage { hub, now: Duration::ZERO, witness, members, is_stopped: false }
    }

    fn play(&mut self, act: Act) {
        match act {
            Act::Join(reads) if !self.is_stopped => self.join(reads),
            Act::Join(_) => {}
            Act::Post(who, says) => self.post(who, says),
            Act::Read(who, size) => self.with(who, |_, member| {
                if member.reads == Reads::Some {
                    member.read(size);
                }
            }),
            Act::Leave(who) => self.with(who, |hub, member| {
                member.has_left = true;
                let is_heard = hub.hears(member.client);
                hub.leave(member.client);
                assert!(!member.is_here() || !is_heard, "leaving is at once, or after the posts");
            }),
            Act::Advance(time) => {
                self.now += time;
                self.hub.advance(self.now);
            }
            Act::GoBack => self.now = self.now.saturating_sub(BACK),
        }
        self.deliver();
    }

    fn join(&mut self, reads: Reads) {
        let number = self.members.len() as u64 + 2;
        let mut member = Member::join(&mut self.hub, number, reads);
        self.witness.read(usize::MAX);
        member.joined = self.witness.heard.len();
        self.members.push(member);
    }

    /// A member that has left may still post: its driver had read from it before it learned of the
    /// end.
    fn post(&mut self, who: usize, says: Says) {
        self.with(who, |hub, member| {
            if hub.hears(member.client) {
                let posts = member.say(says);
                hub.post(member.client, posts);
            }
        });
    }

    fn with(&mut self, who: usize, act: impl FnOnce(&mut Hub<OutboxMailbox>, &mut Member)) {
        let count = self.members.len();
        if let Some(member) = self.members.get_mut(who.checked_rem(count).unwrap_or(0)) {
            act(&mut self.hub, member);
        }
    }

    fn deliver(&mut self) {
        self.witness.read(usize::MAX);
        for member in self.members.iter_mut().filter(|member| member.reads == Reads::All) {
            member.read(usize::MAX);
        }
    }

    fn check_members(&self) -> Result<(), TestCaseError> {
        prop_assert!(self.witness.is_here());
        for member in &self.members {
            prop_assert!(member.outbox.queue().waiting() <= MAILBOX_LIMIT);
            let is_cut_off = member.outbox.state() == OutboxState::TooSlow;
            prop_assert!(member.reads != Reads::All || !is_cut_off, "{}", member.client);
        }
        Ok(())
    }

    /// No member says more, and the driver calls the hub at the times that it asks for. Checks that
    /// all posts are heard, and that no wait is long.
    fn settle(&mut self) -> Result<(), TestCaseError> {
        let begun = self.now;
        while let Some(wait) = self.hub.advance(self.now) {
            prop_assert!(wait <= STUCK / 8, "waits for {wait:?}");
            self.now += wait.max(TURN);
            self.deliver();
            prop_assert!(self.now - begun <= ALL_HEARD + BACK, "not all posts are heard");
        }
        self.deliver();
        for member in &self.members {
            prop_assert!(self.hub.hears(member.client));
            prop_assert!(!member.has_left || !member.is_here(), "{} stays", member.client);
        }
        Ok(())
    }

    /// Checks that all speech of members that stay was heard, and the speech of each member in
    /// order.
    fn check_speech(&self) -> Result<(), TestCaseError> {
        for member in &self.members {
            let tag = member.tag();
            let speech = self.witness.heard.iter().filter_map(|line| text_of(line));
            let heard: Vec<_> = speech.filter(|text| text.starts_with(&tag)).collect();
            prop_assert!(heard.len() <= member.said.len());
            prop_assert_eq!(&heard[..], &member.said[..heard.len()]);
            let was_heard = member.has_left || !member.is_here();
            prop_assert!(was_heard || heard.len() == member.said.len(), "{}", member.client);
        }
        Ok(())
    }

    /// Checks that each member has heard the same as the witness since it joined, except its own
    /// speech, and without a gap up to the end.
    fn check_heard(&mut self) -> Result<(), TestCaseError> {
        let log = &self.witness.heard;
        for member in &mut self.members {
            member.read(usize::MAX);
            let (greeting, rest) = member.heard.split_at(member.greeting);
            let past = log[..member.joined].iter().filter(|line| line.starts_with('['));
            let past: Vec<_> = past.collect();
            let remembered = &past[past.len().saturating_sub(HISTORY)..];
            prop_assert!(greeting[1..].iter().eq(remembered.iter().copied()));
            let tag = member.tag();
            let is_own = |line: &String| text_of(line).is_some_and(|text| text.starts_with(&tag));
            let expected = log[member.joined..].iter().filter(|line| !is_own(line));
            let expected: Vec<_> = expected.filter(|line| is_public(line)).collect();
            let heard: Vec<_> = rest.iter().filter(|line| is_public(line)).collect();
            let same = heard.len().min(expected.len());
            prop_assert_eq!(&heard[..], &expected[..same], "{}", member.client);
            prop_assert!(!member.is_here() || same == expected.len(), "{}", member.client);
        }
        Ok(())
    }
}

/// A worker may take a client out of its queue when the server has stopped already.
#[test]
fn a_member_that_joins_after_the_stop_gets_the_end_at_once() {
    let mut hub = Hub::default();
    hub.stop();
    let late = Member::join(&mut hub, 1, Reads::All);
    assert_eq!(late.outbox.state(), OutboxState::Ended);
    assert_eq!(late.heard, [""; 0]);
}

impl Member {
    fn join(hub: &mut Hub<OutboxMailbox>, number: u64, reads: Reads) -> Member {
        let (client, outbox) = (ClientId(number), Outbox::default());
        hub.join(client, format!("c{number}"), outbox.mailbox());
        let (received, heard, said) = (Vec::new(), Vec::new(), Vec::new());
        let (greeting, joined, has_left) = (0, 0, false);
        let mut member =
            Member { client, outbox, reads, received, heard, greeting, joined, said, has_left };
        member.read(usize::MAX);
        member.greeting = member.heard.len();
        member
    }

    fn is_here(&self) -> bool {
        self.outbox.state() == OutboxState::Open
    }

    fn read(&mut self, size: usize) {
        let mut left = size;
        let mut queue = self.outbox.queue();
        while let Some(line) = queue.front().filter(|_| left > 0) {
            let count = line.len().min(left);
            self.received.extend_from_slice(&line[..count]);
            queue.advance(count);
            left -= count;
        }
        drop(queue);
        while let Some(end) = self.received.windows(2).position(|two| two == b"\r\n") {
            let line: Vec<u8> = self.received.drain(..end + 2).collect();
            self.heard.push(String::from_utf8(line[..end].to_vec()).expect("UTF-8"));
        }
    }

    fn say(&mut self, says: Says) -> Posts {
        let mut posts = Posts::default();
        match says {
            Says::Word => self.speak(1, 10, &mut posts),
            Says::Paste => self.speak(4, 1000, &mut posts),
            Says::Ask => {
                ["/who", "/dance"].into_iter().for_each(|line| posts.push(Post::Line(line)));
            }
            Says::Flood => (0..200).for_each(|_| posts.push(Post::Line("/help"))),
            Says::Rename(n) => posts.push(Post::Line(&format!("/nick n{n}"))),
            Says::Quit => posts.push(Post::Line("/quit")),
            Says::Idle => posts.push(Post::Idle(300)),
        }
        self.has_left |= matches!(says, Says::Quit | Says::Idle);
        posts
    }

    fn speak(&mut self, lines: usize, length: usize, posts: &mut Posts) {
        for _ in 0..lines {
            let text = format!("{}{} {}", self.tag(), self.said.len(), "x".repeat(length));
            posts.push(Post::Line(&text));
            if !self.has_left {
                self.said.push(text);
            }
        }
    }

    /// The beginning of its speech.
    fn tag(&self) -> String {
        format!("by {}: ", self.client.0)
    }
}

/// The text of a line of speech.
fn text_of(line: &str) -> Option<&str> {
    line.strip_prefix('[')?.split_once("] ").map(|(_, text)| text)
}

/// Whether a line is for all members, and not an answer to one.
fn is_public(line: &str) -> bool {
    let news = [" joined", " left", " left: too slow", " left: idle"];
    line.starts_with('[')
        || news.iter().any(|news| line.ends_with(news))
        || line.contains(" is now ")
}
