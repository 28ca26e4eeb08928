//! Stopping a server: by SIGTERM, SIGINT or SIGHUP, to its process or to its group, as Ctrl-C and
//! the end of a terminal do.

use std::fmt;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use test_kit::chat::room;
use test_kit::{Client, Server, Signal, Style, deadline, each_style, wait_until};

each_style!(
    it_stops_before_the_first_client (row 19),
    a_silent_client_gets_the_end,
    a_client_that_still_sends_after_the_end_is_not_reset,
    bytes_that_had_arrived_are_answered (row 19),
    it_stops_in_the_middle_of_8_mb_of_echo (row 19),
    every_byte_that_was_read_comes_back_to_a_late_reader (row 19),
    every_member_of_a_chat_gets_a_goodbye (row 19),
    a_second_signal_ends_it_at_once (row 19),
    no_more_clients_are_accepted,
    a_client_that_never_reads_is_waited_for_until_the_grace_is_over,
    a_client_that_never_stops_sending_is_waited_for_until_the_grace_is_over,
    a_member_that_never_closes_is_waited_for_until_the_grace_is_over,
);

/// A way to stop a server.
#[derive(Clone, Copy)]
struct Way {
    signal: Signal,
    to_the_group: bool,
}

const WAYS: [Way; 6] = [
    Way { signal: Signal::SIGTERM, to_the_group: false },
    Way { signal: Signal::SIGINT, to_the_group: false },
    Way { signal: Signal::SIGTERM, to_the_group: true },
    Way { signal: Signal::SIGINT, to_the_group: true },
    Way { signal: Signal::SIGHUP, to_the_group: false },
    Way { signal: Signal::SIGHUP, to_the_group: true },
];

impl Way {
    fn tell(self, server: &Server) {
        if self.to_the_group {
            server.process().signal_group(self.signal);
        } else {
            server.process().signal(self.signal);
        }
    }
}

/// Two of them, for tests that take a second for each.
const TWO_WAYS: [Way; 2] = [WAYS[0], WAYS[3]];

/// A grace that no test waits for: a test that needs it fails.
const LONG: [&str; 2] = ["--grace", "3600"];

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whom = if self.to_the_group { "group" } else { "process" };
        write!(f, "{} to the {whom}", self.signal)
    }
}

/// A server with its own process group, so that a signal to the group reaches only the server.
fn start(style: Style, service: &str, options: &[&str]) -> Server {
    Server::start_under(&["setsid"], style, service, options)
}

/// The server ends, and logs that.
#[track_caller]
fn expect_stopped(server: &mut Server, way: Way) {
    assert_eq!(server.wait().code(), Some(0), "{way}");
    server.wait_for_log(|line| line.contains("stopped; "));
}

fn it_stops_before_the_first_client(style: Style) {
    for way in WAYS {
        for service in ["echo", "chat"] {
            let mut server = start(style, service, &LONG);
            way.tell(&server);
            expect_stopped(&mut server, way);
        }
    }
}

fn a_silent_client_gets_the_end(style: Style) {
    for way in WAYS {
        let mut server = start(style, "echo", &LONG);
        let mut client = server.connect();
        client.send("hello");
        assert_eq!(client.read_exact(5), b"hello");
        way.tell(&server);
        client.expect_end();
        drop(client);
        expect_stopped(&mut server, way);
    }
}

/// The end says that the server sends no more, but it still reads: if it closed at once, it would
/// answer later data with a reset, which can destroy data that the client has not read yet.
fn a_client_that_still_sends_after_the_end_is_not_reset(style: Style) {
    /// A server lingers for 2 seconds. A client that did not get the processor in time tries again.
    const TRIES: usize = 10;
    let is_in_time = |way: Way| {
        let mut server = start(style, "echo", &LONG);
        let mut client = server.connect();
        client.send("hello");
        assert_eq!(client.read_exact(5), b"hello");
        let told = Instant::now();
        way.tell(&server);
        client.expect_end();
        // It fails if the server has already ended, and so do the next steps.
        let _ = client.try_send("still here");
        let is_in_time = told.elapsed() < Duration::from_secs(2);
        if is_in_time {
            client.half_close();
            expect_stopped(&mut server, way);
            // A client that has read the end sees a reset only here, and in the next write.
            let error = client.stream().take_error().expect("it can be asked");
            assert!(error.is_none(), "{way}: {error:?}");
        }
        is_in_time
    };
    for way in TWO_WAYS {
        assert!((0..TRIES).any(|_| is_in_time(way)), "the machine is too slow");
    }
}

/// When the server is stopped, the kernel has received data that the server has not read yet. The
/// server still answers it.
fn bytes_that_had_arrived_are_answered(style: Style) {
    for way in WAYS {
        let mut server = start(style, "echo", &LONG);
        let count = style.at_once(20);
        let mut clients: Vec<Client> = (0..count).map(|_| server.connect()).collect();
        for client in &mut clients {
            client.send("before");
            assert_eq!(client.read_exact(6), b"before");
        }
        server.process().signal_group(Signal::SIGSTOP);
        wait_until("the server is stopped", || server.process().state() == Some('T'));
        for client in &mut clients {
            client.send("meanwhile");
        }
        way.tell(&server);
        server.process().signal_group(Signal::SIGCONT);
        for client in &mut clients {
            let answer = client.read_to_end();
            assert_eq!(String::from_utf8_lossy(&answer), "meanwhile", "{way}");
        }
        drop(clients);
        expect_stopped(&mut server, way);
    }
}

/// Bytes whose number is prime, so that every piece of them looks different.
fn block() -> Vec<u8> {
    let mut state = 1_u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    std::iter::repeat_with(next).take(65_521).collect()
}

/// These bytes are the beginning of [`block`] repeated again and again.
#[track_caller]
fn expect_beginning(received: &[u8], block: &[u8]) {
    let differs = received.chunks(block.len()).position(|chunk| *chunk != block[..chunk.len()]);
    assert_eq!(differs, None, "not what was sent, in {} bytes", received.len());
}

/// Sends the block again and again, this many bytes in all or until the connection ends.
fn send_again_and_again(mut stream: TcpStream, block: &[u8], count: usize) {
    let mut sent = 0;
    while sent < count {
        let rest = &block[sent % block.len()..];
        match stream.write(&rest[..rest.len().min(count - sent)]) {
            Ok(count) => sent += count,
            Err(_) => return,
        }
    }
}

fn it_stops_in_the_middle_of_8_mb_of_echo(style: Style) {
    const BEFORE: usize = 1_000_000;
    const ALL: usize = 8_000_000;
    let block = block();
    for way in WAYS {
        let mut server = start(style, "echo", &LONG);
        let mut client = server.connect();
        let sending = client.stream().try_clone().expect("a descriptor is left");
        let received = thread::scope(|scope| {
            scope.spawn(|| send_again_and_again(sending, &block, ALL));
            let mut received = client.read_exact(BEFORE);
            way.tell(&server);
            // It did not half-close, so the server ends the connection, and not with a reset.
            received.extend(client.read_to_end());
            // The client does not need the server's remaining bytes.
            let _ = client.stream().shutdown(Shutdown::Both);
            received
        });
        drop(client);
        expect_beginning(&received, &block);
        expect_stopped(&mut server, way);
    }
}

/// The hard case: the server is stuck in a write to a client that does not read, when it is
/// stopped. If it closed, it would lose the bytes that it has read, and reset the client, too.
fn every_byte_that_was_read_comes_back_to_a_late_reader(style: Style) {
    let block = block();
    for way in WAYS {
        let mut server = start(style, "echo", &LONG);
        let mut client = server.connect();
        let sent = client.push_until_stuck(&block);
        let read = client.read_by_the_server(sent);
        assert!(read > 0, "it has read nothing of {sent} bytes");
        way.tell(&server);
        wait_until("the server has seen the signal", || !server.process().has_pending(way.signal));

        let received = client.read_to_end();
        expect_beginning(&received, &block);
        assert!(received.len() >= read, "{way}: {} of {read} bytes", received.len());
        drop(client);
        expect_stopped(&mut server, way);
    }
}

fn every_member_of_a_chat_gets_a_goodbye(style: Style) {
    for way in WAYS {
        let mut server = start(style, "chat", &LONG);
        let mut members = if style.serves_many() {
            let [mut ada, mut bob, mut cyd] = room(&server, ["ada", "bob", "cyd"]);
            ada.send("one\r\n");
            bob.expect_line("[ada] one");
            cyd.expect_line("[ada] one");
            vec![ada, bob, cyd]
        } else {
            Vec::from(room(&server, ["ada"]))
        };
        way.tell(&server);
        for member in &mut members {
            member.expect_line("* the server is stopping, goodbye");
            member.expect_end();
        }
        drop(members);
        expect_stopped(&mut server, way);
    }
}

fn a_second_signal_ends_it_at_once(style: Style) {
    use Signal::{SIGINT as INT, SIGTERM as TERM};
    let block = block();
    for (way, second) in WAYS.into_iter().zip([TERM, INT, INT, TERM]) {
        // After only one signal, the server would wait for this client.
        let mut server = start(style, "echo", &LONG);
        let mut client = server.connect();
        client.push_until_stuck(&block);
        let children = server.process().children();
        way.tell(&server);
        // Two equal signals may become one, and of two different ones the second may be handled
        // first.
        wait_until("the server has handled the signal", || {
            server.process().has_handled(way.signal)
        });
        let again = Way { signal: second, ..way };
        again.tell(&server);
        let code = 128 + second as i32;
        assert_eq!(server.wait().code(), Some(code), "{way}, then {again}");
        for child in children {
            let is_gone = || child.state().is_none_or(|state| state == 'Z');
            wait_until("its children are gone too", is_gone);
        }
    }
}

fn no_more_clients_are_accepted(style: Style) {
    for way in TWO_WAYS {
        let mut server = start(style, "echo", &LONG);
        let mut client = server.connect();
        client.push_until_stuck(&block());
        let mut waiting = (!style.serves_many()).then(|| server.connect());
        way.tell(&server);
        if style.serves_many() {
            wait_until("no process listens", || {
                let refused = TcpStream::connect(server.address()).map(drop);
                refused.is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
            });
        }
        client.read_to_end();
        drop(client);
        expect_stopped(&mut server, way);
        // The server had not accepted the clients in the backlog, and does not answer them now.
        waiting.iter_mut().for_each(Client::expect_reset);
    }
}

/// How late an event may be on a slow machine.
const SLACK: Duration = Duration::from_secs(10);

/// The server ends when a grace of a second is over.
#[track_caller]
fn expect_grace_of_a_second(server: &mut Server, way: Way) {
    let told = Instant::now();
    way.tell(server);
    expect_stopped(server, way);
    let took = told.elapsed();
    assert!(took >= Duration::from_millis(900), "{way}: after {took:?} already");
    assert!(took < Duration::from_secs(1) + SLACK, "{way}: after {took:?}");
}

fn a_client_that_never_reads_is_waited_for_until_the_grace_is_over(style: Style) {
    for way in TWO_WAYS {
        let mut server = start(style, "echo", &["--grace", "1"]);
        let mut client = server.connect();
        client.push_until_stuck(&block());
        expect_grace_of_a_second(&mut server, way);
    }
}

fn a_client_that_never_stops_sending_is_waited_for_until_the_grace_is_over(style: Style) {
    const BEFORE: usize = 1_000_000;
    let block = block();
    for way in TWO_WAYS {
        let mut server = start(style, "echo", &["--grace", "1"]);
        let client = server.connect();
        let mut receiving = client.stream();
        let timeout = Some(deadline());
        receiving.set_read_timeout(timeout).expect("it is open");
        let sending = client.stream().try_clone().expect("a descriptor is left");
        thread::scope(|scope| {
            scope.spawn(|| send_again_and_again(sending, &block, usize::MAX));
            let mut received = vec![0; BEFORE];
            receiving.read_exact(&mut received).expect("it is served");
            let told = Instant::now();
            way.tell(&server);
            // It may be cut off at the end, and then the sender sees it too.
            let _ = receiving.read_to_end(&mut received);
            let _ = receiving.shutdown(Shutdown::Both);
            expect_stopped(&mut server, way);
            let took = told.elapsed();
            assert!(took < Duration::from_secs(1) + SLACK, "{way}: after {took:?}");
            expect_beginning(&received, &block);
        });
    }
}

/// It got the goodbye, but does not close.
fn a_member_that_never_closes_is_waited_for_until_the_grace_is_over(style: Style) {
    for way in TWO_WAYS {
        let mut server = start(style, "chat", &["--grace", "1"]);
        let [_ada] = room(&server, ["ada"]);
        expect_grace_of_a_second(&mut server, way);
    }
}
