//! How long the room waits for which member: the hub under a clock that the test moves.
//!
//! On a real machine, such scenes take seconds and depend on the machine. Here they take no time
//! and are the same in every run: one member pastes, others read fast, slowly or not at all.

use std::collections::BTreeMap;
use std::time::Duration;

use protocol::chat::Chat;
use protocol::{ClientId, Hub, MEMBER_READ, Outbox, OutboxMailbox, OutboxState, Session};

/// How long a turn of the server's loop takes.
const TURN: Duration = Duration::from_micros(50);

/// The longest wait of the loop.
const LONGEST_WAIT: Duration = Duration::from_millis(5);

/// When the test gives up a scene.
const TOO_LATE: Duration = Duration::from_secs(60);

/// The number of lines in a paste, and their length.
const LINES: usize = 5_000;
const LENGTH: usize = 200;

/// How fast a member reads, in bytes per millisecond.
#[derive(Clone, Copy)]
enum Reads {
    /// Everything that is there.
    All,
    AtRate(usize),
    Nothing,
}
use Reads::{All, AtRate, Nothing};

/// The text that a member says, once or over and over.
enum Says {
    Once(Vec<u8>),
    ForEver(&'static [u8]),
}

/// One member, and the driver's half of its mailbox.
struct Member {
    session: Chat,
    outbox: Outbox,
    reads: Reads,
    says: Says,
    heard: Vec<u8>,
    is_cut_off: bool,
}

/// A room, its members in the order of joining, and a clock.
#[derive(Default)]
struct Scene {
    hub: Hub<OutboxMailbox>,
    members: BTreeMap<ClientId, Member>,
    now: Duration,
    /// How long the driver waits before its next turn, unless a member says something.
    wait: Duration,
    clients: u64,
}

impl Scene {
    fn join(&mut self, reads: Reads, says: Says) -> ClientId {
        self.clients += 1;
        let client = ClientId(self.clients);
        let outbox = Outbox::default();
        self.hub.join(client, format!("c{}", client.0), outbox.mailbox());
        let member = Member {
            session: Chat::default(),
            outbox,
            reads,
            says,
            heard: Vec::new(),
            is_cut_off: false,
        };
        self.members.insert(client, member);
        client
    }

    fn silent(&mut self, reads: Reads) -> ClientId {
        self.join(reads, Says::Once(Vec::new()))
    }

    /// A member's connection breaks: its driver forgets it.
    fn lose(&mut self, client: ClientId) {
        self.members.remove(&client);
        self.hub.leave(client);
    }

    fn say(&mut self, client: ClientId, text: &str) {
        let says = Says::Once(text.as_bytes().to_vec());
        self.wait = Duration::ZERO;
        self.members.get_mut(&client).expect("it is a member").says = says;
    }

    /// One turn of the loop, as every driver makes it: wait, read and post, advance, send.
    fn turn(&mut self) {
        self.now += self.wait;
        assert!(self.now < TOO_LATE, "the scene does not end");
        for (&client, member) in &mut self.members {
            if member.wants_to_talk() && self.hub.hears(client) {
                let read = member.says.read();
                let posts = member.session.receive(&read).posts;
                self.hub.post(client, posts);
            }
        }
        let advanced = self.hub.advance(self.now);
        self.members.values_mut().for_each(|member| member.read(self.wait));
        // The wait ends as soon as a member can be read from or written to.
        let mut members = self.members.iter();
        let is_ready =
            members.any(|(&client, member)| member.wants_to_talk() && self.hub.hears(client));
        let wait = if is_ready { TURN } else { advanced.unwrap_or(LONGEST_WAIT) };
        self.wait = wait.clamp(TURN, LONGEST_WAIT);
    }

    /// Takes turns until `is_so` holds. Returns how long that took.
    fn until(&mut self, is_so: impl Fn(&Scene) -> bool) -> Duration {
        let begun = self.now;
        while !is_so(self) {
            self.turn();
        }
        self.now - begun
    }

    fn heard(&self, client: ClientId) -> &[u8] {
        &self.members[&client].heard
    }

    fn is_here(&self, client: ClientId) -> bool {
        !self.members[&client].is_cut_off
    }
}

impl Says {
    /// The part of it that one read brings.
    fn read(&mut self) -> Vec<u8> {
        match self {
            // When the text is used up, the member falls silent, but stays.
            Says::Once(text) => text.drain(..text.len().min(MEMBER_READ)).collect(),
            Says::ForEver(text) => text.iter().copied().cycle().take(MEMBER_READ).collect(),
        }
    }
}

impl Member {
    fn wants_to_talk(&self) -> bool {
        !self.is_cut_off && !matches!(&self.says, Says::Once(text) if text.is_empty())
    }

    fn read(&mut self, time: Duration) {
        if self.outbox.state() == OutboxState::TooSlow {
            self.is_cut_off = true;
            return;
        }
        let mut left = match self.reads {
            All => usize::MAX,
            AtRate(rate) => rate * time.as_micros() as usize / 1000,
            Nothing => 0,
        };
        let mut queue = self.outbox.queue();
        while let Some(line) = queue.front().filter(|_| left > 0) {
            let count = line.len().min(left);
            self.heard.extend_from_slice(&line[..count]);
            queue.advance(count);
            left -= count;
        }
    }
}

fn paste() -> Vec<u8> {
    (0..LINES).flat_map(|n| format!("{n:0LENGTH$}\r\n").into_bytes()).collect()
}

/// The paste as the others hear it: complete, and in order.
fn heard_paste(from: ClientId) -> Vec<u8> {
    let line = |n| format!("[c{}] {n:0LENGTH$}\r\n", from.0).into_bytes();
    (0..LINES).flat_map(line).collect()
}

/// Whether a member has heard the end of the paste.
fn has_all(scene: &Scene, reader: ClientId) -> bool {
    assert!(scene.is_here(reader), "{reader} was dropped after {:?}", scene.now);
    scene.heard(reader).ends_with(format!("] {:0LENGTH$}\r\n", LINES - 1).as_bytes())
}

/// The lines of speech that a member has heard.
fn speech(heard: &[u8]) -> Vec<u8> {
    let lines = heard.split_inclusive(|&byte| byte == b'\n');
    lines.filter(|line| line.starts_with(b"[")).flatten().copied().collect()
}

/// All members that read hear the paste, and it takes as long as the slowest of them needs.
#[test]
fn a_paste_goes_at_the_pace_of_its_readers() {
    let size = heard_paste(ClientId(1)).len();
    let slower = |rate: usize| Duration::from_millis((size / rate) as u64);
    let table: [(&[Reads], Duration, Duration); 4] = [
        // No member is behind, so the room does not wait: it takes a turn for each 8 KiB.
        (&[All, All, All], Duration::ZERO, Duration::from_millis(15)),
        (&[All, AtRate(4_000)], slower(4_000), slower(4_000) * 5 / 4),
        // The room keeps to its pace, so a member that reads a little more slowly is still here.
        (&[All, AtRate(1_300)], slower(1_300), slower(1_100)),
        (&[AtRate(1_300), AtRate(2_000), All], slower(1_300), slower(1_100)),
    ];
    for (readers, at_least, at_most) in table {
        let mut scene = Scene::default();
        let ada = scene.join(All, Says::Once(paste()));
        let readers: Vec<_> = readers.iter().map(|&reads| scene.silent(reads)).collect();
        let took = scene.until(|scene| readers.iter().all(|&reader| has_all(scene, reader)));
        assert!((at_least..=at_most).contains(&took), "{took:?}");
        for reader in readers {
            assert!(speech(scene.heard(reader)) == heard_paste(ada));
        }
    }
}

#[test]
fn two_members_that_paste_at_each_other_hear_everything() {
    for reads in [All, AtRate(2_000), AtRate(1_300)] {
        let mut scene = Scene::default();
        let pair = [(); 2].map(|()| scene.join(reads, Says::Once(paste())));
        scene.until(|scene| pair.iter().all(|&client| has_all(scene, client)));
        assert!(speech(scene.heard(pair[0])) == heard_paste(pair[1]));
        assert!(speech(scene.heard(pair[1])) == heard_paste(pair[0]));
    }
}

/// Filling a mailbox takes 200 ms from the point where a member falls behind. The others wait that
/// long, once, in total.
#[test]
fn a_deaf_member_is_waited_for_once() {
    for deaf in [1, 20, 300] {
        let mut scene = Scene::default();
        let ada = scene.join(All, Says::Once(paste()));
        let bob = scene.silent(All);
        let deaf: Vec<_> = (0..deaf).map(|_| scene.silent(Nothing)).collect();
        let took = scene.until(|scene| has_all(scene, bob));
        assert!(speech(scene.heard(bob)) == heard_paste(ada));
        let waited = Duration::from_millis(180)..Duration::from_millis(260);
        assert!(waited.contains(&took), "{} deaf: {took:?}", deaf.len());
        assert!(!deaf.iter().any(|&client| scene.is_here(client)));
    }
}

/// Strangers flood the room, never read, and come back when they are dropped. Two other members
/// talk, and hear each other as if they were alone.
#[test]
fn strangers_that_never_read_delay_no_other_member() {
    // A flood puts its own members behind, and the room does not hear them until they have been
    // stuck for long enough. Then their mailboxes fill, and they are dropped: that takes seconds.
    let (seconds, moment) = (Duration::from_millis(150), Duration::from_millis(8));
    let table: [(usize, &'static [u8], Duration, Duration); 9] = [
        (0, b"", moment, Duration::ZERO),
        (1, b"/help\n", seconds, TURN),
        (20, b"/help\n", seconds, TURN),
        (300, b"/help\n", seconds, TURN),
        (20, b"/who\n", seconds, TURN),
        (20, b"/nick a\n/nick b\n", seconds, Duration::from_millis(15)),
        (1, b"x\n", moment, TURN),
        (20, b"I flood this room with speech\n", seconds, Duration::from_millis(15)),
        (150, b"I flood this room with speech\n", seconds, Duration::from_millis(15)),
    ];
    for (strangers, says, pause, slowest_allowed) in table {
        let mut scene = Scene::default();
        let [ada, bob] = [(); 2].map(|()| scene.silent(All));
        let says_for_ever = || Says::ForEver(says);
        let mut here: Vec<_> =
            (0..strangers).map(|_| scene.join(Nothing, says_for_ever())).collect();
        let mut dropped = 0;
        let mut delays: Vec<Duration> = Vec::new();
        for n in 0..40 {
            for member in [ada, bob] {
                scene.members.get_mut(&member).expect("it is a member").heard.clear();
            }
            scene.say(ada, &format!("word {n}\r\n"));
            let word = format!("[c1] word {n}\r\n").into_bytes();
            let has_heard = |heard: &[u8]| heard.windows(word.len()).any(|heard| heard == word);
            delays.push(scene.until(|scene| has_heard(scene.heard(bob))));
            let goes_on = scene.now + pause;
            scene.until(|scene| scene.now >= goes_on);
            for stranger in &mut here {
                if scene.members[stranger].is_cut_off {
                    scene.members.remove(stranger);
                    *stranger = scene.join(Nothing, says_for_ever());
                    dropped += 1;
                }
            }
        }
        delays.sort();
        let (median, slowest) = (delays[delays.len() / 2], delays[delays.len() - 1]);
        let row = format!("{strangers} say {}", says.escape_ascii());
        println!("{row}: median {median:?}, slowest {slowest:?}, {dropped} dropped");
        assert!(median <= TURN && slowest <= slowest_allowed, "{row}: {median:?}, {slowest:?}");
        assert!(scene.is_here(ada) && scene.is_here(bob), "{row}");
        // A single stranger that speaks is told nothing, so nothing waits for it.
        assert!(dropped > 0 || strangers <= 1, "{row}: the floods are never dropped");
    }
}

/// Joining, leaving and the stop do not wait for members that are behind.
#[test]
fn joining_leaving_and_the_stop_do_not_wait() {
    let mut scene = Scene::default();
    let ada = scene.silent(All);
    for _ in 0..150 {
        scene.join(Nothing, Says::ForEver(b"I flood this room with speech\n"));
    }
    for _ in 0..50 {
        scene.turn();
    }
    let bob = scene.silent(All);
    scene.members.get_mut(&bob).expect("it is a member").read(TURN);
    let welcome = format!("* welcome, c{}; 152 here\r\n", bob.0);
    assert!(scene.heard(bob).starts_with(welcome.as_bytes()));
    scene.hub.leave(bob);
    scene.hub.stop();
    scene.members.get_mut(&ada).expect("it is a member").read(TURN);
    let heard = String::from_utf8_lossy(scene.heard(ada));
    let expected = format!("* c{} joined\r\n* c{} left\r\n", bob.0, bob.0);
    assert!(heard.contains(&expected));
    assert!(heard.ends_with("* the server is stopping, goodbye\r\n"));
}

#[test]
fn members_that_leave_together_are_announced_together() {
    let mut scene = Scene::default();
    let ada = scene.silent(All);
    let leavers: Vec<_> = (0..2_000).map(|_| scene.silent(Nothing)).collect();
    scene.turn();
    scene.members.get_mut(&ada).expect("it is a member").read(TURN);
    leavers.iter().for_each(|&leaver| scene.hub.leave(leaver));
    scene.turn();
    let outbox = &scene.members[&ada].outbox;
    let told = outbox.queue().slices().count();
    assert!(told <= 4, "{told} lines for what fits into two or three");
    scene.members.get_mut(&ada).expect("it is a member").read(TURN);
    let heard = String::from_utf8_lossy(scene.heard(ada));
    for ClientId(number) in leavers {
        assert_eq!(heard.matches(&format!("* c{number} left\r\n")).count(), 1);
    }
}

#[test]
fn a_newcomer_hears_nothing_of_earlier_departures() {
    let mut scene = Scene::default();
    let ada = scene.silent(All);
    let bob = scene.silent(All);
    scene.hub.leave(bob);
    let cyd = scene.silent(All);
    scene.turn();
    for member in scene.members.values_mut() {
        member.read(TURN);
    }
    let expected = format!("* welcome, c{}; 2 here\r\n", cyd.0);
    assert_eq!(String::from_utf8_lossy(scene.heard(cyd)), expected);
    let last_words = format!("* c{} left\r\n* c{} joined\r\n", bob.0, cyd.0);
    assert!(String::from_utf8_lossy(scene.heard(ada)).ends_with(&last_words));
}

/// A stranger floods the room with speech, resets its connection before the room has heard the
/// flood, and does so again and again: twenty at a time. A member that reads is not dropped.
#[test]
fn the_last_words_of_many_strangers_are_heard_at_the_pace_of_the_members() {
    let mut scene = Scene::default();
    let ada = scene.silent(AtRate(2_000));
    let bob = scene.silent(All);
    for visit in 0..20 {
        let flood = || Says::Once(b"x\n".repeat(MEMBER_READ / 2));
        let strangers: Vec<_> = (0..20).map(|_| scene.join(Nothing, flood())).collect();
        scene.turn();
        strangers.into_iter().for_each(|stranger| scene.lose(stranger));
        scene.turn();
        assert!(scene.is_here(ada) && scene.is_here(bob), "visit {visit}");
    }
    // Meanwhile bob's words are heard at once, and not after the floods.
    let before = scene.heard(ada).len();
    scene.say(bob, "are you there?\n");
    let words = b"[c2] are you there?\r\n";
    let has_heard = |heard: &[u8]| heard[before..].windows(words.len()).any(|said| said == words);
    let waited = scene.until(|scene| has_heard(scene.heard(ada)));
    assert!(waited < Duration::from_millis(20), "{waited:?}");
    // All strangers have left in the end.
    for member in [ada, bob] {
        let left = |scene: &Scene| {
            let heard = scene.heard(member).rsplit(|&byte| byte == b'\n');
            heard.filter(|line| line.ends_with(b" left\r")).count()
        };
        while scene.hub.advance(scene.now).is_some() {
            scene.turn();
        }
        scene.until(|scene| left(scene) >= 400);
        assert_eq!(left(&scene), 400);
    }
}

/// Their drivers forget lost members at once, so only the number of them bounds the posts that wait.
#[test]
fn the_last_words_of_a_crowd_that_is_lost_are_bounded() {
    let mut scene = Scene::default();
    let ada = scene.silent(All);
    let crowd: Vec<_> = (0..1_500).map(|_| scene.join(All, Says::Once(b"bye\n".into()))).collect();
    scene.turn();
    for &client in &crowd {
        // Heard in a later turn.
        let posts = scene.members.get_mut(&client).unwrap().session.receive(b"bye again\n").posts;
        scene.hub.post(client, posts);
    }
    crowd.into_iter().for_each(|client| scene.lose(client));
    let count = |scene: &Scene, end: &[u8]| {
        let heard = scene.heard(ada).split(|&byte| byte == b'\n');
        heard.filter(|line| line.ends_with(end)).count()
    };
    scene.until(|scene| count(scene, b" left\r") == 1_500);
    let heard = count(&scene, b"] bye again\r");
    assert!((1_000..1_500).contains(&heard), "{heard} were heard");
}

/// A member that leaves before the room has heard its last words still gets the answers.
#[test]
fn a_member_leaves_after_its_last_words_and_not_before() {
    let mut scene = Scene::default();
    let (ada, bob) = (scene.silent(All), scene.silent(All));
    scene.say(ada, "one\n/who\ntwo");
    scene.turn();
    let last = scene.members.get_mut(&ada).expect("it is a member").session.receive(b"");
    scene.hub.post(ada, last.posts);
    scene.hub.leave(ada);
    scene.turn();
    scene.members.values_mut().for_each(|member| member.read(TURN));
    let heard = String::from_utf8_lossy(scene.heard(bob));
    assert!(heard.ends_with("[c1] one\r\n[c1] two\r\n* c1 left\r\n"), "{heard}");
    let answers = String::from_utf8_lossy(scene.heard(ada));
    assert!(answers.ends_with("* here: c1, c2\r\n"), "{answers}");
    assert_eq!(scene.members[&ada].outbox.state(), OutboxState::Ended);
}
