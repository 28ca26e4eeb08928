//! The processor time and memory of the live relay: 100 Mbit/s from an encoder to 20 players, which
//! get the endless stream or segments.
//!
//! The relay is a process of its own: this program again, under another first argument.

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use clap::{FromArgMatches, Parser};
use test_kit::{Mux, Process, Running, wait_until};

/// Measures the processor time and the memory of the live relay.
#[derive(Parser)]
#[command(bin_name = "cargo bench --bench relay --")]
struct Arguments {
    /// The rate of the encoder, in Mbit/s
    #[arg(long, value_name = "N", default_value_t = 100)]
    rate: usize,
    /// The number of players
    #[arg(long, value_name = "N", default_value_t = 20)]
    players: usize,
    /// How long each kind of player is measured, in seconds
    #[arg(long, value_name = "N", default_value_t = 20)]
    seconds: u64,
    /// Checks that everything runs, and measures nothing
    #[arg(long)]
    test: bool,
    /// The option that cargo passes to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

/// The first argument that makes this program the relay.
const RELAY: &str = "as-the-relay";

/// A player: plays until the flag is raised, and returns how many bytes it has received.
type Player = fn(SocketAddr, &AtomicBool) -> u64;

fn main() -> ExitCode {
    if env::args().nth(1).as_deref() == Some(RELAY) {
        return as_the_relay();
    }
    let mut arguments = Arguments::parse();
    if arguments.test || !arguments.bench {
        arguments = Arguments { rate: 5, players: 2, seconds: 1, ..arguments };
    }
    let Arguments { rate, players, .. } = arguments;
    println!("{rate} Mbit/s to {players} players, segments of 1 s, for {} s:", arguments.seconds);
    for (name, player) in [("endless stream", endless as Player), ("segments", segments)] {
        measure(name, player, &arguments);
    }
    ExitCode::SUCCESS
}

fn as_the_relay() -> ExitCode {
    let command = <hls_relay::Command as clap::Args>::augment_args(clap::Command::new(RELAY));
    let matches = command.get_matches_from(env::args().skip(1));
    hls_relay::run(hls_relay::Command::from_arg_matches(&matches).expect("it is written below"))
}

/// Measures the relay with players of one kind, and prints the result.
fn measure(name: &str, player: Player, arguments: &Arguments) {
    let mut command = Command::new(env::current_exe().expect("it has a path"));
    command.args([RELAY, "--ingest", "127.0.0.1:0", "--http", "127.0.0.1:0", "--segment", "1"]);
    let relay = Running::spawn(command);
    let [http, ingest] = ["listening on ", "encoder to "].map(|said| {
        let line = relay.wait_for_output(|line| line.starts_with(said));
        line[said.len()..].parse().expect("an address")
    });
    let (is_over, has_ended) = (AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        let [_ended, _over] = [Raise(&has_ended), Raise(&is_over)];
        scope.spawn(|| encode(ingest, arguments.rate, &has_ended));
        wait_until("there is a playlist", || get(http, "/stream.m3u8").0 == 200);
        let begun = Instant::now();
        let play = || scope.spawn(|| player(http, &is_over));
        let players: Vec<_> = (0..arguments.players).map(|_| play()).collect();
        // By then all players play, and the window and its grace are full.
        thread::sleep(Duration::from_secs(if arguments.bench { 12 } else { 1 }));
        let (taken, wall) = take(relay.process(), Duration::from_secs(arguments.seconds));
        let memory = relay.process().vm_hwm() as f64 / 1024.0;
        is_over.store(true, Relaxed);
        let received = players.into_iter().map(|it| it.join().expect("it has no gap"));
        let least = received.min().expect("there are players");
        let rate = least as f64 * 8.0 / 1e6 / begun.elapsed().as_secs_f64();
        assert!(least > 0, "a player has received nothing");
        let share = 100.0 * taken.as_secs_f64() / wall.as_secs_f64();
        println!(
            "{name:>15}: {share:5.1} % of a processor, at most {memory:.0} MiB of memory; \
             each player got {rate:.0} Mbit/s or more"
        );
    });
}

/// Raises a flag when it is dropped, so that no thread goes on forever.
struct Raise<'a>(&'a AtomicBool);

impl Drop for Raise<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// The processor time that the process uses in `time`, and how long that really was.
fn take(process: Process, time: Duration) -> (Duration, Duration) {
    let (before, begun) = (process.cpu_time(), Instant::now());
    thread::sleep(time);
    (process.cpu_time() - before, begun.elapsed())
}

/// Sends pictures at the speed of playing, 25 a second.
fn encode(ingest: SocketAddr, rate: usize, has_ended: &AtomicBool) {
    let mut encoder = TcpStream::connect(ingest).expect("the relay accepts");
    let mut mux = Mux::video().picture(rate * 1_000_000 / 8 / 25);
    let mut due = Instant::now();
    while !has_ended.load(Relaxed) {
        if encoder.write_all(&mux.next_picture()).is_err() {
            return;
        }
        due += Duration::from_millis(40);
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
}

/// Plays the endless stream. As long as it does not end, the relay has not dropped the player.
fn endless(http: SocketAddr, is_over: &AtomicBool) -> u64 {
    let mut stream = ask(http, "/stream.ts");
    let mut buffer = vec![0; 256 << 10];
    let mut count = 0;
    while !is_over.load(Relaxed) {
        let received = stream.read(&mut buffer).expect("it was not dropped");
        assert!(received > 0, "it does not end");
        count += received as u64;
    }
    count
}

/// Plays segment after segment, and checks that none is missing.
fn segments(http: SocketAddr, is_over: &AtomicBool) -> u64 {
    let (mut next, mut count) = (None, 0);
    while !is_over.load(Relaxed) {
        let playlist = String::from_utf8(get(http, "/stream.m3u8").1).expect("it is text");
        for path in playlist.lines().filter(|line| line.ends_with(".ts")) {
            let number = path.rsplit_once('-').and_then(|(_, it)| it.strip_suffix(".ts"));
            let number: u64 = number.and_then(|it| it.parse().ok()).expect("it has a number");
            if next.is_none_or(|next| number >= next) {
                assert!(next.is_none_or(|next| number == next), "{next:?} is missing");
                let (status, segment) = get(http, &format!("/{path}"));
                assert_eq!(status, 200);
                (next, count) = (Some(number + 1), count + segment.len() as u64);
            }
        }
        thread::sleep(Duration::from_millis(500));
    }
    count
}

fn ask(http: SocketAddr, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(http).expect("the relay accepts");
    let request = format!("GET {path} HTTP/1.0\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("the relay reads");
    stream
}

/// The status of an answer, and its body.
fn get(http: SocketAddr, path: &str) -> (u16, Vec<u8>) {
    let mut answer = BufReader::with_capacity(256 << 10, ask(http, path));
    let mut line = String::new();
    answer.read_line(&mut line).expect("the relay answers");
    let status = line.split(' ').nth(1).and_then(|it| it.parse().ok()).expect("a status");
    while line != "\r\n" {
        line.clear();
        answer.read_line(&mut line).expect("the headers end");
    }
    let mut body = Vec::new();
    answer.read_to_end(&mut body).expect("the whole body");
    (status, body)
}
