use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

/// How long a server may take for anything: a bench shall fail, and not hang.
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

    /// A message over each connection and back.
    ///
    /// All are sent before one is read, and the last sent is awaited first: so the client sleeps
    /// once a round, and not once a connection, and costs little beside the server.
    pub(crate) fn round(&mut self) {
        for mut stream in &self.streams {
            stream.write_all(&self.message).expect("the server reads");
        }
        for mut stream in self.streams.iter().rev() {
            stream.read_exact(&mut self.answer).expect("an answer");
            assert!(self.answer == self.message, "the echo is another message");
        }
    }

    /// So many messages over the first connection without waiting, and back.
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

/// Connects, sends the message, if there is one, and says that it was all, reads to the end, and
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

/// The members of a room, of whom the first few speak.
pub(crate) struct Chat {
    members: Vec<TcpStream>,
    speakers: usize,
    heard: Vec<u8>,
}

/// What is said, over and over.
const TEXT: &str = "a line as people type them, not long";

impl Chat {
    /// Joins, one after the other.
    pub(crate) fn join(server: SocketAddr, members: usize, speakers: usize) -> Chat {
        let chat = Chat {
            members: (0..members).map(|_| connect(server)).collect(),
            speakers,
            heard: Vec::new(),
        };
        // Each is welcomed with a line as soon as the room knows it.
        for member in &chat.members {
            read_until(member, "\n");
        }
        // Each then hears of those who came after it, and these lines are not to be measured.
        chat.say_and_await(0, "the first is ready");
        chat.say_and_await(1, "the second is ready");
        chat
    }

    /// Each speaker says so many lines, each by a write of its own, and all the others hear them.
    /// Returns how many lines were delivered.
    pub(crate) fn round(&mut self, lines: usize) -> u64 {
        let line = format!("{TEXT}\r\n");
        for mut speaker in &self.members[..self.speakers] {
            for _ in 0..lines {
                speaker.write_all(line.as_bytes()).expect("the server reads");
            }
        }
        let mut delivered = 0;
        // Whoever is served last is awaited first: so the client sleeps once, and not once each.
        for (number, mut member) in self.members.iter().enumerate().rev() {
            let others = self.speakers - usize::from(number < self.speakers);
            let length = self.line_length();
            self.heard.resize(others * lines * length, 0);
            member.read_exact(&mut self.heard).expect("what was said");
            let mut whole = self.heard.chunks_exact(length);
            assert!(whole.all(|line| line.ends_with(b"\r\n")), "lines are whole");
            delivered += others * lines;
        }
        delivered as u64
    }

    /// How long a line is as it is heard. The speaker's address stands before it, and the ports of
    /// clients have five digits.
    fn line_length(&self) -> usize {
        let speaker = self.members[0].local_addr().expect("it is connected");
        format!("[{speaker}] {TEXT}\r\n").len()
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

/// Reads up to the first text that ends so.
fn read_until(mut stream: &TcpStream, end: &str) {
    let mut heard = Vec::new();
    while !heard.ends_with(end.as_bytes()) {
        let mut piece = [0; 4096];
        let count = stream.read(&mut piece).expect("something to hear");
        assert!(count > 0, "the server has ended the connection");
        heard.extend_from_slice(&piece[..count]);
    }
}
