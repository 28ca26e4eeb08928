use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use test_kit::again;

/// How long a server may take for anything: after that the bench fails, so that it never hangs.
const DEADLINE: Duration = Duration::from_secs(10);

fn connect(server: SocketAddr) -> TcpStream {
    let connect = || {
        let stream = TcpStream::connect(server)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(DEADLINE))?;
        stream.set_write_timeout(Some(DEADLINE))?;
        Ok::<_, std::io::Error>(stream)
    };
    connect().expect("the server listens")
}

/// Connections to an echo server, each with one message under way at a time.
pub(crate) struct Echo {
    streams: Vec<TcpStream>,
    message: Vec<u8>,
    answer: Vec<u8>,
}

impl Echo {
    pub(crate) fn connect(server: SocketAddr, connections: usize, size: usize) -> Echo {
        Echo {
            streams: (0..connections).map(|_| connect(server)).collect(),
            message: (0..size).map(|index| index as u8).collect(),
            answer: vec![0; size],
        }
    }

    /// Sends a message over each connection, and receives it back.
    ///
    /// It sends all messages before it reads one, and waits for the last one first. So the client
    /// sleeps once a round, and not once a connection, and costs little beside the server.
    pub(crate) fn round(&mut self) {
        for mut stream in &self.streams {
            stream.write_all(&self.message).expect("the server reads");
        }
        for mut stream in self.streams.iter().rev() {
            stream.read_exact(&mut self.answer).expect("an answer");
            assert!(self.answer == self.message, "the echo is another message");
        }
    }

    /// Sends `count` messages over the first connection without waiting, and receives them back.
    pub(crate) fn stream(&mut self, count: u64) {
        let mut stream = &self.streams[0];
        thread::scope(|scope| {
            let message = &self.message;
            scope.spawn(move || {
                for _ in 0..count {
                    stream.write_all(message).expect("the server reads");
                }
            });
            for _ in 0..count {
                stream.read_exact(&mut self.answer).expect("an answer");
                assert!(self.answer == *message, "the echo is another message");
            }
        });
    }
}

/// Connects, sends the message and half-closes, if there is a message, reads to the end, and
/// closes. Returns how many bytes came.
pub(crate) fn visit(server: SocketAddr, message: &[u8]) -> usize {
    let mut stream = connect(server);
    if !message.is_empty() {
        stream.write_all(message).expect("the server reads");
        stream.shutdown(Shutdown::Write).expect("it is connected");
    }
    let mut answer = Vec::with_capacity(512);
    stream.read_to_end(&mut answer).expect("an answer");
    assert!(!answer.is_empty(), "the server says something");
    answer.len()
}

/// The members of a room. The first few of them speak.
pub(crate) struct Chat {
    members: Vec<TcpStream>,
    speakers: usize,
    /// A line as a speaker sends it.
    said: String,
    /// The length of a line as the others hear it.
    length: usize,
    heard: Vec<u8>,
}

/// The text of every line.
const TEXT: &str = "a line as people type them, not long";

impl Chat {
    /// Lets the members join, one after the other.
    pub(crate) fn join(server: SocketAddr, members: usize, speakers: usize) -> Chat {
        let members: Vec<TcpStream> = (0..members).map(|_| connect(server)).collect();
        // Each gets a line of welcome as soon as it is in the room.
        for member in &members {
            read_until(member, "\n");
        }
        // The speaker's address stands before a line, and the ports of clients have five digits.
        let speaker = members[0].local_addr().expect("it is connected");
        let chat = Chat {
            members,
            speakers,
            said: format!("{TEXT}\r\n"),
            length: format!("[{speaker}] {TEXT}\r\n").len(),
            heard: Vec::new(),
        };
        // Each then hears of the members that come after it, and these lines must not be measured.
        chat.say_and_await(0, "the first is ready");
        chat.say_and_await(1, "the second is ready");
        chat
    }

    /// Makes the members subscribers of one subject of a NATS server, each with a connection of its
    /// own. Its protocol is text: <https://docs.nats.io/reference/reference-protocols/nats-protocol>.
    pub(crate) fn subscribe(server: SocketAddr, members: usize, speakers: usize) -> Chat {
        let members: Vec<TcpStream> = (0..members).map(|_| connect(server)).collect();
        for mut member in &members {
            // Without an echo, a speaker does not hear itself.
            let hello = b"CONNECT {\"verbose\":false,\"echo\":false,\"protocol\":1}\r\n\
                SUB room 1\r\nPING\r\n";
            member.write_all(hello).expect("the server reads");
            read_until(member, "PONG\r\n");
        }
        // The server asks each client for a sign of life in its first seconds, and then not for two
        // minutes.
        for mut member in &members {
            read_until(member, "PING\r\n");
            member.write_all(b"PONG\r\n").expect("the server reads");
        }
        let size = TEXT.len();
        Chat {
            members,
            speakers,
            said: format!("PUB room {size}\r\n{TEXT}\r\n"),
            length: format!("MSG room 1 {size}\r\n{TEXT}\r\n").len(),
            heard: Vec::new(),
        }
    }

    /// Each speaker sends `lines` lines, with one write for each, and all the others hear them.
    /// Returns how many lines were delivered.
    pub(crate) fn round(&mut self, lines: usize) -> u64 {
        for mut speaker in &self.members[..self.speakers] {
            for _ in 0..lines {
                speaker.write_all(self.said.as_bytes()).expect("the server reads");
            }
        }
        let mut delivered = 0;
        // It first waits for the member that is served last: so the client sleeps once, and not
        // once for each.
        for (number, mut member) in self.members.iter().enumerate().rev() {
            let others = self.speakers - usize::from(number < self.speakers);
            self.heard.resize(others * lines * self.length, 0);
            member.read_exact(&mut self.heard).expect("what was said");
            let mut whole = self.heard.chunks_exact(self.length);
            assert!(whole.all(|line| line.ends_with(b"\r\n")), "lines are whole");
            delivered += others * lines;
        }
        delivered as u64
    }

    fn say_and_await(&self, speaker: usize, text: &str) {
        let line = format!("{text}\r\n");
        (&self.members[speaker]).write_all(line.as_bytes()).expect("the server reads");
        for (number, member) in self.members.iter().enumerate() {
            if number != speaker {
                read_until(member, &line);
            }
        }
    }
}

/// Reads up to the first text that ends with `end`.
fn read_until(mut stream: &TcpStream, end: &str) {
    let mut heard = Vec::new();
    while !heard.ends_with(end.as_bytes()) {
        let mut piece = [0; 4096];
        let count = again(|| stream.read(&mut piece)).expect("something to hear");
        assert!(count > 0, "the server has ended the connection");
        heard.extend_from_slice(&piece[..count]);
    }
}
