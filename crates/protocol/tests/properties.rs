//! Properties that hold whatever clients do, tested with random input that prefers the difficult
//! cases.

mod wire;

use proptest::prelude::*;
use proptest::sample::Index;
use protocol::{
    CATALOGUE, ClientId, HISTORY, LINE_LIMIT, LINES_READ, MAILBOX_LIMIT, Post, Posts, Settings,
    text,
};
use wire::hostile::{cases, hostile_input};
use wire::{End, Wire};

// Reads.

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn how_input_is_cut_into_reads_makes_no_difference(
        input in hostile_input(),
        cuts in prop::collection::vec(any::<Index>(), 0..20),
    ) {
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(input.len() + 1)).collect();
        cuts.extend([0, input.len()]);
        cuts.sort_unstable();
        let reads: Vec<_> = cuts.windows(2).map(|cut| &input[cut[0]..cut[1]]).collect();
        for service in CATALOGUE {
            let whole = heard_of(service.name, &[&input]);
            prop_assert_eq!(&heard_of(service.name, &reads), &whole);
            prop_assert_eq!(&heard_of(service.name, &Vec::from_iter(input.chunks(1))), &whole);
            if service.name == "echo" {
                prop_assert_eq!(&whole[0], &input);
            }
        }
    }
}

/// The output for the client that sends these reads and, in a room, for a witness and for a later
/// newcomer.
fn heard_of(service: &str, reads: &[&[u8]]) -> [Vec<u8>; 3] {
    let mut wire = Wire::new(service);
    let caller = wire.connect("caller");
    let witness = wire.connect("witness");
    for read in reads.iter().filter(|read| !read.is_empty()) {
        wire.receive(caller, read);
    }
    wire.half_close(caller);
    assert_eq!(wire.end(caller), Some(End::Finished));
    let newcomer = wire.connect("newcomer");
    [caller, witness, newcomer].map(|client| wire.take_heard(client))
}

// Bytes.

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn members_hear_only_safe_text_whatever_is_sent(
        reads in prop::collection::vec((0..3_usize, hostile_input()), 0..10),
    ) {
        let mut wire = Wire::new("chat");
        let clients = ["10.0.0.1:1", "10.0.0.2:2", "[::1]:3"].map(|name| wire.connect(name));
        for (speaker, read) in &reads {
            wire.receive(clients[*speaker], read);
        }
        let newcomer = wire.connect("[::1]:4");
        for client in clients.into_iter().chain([newcomer]) {
            let heard = without_timing_marks(&wire.take_heard(client));
            check_safe(&heard)?;
        }
    }

    #[test]
    fn no_bytes_across_a_process_boundary_cause_a_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..100),
        kinds in "[>!^z0-9\n]{0,100}",
    ) {
        for bytes in [&bytes[..], kinds.as_bytes()] {
            let posts = Posts::from_bytes(bytes);
            let mut again = Posts::default();
            posts.iter().for_each(|post| again.push(post));
            prop_assert_eq!(Vec::from_iter(again.iter()), Vec::from_iter(posts.iter()));
        }
    }

    #[test]
    fn posts_arrive_unchanged_in_another_process(input in hostile_input()) {
        let entry = CATALOGUE.iter().find(|entry| entry.name == "chat").unwrap();
        let mut session = (entry.open)(Settings::built_in(1)).session(ClientId(1));
        let posts = session.receive(&input).posts;
        prop_assert_eq!(&Posts::from_bytes(posts.as_bytes()), &posts);
        for post in posts.iter() {
            if let Post::Line(line) = post {
                prop_assert!(!line.chars().any(is_banned), "{line:?}");
            }
        }
    }
}

#[test]
fn of_all_characters_exactly_the_banned_ones_are_replaced() {
    for c in '\0'..=char::MAX {
        let mut shown = String::new();
        text::show(c.encode_utf8(&mut [0; 4]).as_bytes(), &mut shown);
        let expected = if is_banned(c) { '\u{fffd}' } else { c };
        assert!(shown.chars().eq([expected]), "{c:?} is shown as {shown:?}");
    }
}

/// Checks the text that a member has heard against the rules in services.md.
fn check_safe(heard: &[u8]) -> Result<(), TestCaseError> {
    let heard = str::from_utf8(heard).expect("UTF-8");
    prop_assert!(heard.is_empty() || heard.ends_with("\r\n"));
    for line in heard.split_terminator("\r\n") {
        let known = line.starts_with("* ") || line.starts_with('[');
        prop_assert!(known, "{line:?} is neither the server's nor speech");
        prop_assert!(!line.chars().any(is_banned), "{line:?}");
    }
    Ok(())
}

/// Whether no member may hear this character. The list is repeated here, so that the test does not
/// depend on the code that it tests.
fn is_banned(c: char) -> bool {
    let c0 = (c as u32) < 0x20 && c != '\t';
    let del_or_c1 = (0x7f..0xa0).contains(&(c as u32));
    let marks = "\u{61c}\u{200e}\u{200f}".contains(c);
    let separators_and_embeddings = ('\u{2028}'..='\u{202e}').contains(&c);
    let isolates = ('\u{2066}'..='\u{2069}').contains(&c);
    c0 || del_or_c1 || marks || separators_and_embeddings || isolates
}

/// The text that a telnet client shows: it removes the answers to its own DO TIMING-MARK.
fn without_timing_marks(heard: &[u8]) -> Vec<u8> {
    let mut shown = Vec::new();
    let mut rest = heard;
    while let Some((first, after)) = rest.split_first() {
        match rest.strip_prefix(b"\xff\xfc\x06") {
            Some(after) => rest = after,
            None => {
                shown.push(*first);
                rest = after;
            }
        }
    }
    shown
}

// Lines.

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn lines_are_those_of_a_reader_that_has_the_whole_input(input in hostile_input()) {
        let mut wire = Wire::new("lines");
        let caller = wire.connect("caller");
        input.chunks(LINES_READ).for_each(|read| wire.receive(caller, read));
        wire.half_close(caller);
        let heard = String::from_utf8_lossy(&wire.take_heard(caller)).into_owned();
        let expected = String::from_utf8_lossy(&answers_to(&heard_by_telnet(&input))).into_owned();
        prop_assert_eq!(heard, expected);
    }
}

/// The meaning of a byte of the input, without telnet's commands.
enum Heard {
    Byte(u8),
    TimingMark,
}

/// Telnet's rules, for a reader that has the whole input.
fn heard_by_telnet(mut input: &[u8]) -> Vec<Heard> {
    let mut heard = Vec::new();
    loop {
        input = match input {
            [] | [0xff] | [0xff, 0xfb..=0xfe] => return heard,
            [0xff, 0xff, rest @ ..] => {
                heard.push(Heard::Byte(0xff));
                rest
            }
            [0xff, 0xfd, 6, rest @ ..] => {
                heard.push(Heard::TimingMark);
                rest
            }
            [0xff, 0xfb..=0xfe, _, rest @ ..] => rest,
            [0xff, 0xfa, rest @ ..] => behind_parameters(rest),
            [0xff, _, rest @ ..] => rest,
            [byte, rest @ ..] => {
                heard.push(Heard::Byte(*byte));
                rest
            }
        };
    }
}

fn behind_parameters(mut input: &[u8]) -> &[u8] {
    loop {
        input = match input {
            [] | [0xff] => return &[],
            [0xff, 0xf0, rest @ ..] => return rest,
            [0xff, _, rest @ ..] | [_, rest @ ..] => rest,
        };
    }
}

/// The answers: one when a line ends, and a refusal when a line gets its first byte over the limit.
fn answers_to(input: &[Heard]) -> Vec<u8> {
    let mut answers = Vec::new();
    for line in lines_of(input) {
        let byte = |heard: &Heard| if let Heard::Byte(byte) = heard { Some(*byte) } else { None };
        let bytes: Vec<u8> = line.iter().filter_map(byte).collect();
        let ended = bytes.ends_with(b"\n") || bytes.ends_with(b"\r\0");
        let text = &bytes[..bytes.len() - usize::from(ended)];
        let one_too_many = LINE_LIMIT + usize::from(text.get(LINE_LIMIT) == Some(&b'\r'));
        let text_alone = text.strip_suffix(b"\r").unwrap_or(text);
        let mut place = 0;
        for heard in line {
            match heard {
                Heard::TimingMark => answers.extend(b"\xff\xfc\x06"),
                Heard::Byte(_) if place == one_too_many && place < text.len() => {
                    let limit = format!("* a line has at most {LINE_LIMIT} bytes;");
                    answers.extend(format!("{limit} that one was dropped\r\n").bytes());
                    place += 1;
                }
                Heard::Byte(_) => place += 1,
            }
        }
        if !bytes.is_empty() && text.len() <= one_too_many {
            let shown = String::from_utf8_lossy(text_alone);
            let shown = shown.chars().map(|c| if is_banned(c) { '\u{fffd}' } else { c });
            answers.extend(format!("=> {}\r\n", shown.collect::<String>()).bytes());
        }
    }
    answers
}

/// The lines, each with its end: LF, CR LF or CR NUL.
fn lines_of(input: &[Heard]) -> impl Iterator<Item = &[Heard]> {
    let mut before = None;
    input.split_inclusive(move |heard| {
        let Heard::Byte(byte) = *heard else { return false };
        let is_end = byte == b'\n' || (before, byte) == (Some(b'\r'), b'\0');
        before = Some(byte);
        is_end
    })
}

// Order.

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn all_members_hear_the_same_in_the_same_order(
        acts in prop::collection::vec((0..5_usize, act()), 0..80),
    ) {
        let mut stage = Stage::new();
        for (seat, act) in acts {
            stage.play(seat, act);
            stage.check_mailboxes()?;
        }
        stage.check_order()?;
    }
}

/// The next act of a member. A member that is not here connects instead.
#[derive(Clone, Debug)]
enum Act {
    Speak,
    Paste,
    Rename(u8),
    Ask,
    AskAndAsk,
    StopReading,
    ReadAgain,
    Quit,
    HalfClose,
    Reset,
    Idle,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => Just(Act::Speak),
        8 => Just(Act::Paste),
        2 => (0..6_u8).prop_map(Act::Rename),
        2 => Just(Act::Ask),
        1 => Just(Act::AskAndAsk),
        4 => Just(Act::StopReading),
        1 => Just(Act::ReadAgain),
        1 => Just(Act::Quit),
        1 => Just(Act::HalfClose),
        1 => Just(Act::Reset),
        1 => Just(Act::Idle),
    ]
}

/// A room with a witness, which came first, always reads and never speaks, and five seats for
/// members that come and go.
struct Stage {
    wire: Wire,
    witness: ClientId,
    /// Everything that the witness has heard.
    log: Vec<String>,
    seats: [Option<ClientId>; 5],
    members: Vec<Member>,
    /// How many lines have been spoken, so that no two lines are alike.
    spoken: usize,
}

/// A client that once took a seat.
struct Member {
    client: ClientId,
    address: String,
    /// The length of the witness's log just before this member joined, and just before it left by
    /// itself.
    joined: usize,
    left: Option<usize>,
}

impl Stage {
    fn new() -> Stage {
        let mut wire = Wire::new("chat");
        let witness = wire.connect("witness");
        let mut stage = Stage {
            wire,
            witness,
            log: Vec::new(),
            seats: [None; 5],
            members: Vec::new(),
            spoken: 0,
        };
        stage.write_log();
        stage
    }

    fn play(&mut self, seat: usize, act: Act) {
        let member = self.seats[seat].filter(|&client| self.wire.end(client).is_none());
        match member {
            None => self.connect(seat),
            Some(client) => self.act(client, act),
        }
        self.write_log();
    }

    fn connect(&mut self, seat: usize) {
        let address = format!("10.0.0.{}:7", self.members.len() + 1);
        let client = self.wire.connect(&address);
        self.seats[seat] = Some(client);
        self.members.push(Member { client, address, joined: self.log.len(), left: None });
    }

    fn act(&mut self, client: ClientId, act: Act) {
        if matches!(act, Act::Quit | Act::HalfClose | Act::Reset | Act::Idle) {
            let mut members = self.members.iter_mut();
            let member = members.find(|member| member.client == client);
            // A member that does not read stays connected for a while, and may try to leave again.
            member.expect("a member").left.get_or_insert(self.log.len());
        }
        let wire = &mut self.wire;
        match act {
            Act::Speak => self.speak(client, 3, ""),
            Act::Paste => (0..10).for_each(|_| self.speak(client, 4, &"x".repeat(1000))),
            Act::Rename(n) => wire.receive(client, format!("/nick name{n}\n").as_bytes()),
            Act::Ask => wire.receive(client, b"/who\n/help\n/dance\n"),
            Act::AskAndAsk => wire.receive(client, &b"/help\n".repeat(600)),
            Act::StopReading => wire.set_reads(client, false),
            Act::ReadAgain => wire.set_reads(client, true),
            Act::Quit => wire.receive(client, b"/quit\nunheard\n"),
            Act::HalfClose => wire.half_close(client),
            Act::Reset => wire.reset(client),
            Act::Idle => wire.idle(client, 300),
        }
    }

    /// Gives the session a read with some lines of speech, with the speaker's number in them.
    fn speak(&mut self, client: ClientId, lines: usize, text: &str) {
        let mut read = String::new();
        for _ in 0..lines {
            self.spoken += 1;
            read += &format!("{client}, line {}: {text}\n", self.spoken);
        }
        self.wire.receive(client, read.as_bytes());
    }

    fn write_log(&mut self) {
        let heard = self.wire.take_heard(self.witness);
        self.log.extend(lines(&heard));
    }

    fn check_mailboxes(&self) -> Result<(), TestCaseError> {
        for member in &self.members {
            prop_assert!(self.wire.waiting(member.client) <= MAILBOX_LIMIT);
        }
        Ok(())
    }

    /// Checks that each member has heard the same as the witness while it was here, except its own
    /// speech, and without a gap up to the end.
    fn check_order(mut self) -> Result<(), TestCaseError> {
        for member in &self.members {
            self.wire.set_reads(member.client, true);
        }
        let mut cut_off = 0;
        for member in &self.members {
            let mut heard = lines(&self.wire.take_heard(member.client));
            heard.retain(|line| !is_answer(line));
            let expected = self.expected(member);
            let same = heard.len().min(expected.len());
            prop_assert_eq!(&heard[..], &expected[..same], "as {}", member.client);
            match self.wire.end(member.client) {
                Some(End::CutOff) if member.left.is_none() => cut_off += 1,
                // A member that was leaving by itself may not even have got its goodbye.
                Some(End::CutOff) | Some(End::Reset) => {}
                Some(End::Finished) | None => prop_assert_eq!(heard.len(), expected.len()),
            }
        }
        let too_slow = self.log.iter().filter(|l| l.ends_with(" left: too slow"));
        prop_assert_eq!(too_slow.count(), cut_off);
        Ok(())
    }

    fn expected(&self, member: &Member) -> Vec<String> {
        let (past, present) = self.log.split_at(member.joined);
        let present = &present[..member.left.unwrap_or(self.log.len()) - member.joined];
        let news = |what: &str| {
            let told = past.iter().filter(|l| l.starts_with("* ") && l.contains(what));
            told.count()
        };
        // The witness was welcomed and not announced, so it counts as 1; so does the newcomer
        // itself.
        let here = 1 + news(" joined") - news(" left") + 1;
        let speech: Vec<_> = past.iter().filter(|line| line.starts_with('[')).collect();
        let remembered = speech[speech.len().saturating_sub(HISTORY)..].iter();
        let own = format!("] {}, ", member.client);
        let others = present.iter().skip(1).filter(|line| !line.contains(&own));
        let welcome = format!("* welcome, {}; {here} here", member.address);
        let heard = [&welcome].into_iter().chain(remembered.copied()).chain(others);
        heard.cloned().collect()
    }
}

/// Whether a line is for one member only, so that others do not hear it. The welcome does not
/// count.
fn is_answer(line: &str) -> bool {
    let answers = ["/", "here: ", "the name ", "you are ", "no command ", "goodbye", "idle for "];
    let own_line = line.strip_prefix("* ").unwrap_or_default();
    answers.iter().any(|answer| own_line.starts_with(answer))
}

fn lines(heard: &[u8]) -> Vec<String> {
    let heard = str::from_utf8(heard).expect("UTF-8");
    heard.split_terminator("\r\n").map(str::to_owned).collect()
}
