//! One client that sends and reads without a pause, and the waiting times of the others beside it.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::{Client, Server, again};

/// The services in which a client can send without a pause, each with a question of some 70 bytes
/// and the size of its answer.
pub fn questions() -> [(&'static str, Vec<u8>, usize); 3] {
    let line = [&[b'x'; 62][..], b"\r\n"].concat();
    let frame = [b"\0\0\0\x01\0\0\0\x40", &[b'x'; 64][..]].concat();
    let (of_line, of_frame) = (line.len(), frame.len());
    [
        ("echo", line.clone(), of_line),
        ("lines", line, of_line + "=> ".len()),
        ("frames", frame, of_frame),
    ]
}

/// The times in which the clients get their answers, sorted: each client in turn asks, and this is
/// repeated `rounds` times. An answer has `answer` bytes.
#[track_caller]
pub fn times(
    clients: &mut [Client],
    rounds: usize,
    question: &[u8],
    answer: usize,
) -> Vec<Duration> {
    let mut times = Vec::new();
    for _ in 0..rounds {
        for client in &mut *clients {
            let begun = Instant::now();
            client.send(question);
            client.read_exact(answer);
            times.push(begun.elapsed());
        }
    }
    times.sort();
    times
}

/// A client that sends and reads without a pause, until this is dropped.
#[derive(Debug)]
pub struct FullBlast {
    stream: TcpStream,
    threads: Vec<JoinHandle<()>>,
}

impl FullBlast {
    /// Begins, and returns when a megabyte has been answered.
    #[track_caller]
    pub fn begin(server: &Server, question: &[u8]) -> FullBlast {
        let stream = TcpStream::connect(server.address()).expect("the server listens");
        let copy = || stream.try_clone().expect("a descriptor is left");
        let (mut sending, mut reading) = (copy(), copy());
        let block = question.repeat((64 << 10) / question.len());
        let mut heard = vec![0; 1 << 20];
        let send = thread::spawn(move || while sending.write_all(&block).is_ok() {});
        reading.read_exact(&mut heard).expect("it is answered");
        let mut is_heard = move || again(|| reading.read(&mut heard)).is_ok_and(|count| count > 0);
        let read = thread::spawn(move || while is_heard() {});
        FullBlast { stream, threads: vec![send, read] }
    }
}

impl Drop for FullBlast {
    fn drop(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Both);
        self.threads.drain(..).for_each(|thread| drop(thread.join()));
    }
}
