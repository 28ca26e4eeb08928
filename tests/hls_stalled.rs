//! Two hundred players that do not read, beside twenty that do.

mod relaying;

use std::collections::HashMap;
use std::fs;
use std::io::{ErrorKind, Read};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use relaying::{Relay, request};
use socket2::{Domain, SockRef, Socket, Type};
use test_kit::{Client, Mux, deadline, wait_until};

const PACKET: usize = 188;

/// The size of a picture, in bytes: 25 a second make 8 Mbit/s.
const PICTURE: usize = 40_000;

const STALLED: usize = 200;

/// The additional memory that the relay may use for stalled players, in KiB: 160 for each. Without
/// a bound, ten seconds of 8 Mbit/s for each of them would be 2 GB.
const MEMORY: u64 = 160 * STALLED as u64;

/// The additional memory that the kernel may use for them, in KiB: 512 for each. By default it
/// would keep 4 MiB for each.
const KERNEL: u64 = 512 * STALLED as u64;

#[test]
fn players_that_stall_harm_only_themselves() {
    let relay = Relay::start(&["--segment", "1", "--window", "3", "--grace", "1"]);
    let [is_over, has_ended] = [AtomicBool::new(false), AtomicBool::new(false)];
    thread::scope(|scope| {
        let _ended = Over(&has_ended);
        let over = Over(&is_over);
        scope.spawn(|| encode(relay.ingest, &has_ended));
        relay.wait_for_playlist();
        let good: Vec<_> = (0..10)
            .flat_map(|_| {
                let listener = scope.spawn(|| listen(relay.http, &is_over));
                [listener, scope.spawn(|| follow(&relay, &is_over))]
            })
            .collect();
        // By then the window is full, and the grace for segments outside it has begun.
        wait_until("the window is full", || first_segment(&relay) > 3);
        let (memory, kernel) = (relay.process().vm_rss(), tcp_memory());
        let segment = last_segment(&relay);
        let paths = ["/stream.ts", &segment];
        let stalled: Vec<_> =
            (0..STALLED).map(|number| stall(relay.http, paths[number % 2])).collect();
        let begun = Instant::now();
        let (mut most, mut most_of_kernel) = (0, 0);
        wait_until("the relay has disconnected the stalled players", || {
            most = most.max(relay.process().vm_rss());
            most_of_kernel = most_of_kernel.max(tcp_memory());
            connections(&relay) < STALLED / 2 || begun.elapsed() > deadline() / 2
        });
        wait_until("all of them", || connections(&relay) <= 21);
        println!(
            "{STALLED} stalled: relay {} KiB more, kernel {} KiB more, ended after {:?}",
            most.saturating_sub(memory),
            most_of_kernel.saturating_sub(kernel),
            begun.elapsed()
        );
        assert!(most <= memory + MEMORY, "{memory} KiB became {most}");
        assert!(most_of_kernel <= kernel + KERNEL, "{kernel} KiB became {most_of_kernel}");
        drop(over);
        for good in good {
            assert!(good.join().expect("it has no gap") > 0);
        }
        // Only this question is left. Until now, a stalled player could have been counted as a good
        // one, and would have got more by reading.
        wait_until("the very last of them", || connections(&relay) <= 1);
        stalled.into_iter().for_each(expect_error);
    });
}

/// Ends the other threads if a test fails, too.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Sends pictures at the speed at which they are played.
fn encode(ingest: SocketAddr, has_ended: &AtomicBool) {
    let mut encoder = Client::connect(ingest);
    let mut mux = Mux::video().picture(PICTURE);
    let mut due = Instant::now();
    while !has_ended.load(Ordering::Relaxed) {
        encoder.send(mux.next_picture());
        due += Duration::from_millis(40);
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
}

/// Plays the endless stream, and counts its packets: none may be missing.
fn listen(http: SocketAddr, is_over: &AtomicBool) -> u64 {
    let mut client = Client::connect(http);
    // In HTTP/1.0 the body is sent as it is.
    client.send("GET /stream.ts HTTP/1.0\r\n\r\n");
    let mut line = String::new();
    while line != "\r" {
        line = String::new();
        while !line.ends_with('\n') {
            line.push(char::from(client.read_exact(1)[0]));
        }
        line.pop();
    }
    let mut counters = HashMap::new();
    let mut count = 0;
    while !is_over.load(Ordering::Relaxed) {
        let packet = client.read_exact(PACKET);
        expect_next(&mut counters, &packet);
        count += 1;
    }
    count
}

/// Expects that a packet follows the previous one of its PID, by its continuity counter.
fn expect_next(counters: &mut HashMap<u16, u8>, packet: &[u8]) {
    assert_eq!(packet[0], 0x47);
    let pid = u16::from_be_bytes([packet[1], packet[2]]) & 0x1fff;
    let counter = packet[3] & 15;
    let before = counters.insert(pid, counter);
    assert!(before.is_none_or(|before| (before + 1) % 16 == counter), "a gap in {pid:#x}");
}

/// Plays segment after segment, and counts them: none may be missing.
fn follow(relay: &Relay, is_over: &AtomicBool) -> u64 {
    let mut next = None;
    let mut count = 0;
    let mut counters = HashMap::new();
    while !is_over.load(Ordering::Relaxed) {
        let playlist = relay.get("/stream.m3u8").text();
        for path in playlist.lines().filter(|line| line.ends_with(".ts")) {
            let number = number(path);
            if next.is_none_or(|next| number >= next) {
                assert!(next.is_none_or(|next| number == next), "{next:?} is missing: {playlist}");
                let answer = relay.get(&format!("/{path}"));
                assert_eq!(answer.status, 200, "{path}");
                let packets = answer.body.chunks(PACKET);
                packets.for_each(|packet| expect_next(&mut counters, packet));
                next = Some(number + 1);
                count += 1;
            }
        }
        thread::sleep(Duration::from_millis(200));
    }
    count
}

/// A player that sends a request, and never reads.
fn stall(http: SocketAddr, path: &str) -> Socket {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a descriptor is left");
    socket.set_recv_buffer_size(4096).expect("it may be small");
    socket.connect(&http.into()).expect("the relay accepts");
    let asked = request("GET", path, &[]);
    assert_eq!(socket.send(asked.as_bytes()).expect("there is room"), asked.len());
    socket
}

/// The response to a stalled player must not end as if it were complete.
fn expect_error(socket: Socket) {
    SockRef::from(&socket).set_read_timeout(Some(deadline())).expect("it can be waited for");
    let mut socket = socket;
    let mut received = Vec::new();
    match socket.read_to_end(&mut received) {
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
        Ok(_) => panic!("a clean end after {} bytes", received.len()),
    }
}

/// The kernel's memory for all TCP connections, in KiB (proc_net(5), sockstat).
fn tcp_memory() -> u64 {
    let sockstat = fs::read_to_string("/proc/net/sockstat").expect("/proc is mounted");
    let line = sockstat.lines().find(|line| line.starts_with("TCP:")).expect("there is TCP");
    let pages = line.rsplit(' ').next().and_then(|pages| pages.parse::<u64>().ok());
    pages.expect("its last number is that of pages") * 4
}

fn status(relay: &Relay) -> serde_json::Value {
    serde_json::from_slice(&relay.get("/status.json").body).expect("it is JSON")
}

fn connections(relay: &Relay) -> usize {
    status(relay)["connections"].as_u64().and_then(|it| it.try_into().ok()).expect("a number")
}

fn first_segment(relay: &Relay) -> u64 {
    status(relay)["first_segment"].as_u64().expect("it is a number")
}

fn last_segment(relay: &Relay) -> String {
    let playlist = relay.get("/stream.m3u8").text();
    let last = playlist.lines().rfind(|line| line.ends_with(".ts"));
    format!("/{}", last.expect("it lists segments"))
}

fn number(path: &str) -> u64 {
    let number = path.rsplit_once('-').and_then(|(_, it)| it.strip_suffix(".ts"));
    number.and_then(|it| it.parse().ok()).expect("it has a number")
}
