//! Fortune (RFC 865): each connection gets one text, and the server ends it.

use std::collections::VecDeque;
use std::ops::Range;
use std::str;
use std::time::Duration;

use crate::dialogue::Dialogue;
use crate::faults::Faults;
use crate::tally::Tally;

/// The maximal length of a fortune in bytes (RFC 865).
const LONGEST: usize = 512;

/// Clients that connect again and again. A connection is a message, and its end is the answer.
#[derive(Debug)]
pub(crate) struct Fortune {
    clients: Vec<Client>,
    answered: Vec<usize>,
    faults: Faults,
}

#[derive(Clone, Debug, Default)]
struct Client {
    /// The fortune received so far, cut off where it becomes too long.
    text: Vec<u8>,
    due: VecDeque<Duration>,
}

impl Fortune {
    pub(crate) fn new(clients: usize) -> Fortune {
        Fortune {
            clients: vec![Client::default(); clients],
            answered: Vec::new(),
            faults: Faults::default(),
        }
    }
}

impl Dialogue for Fortune {
    fn connected(&mut self, client: usize) {
        self.clients[client].text.clear();
    }

    fn is_in(&self, _client: usize) -> bool {
        true
    }

    fn say(&mut self, client: usize, due: Duration) {
        self.clients[client].due.push_back(due);
    }

    fn output(&self, _client: usize) -> &[u8] {
        &[]
    }

    fn sent(&mut self, _client: usize, _count: usize) {}

    fn receive(&mut self, client: usize, bytes: &[u8], _now: Duration, _tally: &mut Tally) {
        let text = &mut self.clients[client].text;
        let room = LONGEST + 1 - text.len();
        text.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn end(&mut self, client: usize, now: Duration, tally: &mut Tally) {
        let number = client;
        let client = &mut self.clients[number];
        let faults = judge(&client.text);
        self.faults.add(&faults);
        client.text.clear();
        if let Some(due) = client.due.pop_front() {
            // A lost fortune is not an answer, however fast the connection ended.
            if faults.lost == 0 {
                tally.answer(number, due, now);
            }
            self.answered.push(number);
        }
    }

    fn reconnects(&self) -> bool {
        true
    }

    fn has_enough(&self, _client: usize) -> bool {
        // The server ends the connection.
        false
    }

    fn next_answered(&mut self) -> Option<usize> {
        self.answered.pop()
    }

    fn waiting(&self, client: usize) -> usize {
        self.clients[client].due.len()
    }

    fn speakers(&self) -> Range<usize> {
        0..self.clients.len()
    }

    fn listeners(&self) -> Range<usize> {
        0..self.clients.len()
    }

    fn faults(&self) -> Faults {
        self.faults
    }
}

/// Judges a fortune. The client does not know which one to expect, but it can check the form: lines
/// of UTF-8, each ended by CR LF, at most 512 bytes.
fn judge(fortune: &[u8]) -> Faults {
    let is_whole = fortune.ends_with(b"\r\n");
    let is_text = str::from_utf8(fortune).is_ok() && fortune.len() <= LONGEST;
    Faults {
        lost: u64::from(!is_whole && fortune.len() <= LONGEST),
        changed: u64::from(is_whole && !is_text || fortune.len() > LONGEST),
        ..Faults::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fortune_is_a_short_text_of_whole_lines() {
        let long = [&[b'x'; 511][..], b"\r\n"].concat();
        for (fortune, lost, changed) in [
            (&b"hello\r\n"[..], 0, 0),
            ("zwei\r\nZeilen: ä\r\n".as_bytes(), 0, 0),
            (&long[1..], 0, 0),
            (b"", 1, 0),
            (b"cut sho", 1, 0),
            (b"cut short\r", 1, 0),
            (b"\xff\r\n", 0, 1),
            (&long, 0, 1),
        ] {
            let expected = Faults { lost, changed, ..Faults::default() };
            assert_eq!(judge(fortune), expected, "{fortune:?}");
        }
    }

    #[test]
    fn a_connection_is_a_message_and_its_end_is_the_answer() {
        let ms = Duration::from_millis;
        let (mut fortune, mut tally) = (Fortune::new(1), Tally::new(1));
        fortune.say(0, ms(0));
        fortune.connected(0);
        for piece in [&b"a"[..], b"b\r\n"] {
            fortune.receive(0, piece, ms(1), &mut tally);
        }
        assert_eq!((fortune.waiting(0), fortune.next_answered()), (1, None));
        fortune.end(0, ms(2), &mut tally);
        assert_eq!((fortune.waiting(0), fortune.next_answered()), (0, Some(0)));
        assert_eq!((tally.count(), fortune.faults().any()), (1, false));
    }

    #[test]
    fn a_connection_that_ends_without_a_fortune_is_no_answer() {
        let (mut fortune, mut tally) = (Fortune::new(1), Tally::new(1));
        fortune.say(0, Duration::ZERO);
        fortune.connected(0);
        fortune.end(0, Duration::from_millis(1), &mut tally);
        // The next one may still be asked for.
        assert_eq!((fortune.waiting(0), fortune.next_answered()), (0, Some(0)));
        assert_eq!((tally.count(), fortune.faults().lost), (0, 1));
    }
}
