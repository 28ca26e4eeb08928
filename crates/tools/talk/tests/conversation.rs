//! Tests the loop against real servers: each is a thread with a real listener.

use std::io::{self, ErrorKind, PipeReader, PipeWriter, Read, Write, pipe};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use socket2::{Domain, SockRef, Socket, Type};
use talk::{Failure, Screen, converse};

/// No test takes this long; a test that would wait forever fails instead.
const DEADLINE: Duration = Duration::from_secs(120);

/// More than the kernel's buffers of a connection can hold, since they are made small.
const MUCH: usize = 8 * 1024 * 1024;

/// A conversation in its own thread.
struct Talk {
    keyboard: Option<PipeWriter>,
    screen: PipeReader,
    result: Receiver<Result<(), Failure>>,
    server: Receiver<()>,
}

impl Talk {
    /// Talks to `server`, which gets the accepted connection; the screen passes bytes unchanged.
    fn with(server: impl FnOnce(TcpStream) + Send + 'static) -> Talk {
        Talk::on(Screen::raw, server)
    }

    fn on(
        screen: impl FnOnce(PipeWriter) -> Screen<PipeWriter>,
        server: impl FnOnce(TcpStream) + Send + 'static,
    ) -> Talk {
        let (stream, accepted) = connection();
        let (input, keyboard) = pipe().unwrap();
        let (output, shown) = pipe().unwrap();
        let screen = screen(shown);
        Talk {
            keyboard: Some(keyboard),
            screen: output,
            result: spawn(move || converse(&stream.into(), input, screen)),
            server: spawn(move || server(accepted)),
        }
    }

    fn keyboard(&mut self) -> PipeWriter {
        self.keyboard.take().unwrap()
    }

    /// Everything that is shown until the conversation ends, and its result.
    fn end(self) -> (Vec<u8>, Result<(), Failure>) {
        let mut screen = self.screen;
        let shown = spawn(move || {
            let mut shown = Vec::new();
            screen.read_to_end(&mut shown).unwrap();
            shown
        });
        let result = self.result.recv_timeout(DEADLINE).unwrap();
        self.server.recv_timeout(DEADLINE).unwrap();
        (shown.recv_timeout(DEADLINE).unwrap(), result)
    }
}

/// Runs `work` in a thread, whose result can be awaited with a deadline.
fn spawn<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Receiver<T> {
    let (sender, receiver) = channel();
    thread::spawn(move || sender.send(work()));
    receiver
}

/// A client's end and the server's end, with small buffers.
fn connection() -> (TcpStream, TcpStream) {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    small(SockRef::from(&listener));
    listener.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
    listener.listen(1).unwrap();
    let client = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    small(SockRef::from(&client));
    client.connect(&listener.local_addr().unwrap()).unwrap();
    let (server, _) = listener.accept().unwrap();
    (client.into(), server.into())
}

/// Smaller than a piece of the loop, so that a write that waits for all of it would be noticed.
fn small(socket: SockRef<'_>) {
    socket.set_send_buffer_size(4 * 1024).unwrap();
    socket.set_recv_buffer_size(4 * 1024).unwrap();
}

/// `len` bytes of all values in an irregular order.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_u32;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    };
    (0..len).map(next).collect()
}

/// Types `bytes`, then ends the input, as long as the reader is there.
fn type_all(mut keyboard: PipeWriter, bytes: Vec<u8>) {
    thread::spawn(move || keyboard.write_all(&bytes));
}

fn echo(mut stream: TcpStream) {
    let mut input = stream.try_clone().unwrap();
    io::copy(&mut input, &mut stream).unwrap();
}

fn read_to_end(mut stream: &TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    bytes
}

/// Resets the connection when it is dropped (SO_LINGER of zero, socket(7)).
fn reset(stream: TcpStream) {
    let linger = Some(Duration::ZERO);
    SockRef::from(&stream).set_linger(linger).unwrap();
}

#[test]
fn the_end_of_input_is_a_half_close_and_the_rest_still_arrives() {
    let mut talk = Talk::with(|mut stream| {
        // It answers only after the client has sent everything.
        assert_eq!(read_to_end(&stream), b"to be echoed\n");
        stream.write_all(b"all of it came\n").unwrap();
    });
    type_all(talk.keyboard(), b"to be echoed\n".to_vec());
    let (shown, result) = talk.end();
    result.unwrap();
    assert_eq!(shown, b"all of it came\n");
}

#[test]
fn an_empty_input_is_a_half_close_too() {
    let mut talk = Talk::with(|mut stream| {
        assert_eq!(read_to_end(&stream), b"");
        stream.write_all(b"a fortune\n").unwrap();
    });
    drop(talk.keyboard());
    assert_eq!(talk.end().0, b"a fortune\n");
}

#[test]
fn megabytes_are_echoed_unchanged() {
    let mut talk = Talk::with(echo);
    let sent = noise(MUCH);
    type_all(talk.keyboard(), sent.clone());
    let (shown, result) = talk.end();
    result.unwrap();
    assert!(shown == sent, "{} bytes came of {MUCH}", shown.len());
}

/// A client that did not read while it writes would wait here forever, and so would the server.
#[test]
fn it_reads_while_it_writes() {
    let mut talk = Talk::with(|mut stream| {
        stream.write_all(&noise(MUCH)).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        // Closing before everything is read would be a reset, and the client could lose the bytes
        // that are on their way. When the client leaves with unread input, that may be a reset too.
        let _ = stream.read_to_end(&mut Vec::new());
    });
    type_all(talk.keyboard(), vec![b'x'; MUCH]);
    let (shown, result) = talk.end();
    result.unwrap();
    assert!(shown == noise(MUCH), "{} bytes came of {MUCH}", shown.len());
}

#[test]
fn it_writes_while_nothing_is_heard() {
    let mut talk = Talk::with(|stream| assert!(read_to_end(&stream) == noise(MUCH)));
    type_all(talk.keyboard(), noise(MUCH));
    let (shown, result) = talk.end();
    result.unwrap();
    assert_eq!(shown, b"");
}

#[test]
fn typed_bytes_are_sent_at_once_and_received_bytes_are_shown_at_once() {
    let mut talk = Talk::with(echo);
    let mut keyboard = talk.keyboard();
    let mut screen = talk.screen.try_clone().unwrap();
    let questions = spawn(move || {
        for question in ["one\n", "two\n", "three\n"] {
            keyboard.write_all(question.as_bytes()).unwrap();
            let mut answer = vec![0; question.len()];
            screen.read_exact(&mut answer).unwrap();
            assert_eq!(answer, question.as_bytes());
        }
    });
    questions.recv_timeout(DEADLINE).unwrap();
    talk.end().1.unwrap();
}

#[test]
fn it_ends_when_the_server_has_finished_though_the_keyboard_is_open() {
    let mut talk = Talk::with(|mut stream| stream.write_all(b"* goodbye\r\n").unwrap());
    let keyboard = talk.keyboard();
    let (shown, result) = talk.end();
    result.unwrap();
    assert_eq!(shown, b"* goodbye\r\n");
    drop(keyboard);
}

/// A server that closes while the client still sends resets the connection. But it had finished
/// before: its last words count, and there is no error.
#[test]
fn last_words_are_shown_though_the_server_closes_while_we_send() {
    for _ in 0..50 {
        let mut talk = Talk::with(|mut stream| {
            stream.read_exact(&mut [0; 100_000]).unwrap();
            stream.write_all(b"refused\r\n").unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
        });
        type_all(talk.keyboard(), vec![b'x'; MUCH]);
        let (shown, result) = talk.end();
        result.unwrap();
        assert_eq!(shown, b"refused\r\n");
    }
}

#[test]
fn a_reset_is_an_error_whether_it_meets_a_read_or_a_write() {
    for round in 0..50 {
        let mut talk = Talk::with(move |mut stream| {
            stream.read_exact(&mut vec![0; 1 + round * 2000]).unwrap();
            reset(stream);
        });
        type_all(talk.keyboard(), vec![b'x'; MUCH]);
        let (_, result) = talk.end();
        match result.unwrap_err() {
            Failure::Receive(error) | Failure::Send(error) => {
                assert_eq!(error.kind(), ErrorKind::ConnectionReset);
            }
            failure => panic!("{failure}"),
        }
    }
}

#[test]
fn a_reset_while_it_only_listens_is_an_error() {
    let mut talk = Talk::with(reset);
    let keyboard = talk.keyboard();
    let failure = talk.end().1.unwrap_err();
    assert!(matches!(&failure, Failure::Receive(error)
        if error.kind() == ErrorKind::ConnectionReset));
    let told = failure.to_string();
    assert!(told.starts_with("cannot receive: connection reset: "), "{told}");
    drop(keyboard);
}

#[test]
fn received_bytes_cannot_control_the_terminal() {
    let talk = Talk::on(Screen::clean, |mut stream| {
        for byte in "[ada] \x1b]0;mine\x07 漢\r\n[bob] a\rb\r\n".bytes() {
            stream.write_all(&[byte]).unwrap();
        }
    });
    let (shown, result) = talk.end();
    result.unwrap();
    let safe = "[ada] \u{fffd}]0;mine\u{fffd} 漢\n[bob] a\u{fffd}b\n";
    assert_eq!(str::from_utf8(&shown), Ok(safe));
}

#[test]
fn a_closed_output_ends_the_conversation() {
    let Talk { keyboard, screen, result, .. } = Talk::with(|mut stream| {
        // The server sends without end; only the client ends the conversation.
        while stream.write_all(b"la la la\n").is_ok() {}
    });
    drop(screen);
    match result.recv_timeout(DEADLINE).unwrap() {
        Err(Failure::Output(error)) => assert_eq!(error.kind(), ErrorKind::BrokenPipe),
        result => panic!("{result:?}"),
    }
    drop(keyboard);
}
