//! Stevens' figure 30.2 again: how the clients spread over processes that were there before them,
//! for the five ways in which the prefork style shares its port.
//!
//! Each server has 15 workers, as in his figure. Its clients come once one after another, each when
//! all workers sleep again, and once ten at a time. A worker's clients are counted from the log, where the
//! process number is a column.

mod figure;

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::SystemTime;

use clap::Parser;
use compare::{Machine, date};
use serde::{Deserialize, Serialize};
use sockets::Share;
use test_kit::workers::{accepted, asleep};
use test_kit::{Process, Server, Style};

/// Counts how many clients each of 15 worker processes serves, for each way to share a port.
#[derive(Parser)]
#[command(bin_name = "cargo bench --bench who_accepts --")]
struct Arguments {
    /// Also writes who-accepts.json, .svg and .txt into DIRECTORY
    #[arg(long, value_name = "DIRECTORY")]
    into: Option<PathBuf>,
    /// Checks that everything runs, and that the book's figure shows its data
    #[arg(long)]
    test: bool,
    /// The option that cargo passes to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

/// The number of workers, as in Stevens' figure.
const WORKERS: usize = 15;
/// The number of clients. A server logs 1,000 lines of one kind in a second at most, and each client
/// has to be in the log.
const CLIENTS: usize = 900;
/// The number of clients at a time, if they do not come one after another.
const AT_ONCE: usize = 10;

/// One session: how the clients spread over the workers.
#[derive(Debug, Serialize, Deserialize)]
struct Session {
    #[serde(flatten)]
    machine: Machine,
    /// The time at which it began.
    at: String,
    /// The number of clients in each measurement.
    clients: usize,
    /// Clients one after another.
    one: Vec<Spread>,
    /// Several clients at a time.
    ten: Vec<Spread>,
}

/// How the clients of one server spread.
#[derive(Debug, Serialize, Deserialize)]
struct Spread {
    /// The way in which the workers share the port, as on the command line.
    way: String,
    /// The clients of each worker, the most first.
    served: Vec<usize>,
    /// How many workers a client wakes, on average. It can be counted only if the clients come one
    /// after another.
    woken: Option<f64>,
}

fn main() {
    let arguments = Arguments::parse();
    test_kit::build();
    let only_tests = arguments.test || !arguments.bench;
    let clients = if only_tests { 2 * AT_ONCE } else { CLIENTS };
    let (machine, at) = (Machine::here(), date(SystemTime::now()));
    let ways = Share::ALL.map(|(name, _)| name);
    let one =
        ways.map(|way| measure(way, |server, workers| one_by_one(server, way, workers, clients)));
    let ten = ways.map(|way| {
        measure(way, |server, _| {
            at_once(server, clients);
            None
        })
    });
    let session = Session { machine, at, clients, one: one.into(), ten: ten.into() };
    for spread in session.one.iter().chain(&session.ten) {
        assert_eq!(spread.served.iter().sum::<usize>(), clients, "each client is in the log");
    }
    // Cargo runs a bench in the directory of its package.
    let top = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    if only_tests {
        expect_that_it_shows_its_data(&top.join("lessons/figures"));
        return println!("All {} ways run.", ways.len());
    }
    print!("{}", figure::table(&session));
    if let Some(directory) = arguments.into {
        let directory = top.join(directory);
        let json = serde_json::to_string_pretty(&session).expect("it has no map") + "\n";
        for (name, text) in [
            ("who-accepts.json", json),
            ("who-accepts.svg", figure::plot(&session)),
            ("who-accepts.txt", figure::table(&session)),
        ] {
            fs::write(directory.join(name), text).expect("the file can be written");
        }
    }
}

// ANCHOR: measure
/// Starts a server, lets clients come, and counts the clients of each worker.
fn measure(way: &str, come: impl FnOnce(&Server, &[Process]) -> Option<f64>) -> Spread {
    let options = ["--share", way, "--max-clients", &WORKERS.to_string()];
    let mut server = Server::start_with(Style::PREFORK, "echo", &options);
    let workers = asleep(&server, way, WORKERS);
    let woken = come(&server, &workers);
    assert!(server.stop().success(), "the server has stopped in order");
    let accepted = accepted(&server);
    let of_worker = |worker: &Process| accepted.get(worker).copied().unwrap_or_default();
    let mut served: Vec<usize> = workers.iter().map(of_worker).collect();
    served.sort_unstable_by(|one, other| other.cmp(one));
    Spread { way: way.to_owned(), served, woken }
}
// ANCHOR_END: measure

/// Lets clients come one after another, each when all workers sleep. Returns how many workers a
/// client wakes, on average.
fn one_by_one(server: &Server, way: &str, workers: &[Process], clients: usize) -> Option<f64> {
    let wakeups = || workers.iter().map(|worker| worker.wakeups()).collect::<Vec<_>>();
    let mut woken = 0;
    for client in 1..=clients {
        let before = wakeups();
        visit(server);
        let left = format!("client {client} left");
        server.wait_for_log(|line| line.ends_with(&left));
        asleep(server, way, WORKERS);
        woken += before.iter().zip(&wakeups()).filter(|(before, after)| before != after).count();
    }
    Some(woken as f64 / clients as f64)
}

/// Lets clients come, ten at a time.
fn at_once(server: &Server, clients: usize) {
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| (0..clients / AT_ONCE).for_each(|_| visit(server)));
        }
    });
}

/// A client that says a word, hears it, and leaves.
fn visit(server: &Server) {
    assert_eq!(server.connect().exchange(b"hello"), b"hello");
}

/// Checks that the book's figure and table show the data beside them.
fn expect_that_it_shows_its_data(directory: &Path) {
    let read = |name: &str| fs::read_to_string(directory.join(name)).expect("it is kept");
    let session: Session = serde_json::from_str(&read("who-accepts.json")).expect("a session");
    let advice = "cargo bench --bench who_accepts -- --into lessons/figures makes it again";
    assert!(read("who-accepts.svg") == figure::plot(&session), "another figure: {advice}");
    assert!(read("who-accepts.txt") == figure::table(&session), "another table: {advice}");
}
