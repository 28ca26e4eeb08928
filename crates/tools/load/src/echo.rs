//! Echo (RFC 862): each message is a part of the tape, and the server has to send it back.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

use crate::dialogue::Dialogue;
use crate::faults::Faults;
use crate::stream::Stream;
use crate::tally::Tally;
use crate::tape::{PIECE, Tape, origin};

/// Clients that send messages of `size` bytes. The first one on a connection only makes the server
/// let the client in; it counts only if each message has its own connection.
#[derive(Debug)]
pub(crate) struct Echo {
    tape: Tape,
    size: u64,
    /// Whether each message has its own connection. It is then answered when the server has ended
    /// that connection.
    reconnects: bool,
    speakers: usize,
    clients: Vec<Client>,
    answered: Vec<usize>,
    /// The faults of the streams that have ended.
    faults: Faults,
}

#[derive(Debug)]
struct Client {
    stream: Stream,
    /// The number of bytes of the stream that may be sent.
    asked: u64,
    /// The number of bytes that have been sent.
    sent: u64,
    /// The time when each unanswered message was due.
    due: VecDeque<Duration>,
    /// The place on the tape where the next stream begins.
    origin: u64,
}

impl Echo {
    /// After the speakers come idle clients, which are silent once they are in.
    pub(crate) fn new(speakers: usize, idle: usize, size: u64, reconnects: bool) -> Echo {
        let client = |number| Client {
            stream: Stream::new(origin(number)),
            asked: 0,
            sent: 0,
            due: VecDeque::new(),
            origin: origin(number),
        };
        Echo {
            tape: Tape::new(),
            size,
            reconnects,
            speakers,
            clients: (0..speakers + idle).map(client).collect(),
            answered: Vec::new(),
            faults: Faults::default(),
        }
    }
}

impl Dialogue for Echo {
    fn connected(&mut self, client: usize) {
        let client = &mut self.clients[client];
        client.stream = Stream::new(client.origin);
        client.sent = 0;
        client.asked = self.size;
        client.origin += self.size;
    }

    fn is_in(&self, client: usize) -> bool {
        self.clients[client].stream.position() >= self.size
    }

    fn say(&mut self, client: usize, due: Duration) {
        let client = &mut self.clients[client];
        client.due.push_back(due);
        if !self.reconnects {
            client.asked += self.size;
        }
    }

    fn output(&self, client: usize) -> &[u8] {
        let client = &self.clients[client];
        let left = (client.asked - client.sent).min(PIECE as u64);
        &self.tape.at(client.stream.origin() + client.sent)[..left as usize]
    }

    fn sent(&mut self, client: usize, count: usize) {
        self.clients[client].sent += count as u64;
    }

    fn receive(&mut self, client: usize, bytes: &[u8], now: Duration, tally: &mut Tally) {
        let number = client;
        let client = &mut self.clients[number];
        let before = client.stream.position() / self.size;
        client.stream.receive(&self.tape, bytes, client.sent);
        if !self.reconnects {
            for _ in before.max(1)..client.stream.position() / self.size {
                let due = client.due.pop_front().expect("it has been sent");
                tally.answer(number, due, now);
                self.answered.push(number);
            }
        }
    }

    fn end(&mut self, client: usize, now: Duration, tally: &mut Tally) {
        let number = client;
        let client = &mut self.clients[number];
        let has_all = client.stream.position() == client.asked;
        client.stream.end(&self.tape, client.sent);
        self.faults.add(client.stream.faults());
        client.stream = Stream::new(client.origin);
        (client.asked, client.sent) = (0, 0);
        if self.reconnects
            && has_all
            && let Some(due) = client.due.pop_front()
        {
            tally.answer(number, due, now);
            self.answered.push(number);
        }
    }

    fn reconnects(&self) -> bool {
        self.reconnects
    }

    fn has_enough(&self, client: usize) -> bool {
        let client = &self.clients[client];
        client.stream.position() == client.asked
    }

    fn next_answered(&mut self) -> Option<usize> {
        self.answered.pop()
    }

    fn waiting(&self, client: usize) -> usize {
        self.clients[client].due.len()
    }

    fn speakers(&self) -> Range<usize> {
        0..self.speakers
    }

    fn listeners(&self) -> Range<usize> {
        0..self.speakers
    }

    fn faults(&self) -> Faults {
        let mut faults = self.faults;
        let open = self.clients.iter().map(|client| client.stream.faults());
        open.for_each(|stream| faults.add(stream));
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: u64 = 100;

    fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    /// Sends the output, and returns the first `back` bytes of it to the client.
    fn pass(echo: &mut Echo, tally: &mut Tally, back: usize, now: Duration) -> usize {
        let bytes = echo.output(0).to_vec();
        echo.sent(0, bytes.len());
        echo.receive(0, &bytes[..back.min(bytes.len())], now, tally);
        bytes.len()
    }

    /// One client that has been let in.
    fn one_client(size: u64) -> (Echo, Tally) {
        let (mut echo, mut tally) = (Echo::new(1, 0, size, false), Tally::new(1));
        echo.connected(0);
        assert!(!echo.is_in(0));
        while !echo.is_in(0) {
            pass(&mut echo, &mut tally, PIECE, ms(0));
        }
        assert_eq!((echo.next_answered(), tally.count()), (None, 0));
        (echo, tally)
    }

    #[test]
    fn a_message_is_answered_when_all_of_it_is_back() {
        let (mut echo, mut tally) = one_client(SIZE);
        assert!(echo.has_enough(0) && echo.output(0).is_empty());
        echo.say(0, ms(10));
        echo.say(0, ms(20));
        assert_eq!(pass(&mut echo, &mut tally, 99, ms(30)), 200);
        assert_eq!((echo.next_answered(), echo.waiting(0)), (None, 2));
        let rest = echo.tape.at(origin(0) + SIZE + 99)[..101].to_vec();
        echo.receive(0, &rest, ms(110), &mut tally);
        assert_eq!((echo.next_answered(), echo.next_answered()), (Some(0), Some(0)));
        assert_eq!((echo.waiting(0), tally.count()), (0, 2));
        let latency = tally.latency().unwrap();
        assert!(latency.min.abs_diff(90_000_000) < 100_000);
        assert!(latency.max.abs_diff(100_000_000) < 100_000);
        assert!(!echo.faults().any());
    }

    #[test]
    fn bytes_that_are_not_back_at_the_end_are_lost() {
        let (mut echo, mut tally) = one_client(SIZE);
        echo.say(0, ms(0));
        pass(&mut echo, &mut tally, 30, ms(1));
        echo.end(0, ms(2), &mut tally);
        assert_eq!((echo.waiting(0), echo.faults().lost), (1, 70));
    }

    #[test]
    fn bytes_that_were_never_sent_are_not_lost() {
        let (mut echo, mut tally) = one_client(SIZE);
        echo.say(0, ms(0));
        echo.end(0, ms(2), &mut tally);
        assert_eq!((echo.waiting(0), echo.faults().lost), (1, 0));
    }

    #[test]
    fn with_a_connection_a_message_its_end_is_the_answer() {
        let (mut echo, mut tally) = (Echo::new(1, 0, SIZE, true), Tally::new(1));
        echo.say(0, ms(0));
        echo.say(0, ms(5));
        for (now, left) in [(10, 1), (20, 0)] {
            echo.connected(0);
            assert!(!echo.has_enough(0));
            assert_eq!(pass(&mut echo, &mut tally, 100, ms(now)), 100);
            assert!(echo.has_enough(0));
            assert_eq!(echo.next_answered(), None);
            echo.end(0, ms(now), &mut tally);
            assert_eq!((echo.next_answered(), echo.waiting(0)), (Some(0), left));
        }
        assert_eq!(tally.count(), 2);
        assert!(!echo.faults().any());
    }

    #[test]
    fn a_large_message_leaves_in_pieces() {
        let (mut echo, mut tally) = one_client(PIECE as u64 * 2 + 1);
        echo.say(0, ms(0));
        let pieces = [(); 3].map(|()| pass(&mut echo, &mut tally, PIECE, ms(1)));
        assert_eq!(pieces, [PIECE, PIECE, 1]);
        assert_eq!((tally.count(), echo.faults().any()), (1, false));
    }

    #[test]
    fn an_idle_client_gets_no_answers_and_unasked_bytes_count() {
        let (mut echo, mut tally) = (Echo::new(1, 1, SIZE, false), Tally::new(1));
        echo.connected(1);
        let hello = echo.output(1).to_vec();
        echo.sent(1, hello.len());
        echo.receive(1, &hello, ms(1), &mut tally);
        assert!(echo.is_in(1) && echo.has_enough(1));
        echo.receive(1, b"x", ms(1), &mut tally);
        assert_eq!((tally.count(), echo.faults().doubled), (0, 1));
    }
}
