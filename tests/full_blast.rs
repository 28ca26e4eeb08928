//! A client that sends and reads as fast as it can does not delay the others.
//!
//! The bound on the median is so wide that a busy machine does not break it. (A room has its own
//! file: `strangers`.)

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use test_kit::{Client, Server, Style, does_not_apply, each_style};

each_style!(one_client_at_full_blast_delays_no_other_client (row 37));

/// The number of other clients, and of questions from each of them.
const OTHERS: usize = 50;
const ROUNDS: usize = 4;

/// The longest median that is allowed beside the flood, or ten times the quiet one if that is more.
const MEDIAN: Duration = Duration::from_millis(50);
const TIMES: u32 = 10;

fn one_client_at_full_blast_delays_no_other_client(style: Style) {
    let line = [&[b'x'; 62][..], b"\r\n"].concat();
    let frame = [b"\0\0\0\x01\0\0\0\x40", &[b'x'; 64][..]].concat();
    for (service, question) in [("echo", &line), ("lines", &line), ("frames", &frame)] {
        let server = Server::start(style, service);
        if !style.serves_many() {
            the_next_waits(&server, question);
            continue;
        }
        let mut others: Vec<Client> = (0..OTHERS).map(|_| server.connect()).collect();
        let quiet = median(&mut others, service, question);
        let flood = Flood::begin(&server, question);
        let beside = median(&mut others, service, question);
        drop(flood);
        let most = MEDIAN.max(quiet * TIMES);
        assert!(beside <= most, "{service}: {beside:?} beside the flood, and {quiet:?} without");
    }
}

/// If one client is served at a time, the next waits until the flood has ended.
fn the_next_waits(server: &Server, question: &[u8]) {
    let flood = Flood::begin(server, question);
    let mut next = server.connect();
    next.send(question);
    assert!(next.has_nothing());
    drop(flood);
    next.read_exact(1);
    does_not_apply("it serves one client at a time");
}

/// The median of the times in which the clients get their answers, one client after the other.
fn median(clients: &mut [Client], service: &str, question: &[u8]) -> Duration {
    let answer = if service == "lines" { question.len() + "=> ".len() } else { question.len() };
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        for client in &mut *clients {
            let begun = Instant::now();
            client.send(question);
            client.read_exact(answer);
            times.push(begun.elapsed());
        }
    }
    times.sort();
    times[times.len() / 2]
}

/// A client that sends and reads without a pause, until this is dropped.
struct Flood {
    stream: TcpStream,
    threads: Vec<thread::JoinHandle<()>>,
}

impl Flood {
    /// Begins the flood, and returns when a megabyte has been answered.
    fn begin(server: &Server, question: &[u8]) -> Flood {
        let stream = TcpStream::connect(server.address()).expect("the server listens");
        let copy = || stream.try_clone().expect("a descriptor is left");
        let (mut sending, mut reading) = (copy(), copy());
        let block = question.repeat((64 << 10) / question.len());
        let mut heard = vec![0; 1 << 20];
        let send = thread::spawn(move || while sending.write_all(&block).is_ok() {});
        reading.read_exact(&mut heard).expect("it is answered");
        let read =
            thread::spawn(move || while reading.read(&mut heard).is_ok_and(|count| count > 0) {});
        Flood { stream, threads: vec![send, read] }
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Both);
        self.threads.drain(..).for_each(|thread| drop(thread.join()));
    }
}
