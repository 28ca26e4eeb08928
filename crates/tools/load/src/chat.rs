//! Chat: some members speak, and each line has to reach all the others, once and in order.
//!
//! A lone member has no other member to hear it. It sends commands that do not exist, and the
//! server's answer repeats them: `* no command /WORD; try /help`.

use std::collections::{HashSet, VecDeque};
use std::mem;
use std::ops::Range;
use std::time::Duration;

use crate::dialogue::Dialogue;
use crate::faults::Faults;
use crate::tally::Tally;
use crate::tape::{Tape, splitmix64};

/// The shortest line: its speaker, its number, and one more character, which may be a command's
/// slash.
pub(crate) const SHORTEST: u64 = HEAD as u64 + 1;

/// The longest line that a room accepts, without its end.
pub(crate) const LONGEST: u64 = 1024;

/// The run, the speaker and the number of the line, in hexadecimal: `0123abcd-00ff-0000002a-`.
const HEAD: usize = 8 + 1 + 4 + 1 + 8 + 1;

/// The number of speakers that such a line can distinguish.
pub(crate) const MOST_SPEAKERS: u32 = 1 << 16;

/// A room in which the first members speak.
#[derive(Debug)]
pub(crate) struct Chat {
    /// Distinguishes our lines from those of all other programs, and of earlier runs.
    run: u32,
    text_size: usize,
    letters: Vec<u8>,
    voices: Vec<Voice>,
    ears: Vec<Ear>,
    /// The number of members that have joined and not left.
    here: usize,
    /// Lines that were skipped, by member, speaker and number. They may still arrive.
    missing: HashSet<(usize, usize, u64)>,
    answered: Vec<usize>,
    faults: Faults,
}

/// The lines that a member sends.
#[derive(Clone, Debug, Default)]
struct Voice {
    /// The number of its next line.
    next: u64,
    /// The lines before that one that some member has not received yet.
    under_way: VecDeque<Line>,
    output: Vec<u8>,
    /// The number of bytes of the output that have been sent.
    sent: usize,
}

#[derive(Clone, Debug)]
struct Line {
    due: Duration,
    /// The number of members that have still to receive it.
    awaited: usize,
}

/// The lines that a member receives.
#[derive(Clone, Debug)]
struct Ear {
    /// The beginning of a line whose end has not arrived yet.
    unfinished: Vec<u8>,
    is_welcome: bool,
    /// The number of the next line of each speaker.
    next: Vec<u64>,
}

impl Chat {
    /// `size` is the length of a line without its end, and at least [`SHORTEST`].
    pub(crate) fn new(members: usize, speakers: usize, size: u64, run: u32) -> Chat {
        let ear = Ear { unfinished: Vec::new(), is_welcome: false, next: vec![0; speakers] };
        let text_size = size as usize - usize::from(members == 1);
        let letter = |byte: &u8| b'a' + byte % 26;
        Chat {
            run,
            text_size,
            letters: Tape::new().at(0).iter().map(letter).collect(),
            voices: vec![Voice::default(); speakers],
            ears: vec![ear; members],
            here: 0,
            missing: HashSet::new(),
            answered: Vec::new(),
            faults: Faults::default(),
        }
    }

    /// Whether there is only one member.
    pub(crate) fn is_lone(&self) -> bool {
        self.ears.len() == 1
    }

    /// The body of a line, behind its head: letters, different ones in each line.
    fn body(&self, speaker: usize, number: u64) -> &[u8] {
        let size = self.text_size - HEAD;
        let places = (self.letters.len() - size) as u64;
        let place = splitmix64(&mut (number << 16 | speaker as u64)) % places;
        &self.letters[place as usize..][..size]
    }

    fn hear_line(&mut self, member: usize, line: &[u8], now: Duration, tally: &mut Tally) {
        let line = line.strip_suffix(b"\r\n").unwrap_or(line);
        let text = if line.starts_with(b"[") {
            // A name may have a bracket of its own: [[::1]:37994] hello
            let end = line.windows(2).position(|two| two == b"] ");
            end.map_or(&[][..], |end| &line[end + 2..])
        } else if let Some(word) = line.strip_prefix(b"* no command /") {
            word.strip_suffix(b"; try /help").unwrap_or(&[])
        } else {
            if line.starts_with(b"* welcome, ") {
                self.welcome(member);
            }
            return;
        };
        self.hear_text(member, text, now, tally);
    }

    /// The server has let the member in.
    pub(crate) fn welcome(&mut self, member: usize) {
        self.ears[member].is_welcome = true;
    }

    /// The member has received this text, without the name of its speaker.
    pub(crate) fn hear_text(
        &mut self,
        member: usize,
        text: &[u8],
        now: Duration,
        tally: &mut Tally,
    ) {
        // A lone member hears its own command.
        let text = text.strip_prefix(b"/").unwrap_or(text);
        if let Some((speaker, number)) = self.read_head(text) {
            self.hear(member, speaker, number, &text[HEAD..], now, tally);
        }
    }

    /// The speaker and the number of a line, if it is one of this run.
    fn read_head(&self, text: &[u8]) -> Option<(usize, u64)> {
        let head = text.get(..HEAD)?;
        let number = |digits: Range<usize>| {
            // Other clients may be in the room, and send any text.
            u64::from_str_radix(str::from_utf8(&head[digits]).ok()?, 16).ok()
        };
        let is_ours = number(0..8)? == u64::from(self.run);
        is_ours.then_some((number(9..13)? as usize, number(14..22)?))
    }

    fn hear(
        &mut self,
        member: usize,
        speaker: usize,
        number: u64,
        body: &[u8],
        now: Duration,
        tally: &mut Tally,
    ) {
        let said = self.voices.get(speaker).map_or(0, |voice| voice.next);
        if number >= said || (speaker == member && !self.is_lone()) {
            // It was never sent, or not to this member.
            self.faults.doubled += 1;
            return;
        }
        self.faults.changed += u64::from(body != self.body(speaker, number));
        let next = self.ears[member].next[speaker];
        if number >= next {
            for passed_over in next..number {
                self.faults.lost += 1;
                self.missing.insert((member, speaker, passed_over));
                self.is_settled(speaker, passed_over);
            }
            self.ears[member].next[speaker] = number + 1;
            if let Some(due) = self.is_settled(speaker, number) {
                tally.answer(member, due, now);
            }
        } else if self.missing.remove(&(member, speaker, number)) {
            self.faults.lost -= 1;
            self.faults.misordered += 1;
        } else {
            self.faults.doubled += 1;
        }
    }

    /// Counts that one more member has received this line. Returns the time when it was due.
    fn is_settled(&mut self, speaker: usize, number: u64) -> Option<Duration> {
        let voice = &mut self.voices[speaker];
        let first = voice.next - voice.under_way.len() as u64;
        let line = voice.under_way.get_mut(number.checked_sub(first)? as usize)?;
        let due = line.due;
        line.awaited -= 1;
        while voice.under_way.front().is_some_and(|line| line.awaited == 0) {
            voice.under_way.pop_front();
            self.answered.push(speaker);
        }
        Some(due)
    }
}

/// Calls `hear` with each line of a stream, with its end. `unfinished` keeps the beginning of a line
/// until the next bytes come.
pub(crate) fn split_lines(unfinished: &mut Vec<u8>, bytes: &[u8], mut hear: impl FnMut(&[u8])) {
    for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
        if !piece.ends_with(b"\n") {
            unfinished.extend_from_slice(piece);
        } else if unfinished.is_empty() {
            hear(piece);
        } else {
            unfinished.extend_from_slice(piece);
            hear(unfinished);
            unfinished.clear();
        }
    }
}

impl Dialogue for Chat {
    fn connected(&mut self, _client: usize) {
        self.here += 1;
    }

    fn is_in(&self, client: usize) -> bool {
        self.ears[client].is_welcome
    }

    fn say(&mut self, client: usize, due: Duration) {
        let number = self.voices[client].next;
        let head = format!("{:08x}-{client:04x}-{number:08x}-", self.run);
        let body = self.body(client, number);
        let slash: &[u8] = if self.is_lone() { b"/" } else { b"" };
        let line = [slash, head.as_bytes(), body, b"\r\n"].concat();
        // In an open loop, lines are due even if all clients have lost their connections.
        let others = self.here.saturating_sub(1);
        let awaited = if self.is_lone() { 1 } else { others };
        let voice = &mut self.voices[client];
        voice.output.extend_from_slice(&line);
        voice.under_way.push_back(Line { due, awaited });
        voice.next += 1;
    }

    fn output(&self, client: usize) -> &[u8] {
        let voice = self.voices.get(client);
        voice.map_or(&[], |voice| &voice.output[voice.sent..])
    }

    fn sent(&mut self, client: usize, count: usize) {
        let voice = &mut self.voices[client];
        voice.sent += count;
        if voice.sent == voice.output.len() {
            voice.output.clear();
            voice.sent = 0;
        }
    }

    fn receive(&mut self, client: usize, bytes: &[u8], now: Duration, tally: &mut Tally) {
        let mut unfinished = mem::take(&mut self.ears[client].unfinished);
        split_lines(&mut unfinished, bytes, |line| self.hear_line(client, line, now, tally));
        self.ears[client].unfinished = unfinished;
    }

    fn end(&mut self, client: usize, _now: Duration, _tally: &mut Tally) {
        self.here -= 1;
        for speaker in 0..self.voices.len() {
            let unheard = self.ears[client].next[speaker]..self.voices[speaker].next;
            if speaker != client || self.is_lone() {
                self.faults.lost += unheard.end - unheard.start;
                for number in unheard {
                    self.is_settled(speaker, number);
                }
            }
        }
    }

    fn has_enough(&self, _client: usize) -> bool {
        // Lines of other members may still be on their way.
        self.voices.iter().all(|voice| voice.under_way.is_empty())
    }

    fn next_answered(&mut self) -> Option<usize> {
        self.answered.pop()
    }

    fn waiting(&self, client: usize) -> usize {
        let voice = self.voices.get(client);
        voice.map_or(0, |voice| voice.under_way.len())
    }

    fn speakers(&self) -> Range<usize> {
        0..self.voices.len()
    }

    fn listeners(&self) -> Range<usize> {
        // A single speaker receives nothing, unless it is alone.
        let deaf = self.voices.len() == 1 && !self.is_lone();
        usize::from(deaf)..self.ears.len()
    }

    fn faults(&self) -> Faults {
        self.faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: u32 = 0x0123_abcd;
    const NOW: Duration = Duration::from_millis(1);

    /// A room that all members have joined.
    fn room(members: usize, speakers: usize) -> (Chat, Tally) {
        let mut chat = Chat::new(members, speakers, 64, RUN);
        let mut tally = Tally::new(members);
        for member in 0..members {
            chat.connected(member);
            chat.receive(member, b"* welcome, x; 1 here\r\n", NOW, &mut tally);
            assert!(chat.is_in(member));
        }
        (chat, tally)
    }

    /// The room's lines for the others, made from all that a speaker sends.
    fn spoken(chat: &mut Chat, speaker: usize) -> Vec<u8> {
        let said = chat.output(speaker).to_vec();
        chat.sent(speaker, said.len());
        let lines = said.split_inclusive(|byte| *byte == b'\n');
        lines.flat_map(|line| [b"[[::1]:37994] ", line].concat()).collect()
    }

    #[test]
    fn a_line_is_answered_when_all_the_others_have_heard_it() {
        let (mut chat, mut tally) = room(3, 1);
        chat.say(0, Duration::ZERO);
        let line = spoken(&mut chat, 0);
        let (begin, rest) = line.split_at(30);
        chat.receive(1, begin, NOW, &mut tally);
        chat.receive(1, rest, NOW, &mut tally);
        assert_eq!((chat.waiting(0), chat.next_answered()), (1, None));
        chat.receive(2, &line, NOW, &mut tally);
        assert_eq!((chat.waiting(0), chat.next_answered()), (0, Some(0)));
        assert_eq!((tally.count(), chat.faults().any()), (2, false));
    }

    #[test]
    fn other_clients_may_send_any_text() {
        let (mut chat, mut tally) = room(2, 1);
        let head = format!("{RUN:08x}-0000-00000000-");
        for text in [
            "€€€€€€€€€€",
            "éééééééééééééééééé",
            "",
            "0123abcd",
            // A line that repeats one that was never sent is one line too many.
            &head,
        ] {
            let line = format!("[ada] {text}\r\n");
            chat.receive(1, line.as_bytes(), NOW, &mut tally);
        }
        assert_eq!((chat.faults().doubled, tally.count()), (1, 0));
    }

    #[test]
    fn a_line_that_is_due_after_all_have_gone_is_never_answered() {
        let (mut chat, mut tally) = room(2, 1);
        chat.end(0, NOW, &mut tally);
        chat.end(1, NOW, &mut tally);
        chat.say(0, NOW);
        assert_eq!((chat.waiting(0), chat.faults().any()), (1, false));
    }
}
