//! NATS: a message broker, whose clients subscribe to subjects. One subject is a room, so the lines,
//! and what has to arrive, are those of [`Chat`].
//!
//! Its protocol is text: each operation is a line, and after `PUB` and `MSG` the message is another
//! one. <https://docs.nats.io/reference/reference-protocols/nats-protocol>

use std::mem;
use std::ops::Range;
use std::time::Duration;

use crate::chat::{Chat, split_lines};
use crate::dialogue::Dialogue;
use crate::faults::Faults;
use crate::tally::Tally;

/// A room at a NATS server.
#[derive(Debug)]
pub(crate) struct Nats {
    chat: Chat,
    /// The subject: runs that overlap do not hear one another.
    subject: String,
    wires: Vec<Wire>,
}

/// The bytes of a member.
#[derive(Clone, Debug, Default)]
struct Wire {
    output: Vec<u8>,
    /// The number of bytes of the output that have been sent.
    sent: usize,
    /// The beginning of a line whose end has not arrived yet.
    unfinished: Vec<u8>,
}

impl Nats {
    /// As [`Chat::new`].
    pub(crate) fn new(members: usize, speakers: usize, size: u64, run: u32) -> Nats {
        Nats {
            chat: Chat::new(members, speakers, size, run),
            subject: format!("room.{run:08x}"),
            wires: vec![Wire::default(); members],
        }
    }

    fn hear_line(&mut self, member: usize, line: &[u8], now: Duration, tally: &mut Tally) {
        match line.strip_suffix(b"\r\n").unwrap_or(line) {
            b"PING" => self.wires[member].output.extend_from_slice(b"PONG\r\n"),
            b"PONG" => self.chat.welcome(member),
            // A message begins with the digits of its run, and so like none of the operations.
            text => self.chat.hear_text(member, text, now, tally),
        }
    }
}

impl Dialogue for Nats {
    fn connected(&mut self, client: usize) {
        self.chat.connected(client);
        // A speaker hears itself only if there is no other member.
        let (echo, subject) = (self.chat.is_lone(), &self.subject);
        let hello = format!(
            "CONNECT {{\"verbose\":false,\"protocol\":1,\"echo\":{echo}}}\r\nSUB {subject} 1\r\nPING\r\n"
        );
        self.wires[client].output.extend_from_slice(hello.as_bytes());
    }

    fn is_in(&self, client: usize) -> bool {
        self.chat.is_in(client)
    }

    fn say(&mut self, client: usize, due: Duration) {
        self.chat.say(client, due);
        let line = self.chat.output(client);
        let head = format!("PUB {} {}\r\n", self.subject, line.len() - "\r\n".len());
        let output = &mut self.wires[client].output;
        output.extend_from_slice(head.as_bytes());
        output.extend_from_slice(line);
        let length = line.len();
        self.chat.sent(client, length);
    }

    fn output(&self, client: usize) -> &[u8] {
        let Wire { output, sent, .. } = &self.wires[client];
        &output[*sent..]
    }

    fn sent(&mut self, client: usize, count: usize) {
        let wire = &mut self.wires[client];
        wire.sent += count;
        if wire.sent == wire.output.len() {
            wire.output.clear();
            wire.sent = 0;
        }
    }

    fn receive(&mut self, client: usize, bytes: &[u8], now: Duration, tally: &mut Tally) {
        let mut unfinished = mem::take(&mut self.wires[client].unfinished);
        split_lines(&mut unfinished, bytes, |line| self.hear_line(client, line, now, tally));
        self.wires[client].unfinished = unfinished;
    }

    fn end(&mut self, client: usize, now: Duration, tally: &mut Tally) {
        self.chat.end(client, now, tally);
    }

    fn has_enough(&self, client: usize) -> bool {
        self.chat.has_enough(client)
    }

    fn next_answered(&mut self) -> Option<usize> {
        self.chat.next_answered()
    }

    fn waiting(&self, client: usize) -> usize {
        self.chat.waiting(client)
    }

    fn speakers(&self) -> Range<usize> {
        self.chat.speakers()
    }

    fn listeners(&self) -> Range<usize> {
        self.chat.listeners()
    }

    fn faults(&self) -> Faults {
        self.chat.faults()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_millis(1);

    #[test]
    fn a_message_is_heard_wherever_it_is_cut_and_a_ping_is_answered() {
        let said = |nats: &mut Nats| {
            nats.say(0, NOW);
            let said = nats.output(0).to_vec();
            nats.sent(0, said.len());
            String::from_utf8(said).unwrap()
        };
        for cut in 0..=64 {
            let mut nats = Nats::new(2, 1, 32, 0x0123_abcd);
            let mut tally = Tally::new(2);
            for member in 0..2 {
                nats.connected(member);
                let hello = nats.output(member).to_vec();
                assert!(hello.ends_with(b"SUB room.0123abcd 1\r\nPING\r\n"));
                nats.sent(member, hello.len());
                assert!(!nats.is_in(member));
                nats.receive(member, b"INFO {}\r\nPONG\r\n", NOW, &mut tally);
                assert!(nats.is_in(member));
            }
            let said = said(&mut nats);
            let message = said.strip_prefix("PUB room.0123abcd 32\r\n").unwrap();
            let heard = format!("PING\r\nMSG room.0123abcd 1 32\r\n{message}");
            assert_eq!(heard.len(), 64);
            let (begin, rest) = heard.split_at(cut);
            nats.receive(1, begin.as_bytes(), NOW, &mut tally);
            nats.receive(1, rest.as_bytes(), NOW, &mut tally);
            assert_eq!((tally.count(), nats.faults().any()), (1, false), "{cut}");
            assert_eq!((nats.next_answered(), nats.output(1)), (Some(0), &b"PONG\r\n"[..]));
        }
    }
}
