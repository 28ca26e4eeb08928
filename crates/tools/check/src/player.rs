//! The clients of a case, and what they do: each act is a method.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::iter;
use std::thread;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::case::{Act, Step, Symptom};
use crate::cause::cause;
use crate::client::{Client, Ending, Reads};
use crate::compare::{Match, compare, first_difference};
use crate::play::{Failure, PAUSE, Rules};
use crate::text::{Names, Part, Text};

/// A server that has taken this much from a client that reads nothing keeps it all.
const TOO_MUCH: usize = 48 << 20;

/// A client is stuck if the server has taken nothing for this long.
const STUCK: Duration = Duration::from_millis(300);

/// A slow client reads so many bytes each time, and so often while others have to wait: some 3 MB
/// a second. When the others have waited this long in all, it reads what there is.
const A_LITTLE: usize = 16 << 10;
const SLOW_FOR: Duration = Duration::from_secs(1);
const SLOW_BUFFER: usize = 64 << 10;
const MOMENT: Duration = Duration::from_millis(5);

/// So much of what a client passes over while it waits for a line is kept for the report.
const PASSED_OVER: usize = 300;

/// All clients of a case.
pub(crate) struct Player<'a> {
    rules: &'a Rules<'a>,
    clients: HashMap<String, Client>,
    slow_ones_have_read: Instant,
    /// For how long others have waited beside slow clients.
    slow_for: Duration,
    pub(crate) names: Names,
}

/// A step that did not succeed.
pub(crate) enum Trouble {
    Failed(Box<Failure>),
    /// The case is wrong, or this machine cannot play it.
    Broken(String),
}

pub(crate) type Done = Result<(), Trouble>;

impl<'a> Player<'a> {
    /// No client has connected yet. `{word}` is a word that is new in each run.
    pub(crate) fn new(rules: &'a Rules<'a>) -> Player<'a> {
        let word = ("word".to_owned(), format!("{:x}", rules.seed % 0xff_ffff));
        let (clients, names) = (HashMap::new(), Names::from([word]));
        let (slow_ones_have_read, slow_for) = (Instant::now(), Duration::ZERO);
        Player { rules, clients, slow_ones_have_read, slow_for, names }
    }

    /// Does a step.
    ///
    /// # Errors
    ///
    /// It has failed, or cannot be done.
    pub(crate) fn act(&mut self, step: &Step) -> Done {
        let who = &*step.who;
        match &step.act {
            Act::Connect { buffer } => self.connect(who, *buffer),
            Act::Join { is_slow } => {
                self.join(who, is_slow.then_some(SLOW_BUFFER))?;
                if *is_slow {
                    self.client(who)?.reads = Reads::Slowly;
                }
                Ok(())
            }
            Act::Send { text, pieces } => self.send_text(who, text, *pieces),
            Act::SendUntilStuck(text) => self.send_until_stuck(who, text),
            Act::Exchange(size) => self.exchange(who, *size),
            Act::ReadBack => {
                let sent = std::mem::take(&mut self.client(who)?.under_way);
                self.client(who)?.make_room();
                // In pieces, so that what has come is not compared again and again.
                sent.chunks(1 << 16)
                    .try_for_each(|piece| self.expect(who, &[Part::Bytes(piece.to_vec())]))
            }
            Act::Expect(text) => {
                let parts = text.parts(&self.names).map_err(Trouble::Broken)?;
                self.expect(who, &parts)
            }
            Act::WaitFor(text) => {
                let parts = text.parts(&self.names).map_err(Trouble::Broken)?;
                self.wait_for(who, &parts)
            }
            Act::ExpectEnd => self.expect_end(who),
            Act::ExpectFortune => self.expect_fortune(who),
            Act::HalfClose => {
                self.client(who)?.half_close();
                Ok(())
            }
            Act::Close => self.take(who).map(drop),
            Act::Pause => {
                thread::sleep(Duration::from_millis(100));
                Ok(())
            }
            Act::Reset => self.take(who).map(Client::reset),
            Act::ComeAndGo(times) => (0..*times).try_for_each(|_| self.new_client(None).map(drop)),
            Act::ComeAndReset(text, times) => self.come_and_reset(text, *times),
        }
    }

    fn send_text(&mut self, who: &str, text: &Text, pieces: Option<usize>) -> Done {
        let bytes = text.bytes(&self.names).map_err(Trouble::Broken)?;
        let size = pieces.unwrap_or(bytes.len()).max(1);
        for piece in bytes.chunks(size) {
            self.send(who, piece)?;
            if pieces.is_some() {
                thread::sleep(PAUSE);
            }
        }
        Ok(())
    }

    fn come_and_reset(&mut self, text: &Text, times: usize) -> Done {
        let bytes = text.bytes(&self.names).map_err(Trouble::Broken)?;
        for _ in 0..times {
            let mut client = self.new_client(None)?;
            client.send_some(&bytes);
            client.reset();
        }
        Ok(())
    }

    fn new_client(&self, buffer: Option<usize>) -> Result<Client, Trouble> {
        Client::connect(self.rules.server, buffer, self.rules.timeout).map_err(|error| {
            let symptom = match error.kind() {
                ErrorKind::TimedOut => Symptom::Silence,
                _ => Symptom::End,
            };
            let text = format!("it cannot connect: {}", plain(&error));
            match failed(None, Vec::new(), None, text, symptom) {
                Trouble::Failed(failure) => {
                    Trouble::Failed(Box::new(Failure { is_refused: true, ..*failure }))
                }
                broken => broken,
            }
        })
    }

    fn connect(&mut self, who: &str, buffer: Option<usize>) -> Done {
        let client = self.new_client(buffer)?;
        self.names.insert(who.to_owned(), client.name());
        self.clients.insert(who.to_owned(), client);
        Ok(())
    }

    fn join(&mut self, who: &str, buffer: Option<usize>) -> Done {
        self.connect(who, buffer)?;
        let name = self.names[who].clone();
        let bytes = |text: String| Part::Bytes(text.into_bytes());
        let count =
            [bytes(format!("* welcome, {name}; ")), Part::Gap, bytes(" here\r\n".to_owned())];
        self.wait_for(who, &count)?;
        self.send(who, format!("/nick {who}\n").as_bytes())?;
        self.wait_for(who, &[bytes(format!("* {name} is now {who}\r\n"))])
    }

    fn client(&mut self, who: &str) -> Result<&mut Client, Trouble> {
        let client = self.clients.get_mut(who);
        client.ok_or_else(|| Trouble::Broken(format!("{who} has not connected")))
    }

    fn take(&mut self, who: &str) -> Result<Client, Trouble> {
        let client = self.clients.remove(who);
        client.ok_or_else(|| Trouble::Broken(format!("{who} has not connected")))
    }

    /// Sends all in time. A connection that has ended is left to the step that expects something.
    fn send(&mut self, who: &str, bytes: &[u8]) -> Done {
        let mut rest = bytes;
        while !rest.is_empty() && self.client(who)?.ending.is_none() {
            match self.client(who)?.send_some(rest) {
                0 if self.client(who)?.ending.is_some() => {}
                0 => {
                    if !self.wait(who, true, self.rules.timeout) {
                        let text = format!("the server takes no more for {}", self.patience());
                        return Err(failed(None, Vec::new(), None, text, Symptom::Silence));
                    }
                }
                count => rest = &rest[count..],
            }
        }
        Ok(())
    }

    fn send_until_stuck(&mut self, who: &str, text: &Text) -> Done {
        let whole = text.bytes(&self.names).map_err(Trouble::Broken)?.repeat(4096);
        let mut sent = Vec::new();
        while self.client(who)?.ending.is_none() {
            let from = sent.len() % whole.len();
            match self.client(who)?.send_some(&whole[from..]) {
                0 => {
                    if !self.wait(who, true, STUCK) {
                        break;
                    }
                }
                count => sent.extend_from_slice(&whole[from..from + count]),
            }
            if sent.len() > TOO_MUCH {
                let text = format!("the server has taken {} bytes, and goes on", sent.len());
                return Err(failed(None, Vec::new(), None, text, Symptom::Anything));
            }
        }
        self.client(who)?.under_way = sent;
        Ok(())
    }

    fn exchange(&mut self, who: &str, size: usize) -> Done {
        let tape = tape(self.rules.seed, size);
        let (mut sent, mut heard) = (0, 0);
        while heard < tape.len() {
            let client = self.client(who)?;
            let count = match sent < tape.len() {
                true => client.send_some(&tape[sent..]),
                false => 0,
            };
            sent += count;
            client.read_some();
            let input = client.input();
            let came = input.len().min(tape.len() - heard);
            let expected = &tape[heard..heard + came];
            if let Some(at) = first_difference(input, expected) {
                let around = |bytes: &[u8]| bytes[at..bytes.len().min(at + 16)].to_vec();
                let text = format!("at byte {} of {}", heard + at + 1, tape.len());
                let (expected, got) = (around(expected), around(input));
                return Err(failed(Some(expected), got, Some(0), text, Symptom::Anything));
            }
            client.take(came);
            heard += came;
            let symptom = match client.ending {
                Some(Ending::End) => Some(Symptom::End),
                Some(Ending::Reset) => Some(Symptom::Reset),
                None => None,
            };
            let wants_to_write = sent < tape.len();
            let so_far = format!("after {heard} of {} bytes", tape.len());
            if heard < tape.len()
                && let Some(symptom) = symptom
            {
                let text = format!("{} {so_far}", ending(&symptom));
                return Err(failed(None, Vec::new(), None, text, symptom));
            }
            if count == 0 && came == 0 && !self.wait(who, wants_to_write, self.rules.timeout) {
                let text = format!("nothing for {} {so_far}", self.patience());
                let Trouble::Failed(failure) =
                    failed(None, Vec::new(), None, text, Symptom::Silence)
                else {
                    return Ok(());
                };
                // If the server takes no more either, no byte is lost: it stands still.
                let cause = wants_to_write.then(|| cause("stalls")).flatten();
                return Err(Trouble::Failed(Box::new(Failure { cause, ..*failure })));
            }
        }
        Ok(())
    }

    /// The next bytes are these.
    fn expect(&mut self, who: &str, parts: &[Part]) -> Done {
        let mut begun = Instant::now();
        loop {
            let client = self.client(who)?;
            let verdict = compare(client.input(), parts, client.ending.is_some());
            match (verdict, client.ending) {
                (Match::Whole(length), _) => {
                    client.take(length);
                    return Ok(());
                }
                (Match::Differs(at), _) => {
                    self.hear_the_line_out(who)?;
                    return self.differs(who, parts, Some(at), Symptom::Anything);
                }
                (Match::Unfinished, Some(Ending::End)) => {
                    return self.differs(who, parts, None, Symptom::End);
                }
                (Match::Unfinished, Some(Ending::Reset)) => {
                    return self.differs(who, parts, None, Symptom::Reset);
                }
                (Match::Unfinished, None) => {
                    let left = self.rules.timeout.saturating_sub(begun.elapsed());
                    if !self.wait(who, false, left) {
                        return self.differs(who, parts, None, Symptom::Silence);
                    }
                    if self.client(who)?.read_some() {
                        begun = Instant::now();
                    }
                }
            }
        }
    }

    /// A line like this comes, perhaps after others. A line that has only another end is taken for it.
    fn wait_for(&mut self, who: &str, parts: &[Part]) -> Done {
        let deadline = Instant::now() + self.rules.timeout;
        let mut passed_over: Vec<u8> = Vec::new();
        loop {
            let client = self.client(who)?;
            while let Some(end) = client.input().iter().position(|byte| *byte == b'\n') {
                let line = &client.input()[..=end];
                if let Match::Whole(length) = compare(line, parts, true)
                    && length == line.len()
                {
                    client.take(end + 1);
                    return Ok(());
                }
                let is_near = matches!(parts, [Part::Bytes(wanted)]
                    if wanted.trim_ascii_end() == line.trim_ascii_end());
                if is_near {
                    return self.differs(who, parts, None, Symptom::Anything);
                }
                passed_over.extend_from_slice(line);
                let most = passed_over.len().saturating_sub(PASSED_OVER);
                passed_over.drain(..most);
                client.take(end + 1);
            }
            let symptom = match client.ending {
                Some(Ending::End) => Symptom::End,
                Some(Ending::Reset) => Symptom::Reset,
                None => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if self.wait(who, false, left) {
                        self.client(who)?.read_some();
                        continue;
                    }
                    // Nothing at all is another symptom than something else.
                    match passed_over.is_empty() {
                        true => Symptom::Silence,
                        false => Symptom::Anything,
                    }
                }
            };
            if passed_over.is_empty() {
                return self.differs(who, parts, None, symptom);
            }
            let text = "and nothing like it".to_owned();
            return Err(failed(Some(shown(parts)), passed_over, None, text, symptom));
        }
    }

    fn expect_end(&mut self, who: &str) -> Done {
        let deadline = Instant::now() + self.rules.timeout;
        loop {
            let client = self.client(who)?;
            let symptom = match client.ending {
                _ if !client.input().is_empty() => Symptom::Anything,
                Some(Ending::End) => return Ok(()),
                Some(Ending::Reset) => Symptom::Reset,
                None => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if self.wait(who, false, left) {
                        self.client(who)?.read_some();
                        continue;
                    }
                    Symptom::Silence
                }
            };
            self.hear_the_line_out(who)?;
            return self.differs(who, &[], None, symptom);
        }
    }

    fn expect_fortune(&mut self, who: &str) -> Done {
        let deadline = Instant::now() + self.rules.timeout;
        while self.client(who)?.ending.is_none() {
            let left = deadline.saturating_duration_since(Instant::now());
            if !self.wait(who, false, left) {
                return self.differs(who, &[], None, Symptom::Silence);
            }
            self.client(who)?.read_some();
        }
        let client = self.client(who)?;
        let text = client.input().to_vec();
        let id = match () {
            () if client.ending == Some(Ending::Reset) => {
                return self.differs(who, &[], None, Symptom::Reset);
            }
            () if text.is_empty() => return self.differs(who, &[], None, Symptom::End),
            () if text.len() > 512 => "too-long",
            () if str::from_utf8(&text).is_err() => "not-utf8",
            () if !text.ends_with(b"\r\n") => "bare-line-feed",
            () if text
                .split(|byte| *byte == b'\n')
                .rev()
                .skip(1)
                .any(|line| !line.ends_with(b"\r")) =>
            {
                "bare-line-feed"
            }
            () => {
                client.take(text.len());
                return Ok(());
            }
        };
        let length = format!("{} bytes came", text.len());
        let Trouble::Failed(failure) = failed(None, text, None, length, Symptom::Anything) else {
            return Ok(());
        };
        Err(Trouble::Failed(Box::new(Failure { cause: cause(id), ..*failure })))
    }

    /// The failure of a step that expected bytes.
    fn differs(&mut self, who: &str, parts: &[Part], at: Option<usize>, symptom: Symptom) -> Done {
        let patience = self.patience();
        let client = self.client(who)?;
        let expected = shown(parts);
        let is_bytes = !expected.is_empty();
        let got = client.input().to_vec();
        let then = match symptom {
            Symptom::Silence if got.is_empty() => format!("nothing in {patience}"),
            Symptom::Silence => format!("and then nothing for {patience}"),
            Symptom::End if got.is_empty() => "the end of the connection".to_owned(),
            Symptom::End | Symptom::Reset if !got.is_empty() => {
                format!("and then {}", ending(&symptom))
            }
            Symptom::Reset => ending(&symptom).to_owned(),
            _ => String::new(),
        };
        let at = at.or_else(|| {
            let differs = symptom == Symptom::Anything && is_bytes;
            differs
                .then(|| first_difference(&got, &expected).unwrap_or(got.len().min(expected.len())))
        });
        Err(failed(is_bytes.then_some(expected), got, at, then, symptom))
    }

    /// What comes wrong is shown to its end, if the rest comes soon.
    fn hear_the_line_out(&mut self, who: &str) -> Done {
        let deadline = Instant::now() + STUCK;
        loop {
            let client = self.client(who)?;
            if client.input().ends_with(b"\n") || client.ending.is_some() {
                return Ok(());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if !self.wait(who, false, left) {
                return Ok(());
            }
            self.client(who)?.read_some();
        }
    }

    /// Waits until this client can be read, or written if `writes`. The others read meanwhile, so that
    /// no server has to wait for them: slow ones a little at a time, and deaf ones never.
    fn wait(&mut self, who: &str, writes: bool, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        loop {
            let mut left = deadline.saturating_duration_since(Instant::now());
            if self.slow_ones_read(who) {
                left = left.min(MOMENT);
            }
            let mut watched = Vec::new();
            for (name, client) in &self.clients {
                let reads = client.reads == Reads::AtOnce || (name == who && !writes);
                let mut flags = PollFlags::empty();
                flags.set(PollFlags::POLLIN, reads);
                flags.set(PollFlags::POLLOUT, name == who && writes);
                if !flags.is_empty() && (name == who || client.ending.is_none()) {
                    watched.push((name.clone(), reads, flags));
                }
            }
            let mut fds: Vec<PollFd> = watched
                .iter()
                .map(|(name, _, flags)| PollFd::new(self.clients[name].descriptor(), *flags))
                .collect();
            let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
            let ready: Vec<bool> = match poll(&mut fds, timeout) {
                Ok(0) if Instant::now() < deadline => continue,
                Ok(0) => return false,
                Ok(_) => fds.iter().map(|fd| fd.any().unwrap_or(true)).collect(),
                Err(_) => continue,
            };
            drop(fds);
            let mut is_mine = false;
            for ((name, reads, _), is_ready) in watched.iter().zip(ready) {
                is_mine |= name == who && is_ready;
                let is_read = is_ready && *reads && (name != who || writes);
                if is_read && let Some(client) = self.clients.get_mut(name) {
                    client.read_some();
                }
            }
            if is_mine {
                return true;
            }
        }
    }

    /// Lets the slow clients read a little, if the last time is a moment ago. Returns whether there are
    /// any but this one.
    fn slow_ones_read(&mut self, who: &str) -> bool {
        let is_time = self.slow_ones_have_read.elapsed() >= MOMENT;
        let mut has_slow = false;
        for (name, client) in &mut self.clients {
            let is_slow = client.reads == Reads::Slowly && name != who && client.ending.is_none();
            has_slow |= is_slow;
            if is_slow && is_time {
                match self.slow_for < SLOW_FOR {
                    true => client.read_up_to(A_LITTLE),
                    false => client.read_some(),
                };
            }
        }
        if is_time {
            self.slow_ones_have_read = Instant::now();
            self.slow_for += MOMENT;
        }
        has_slow
    }

    fn patience(&self) -> String {
        format!("{} s", self.rules.timeout.as_secs_f64())
    }

    /// Addresses differ from run to run, so their owners' names are shown.
    pub(crate) fn hide_addresses(&self, failure: &mut Failure) {
        let hide = |bytes: &mut Vec<u8>| {
            for (who, address) in &self.names {
                if address.contains(':') {
                    *bytes = replace(bytes, address.as_bytes(), format!("{{{who}}}").as_bytes());
                }
            }
        };
        hide(&mut failure.got);
        let Some(expected) = &mut failure.expected else { return };
        hide(expected);
        if failure.at.is_some() {
            failure.at = first_difference(&failure.got, expected)
                .or(Some(failure.got.len().min(expected.len())));
        }
    }
}

fn failed(
    expected: Option<Vec<u8>>,
    got: Vec<u8>,
    at: Option<usize>,
    then: String,
    symptom: Symptom,
) -> Trouble {
    let (step, is_refused, cause) = (0, false, None);
    let failure = Failure { step, expected, got, at, then, symptom, is_refused, cause };
    Trouble::Failed(Box::new(failure))
}

fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut replaced = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(from.len()).position(|part| part == from) {
        replaced.extend_from_slice(&rest[..at]);
        replaced.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    replaced.extend_from_slice(rest);
    replaced
}

fn shown(parts: &[Part]) -> Vec<u8> {
    let bytes = parts.iter().map(|part| match part {
        Part::Bytes(bytes) => bytes.as_slice(),
        Part::Gap => b"{...}",
    });
    bytes.collect::<Vec<_>>().concat()
}

fn ending(symptom: &Symptom) -> &'static str {
    match symptom {
        Symptom::End => "the end of the connection",
        _ => "a reset (ECONNRESET)",
    }
}

/// An error without its number.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

/// Bytes in which a lost, doubled or swapped part is seen at once (xorshift).
fn tape(seed: u64, size: usize) -> Vec<u8> {
    let mut state = seed | 1;
    let words = iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    words.flatten().take(size).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_the_tape_is_in_one_place_only() {
        let tape = tape(7, 1 << 16);
        let mut parts: Vec<&[u8]> = tape.windows(8).collect();
        parts.sort_unstable();
        assert!(parts.windows(2).all(|two| two[0] != two[1]));
        assert_eq!(tape.len(), 1 << 16);
    }
}
