//! Stevens' figure 30.1 again: how much processor time each style takes over the iterative one, for
//! 5,000 connections that get 4,000 bytes each, ten of them at once.
//!
//! As in his figure, a server's time is the processor time that it and its children have used when
//! it has ended (getrusage(2)), without the time spent waiting. There are three differences: the
//! clients send the 4,000 bytes that they get back, while his sent a line with a number; they
//! half-close, so that the server ends the connection; and they run on the same machine.

#[allow(dead_code, unused_imports, reason = "only one of its clients is needed here")]
mod kit;

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use clap::Parser;
use clap::value_parser;
use compare::{Machine, Row, Session, Spread, date, load_average};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;
use test_kit::Style;

use kit::{Placement, start, visit};

/// Measures the processor time of each style for 5,000 connections, ten of them at once, as Stevens
/// did.
#[derive(Parser)]
#[command(bin_name = "cargo bench --bench stevens --")]
struct Arguments {
    /// How many times to measure each style
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = value_parser!(u16).range(1..))]
    rounds: u16,
    /// Also writes the results into FILE, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Checks that everything runs, and measures nothing
    #[arg(long)]
    test: bool,
    /// The option that cargo passes to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

/// The number of connections at once.
const AT_ONCE: usize = 10;

/// The message that each client sends and gets back.
const MESSAGE: [u8; 4000] = [b'x'; 4000];

fn main() {
    let arguments = Arguments::parse();
    let only_tests = arguments.test || !arguments.bench;
    let (connections, rounds) = match only_tests {
        true => (2 * AT_ONCE, 1),
        false => (5000, arguments.rounds.into()),
    };
    // This must come before this process is pinned to one processor, or it would count only that
    // one.
    let machine = Machine::here();
    let placement = Placement::take();
    println!("{placement}");
    let (load_average, at) = (load_average(), date(SystemTime::now()));
    // One style after the other, starting with another one each round, so that changes of the
    // machine affect all.
    let mut seconds = vec![[0.0; Style::ALL.len()]; rounds];
    for (round, seconds) in seconds.iter_mut().enumerate() {
        for turn in 0..Style::ALL.len() {
            let style = (round + turn) % Style::ALL.len();
            seconds[style] = serve(&placement, *Style::ALL[style], connections).as_secs_f64();
        }
    }
    if only_tests {
        return println!("All {} styles run.", Style::ALL.len());
    }
    let row = |style: usize| Row {
        style: Style::ALL[style].name.to_owned(),
        whole: spread(seconds.iter().map(|round| round[style])),
        over: spread(seconds.iter().map(|round| round[style] - round[0])),
    };
    let session = Session {
        machine,
        placement: placement.place(),
        at,
        load_average,
        connections,
        at_once: AT_ONCE,
        bytes: MESSAGE.len(),
        rounds,
        rows: (0..Style::ALL.len()).map(row).collect(),
    };
    print!("\n{session}");
    if let Some(file) = arguments.json {
        let json = serde_json::to_string_pretty(&session).expect("it has no map");
        // Cargo runs a bench in the directory of its package.
        let file = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(file);
        fs::write(&file, json + "\n").expect("the file can be written");
    }
}

// ANCHOR: serve
/// Lets a server of the style serve all connections and end, and returns its processor time.
fn serve(placement: &Placement, style: Style, connections: usize) -> Duration {
    let before = time_of_children();
    let mut server = start(placement, style, "echo");
    let address = server.address();
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                for _ in 0..connections / AT_ONCE {
                    assert_eq!(visit(address, &MESSAGE), MESSAGE.len());
                }
            });
        }
    });
    assert!(server.stop().success(), "the server has stopped in order");
    time_of_children() - before
}

/// The processor time of all children and their descendants that have ended and been waited for.
fn time_of_children() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("it is ours");
    let duration =
        |time: TimeVal| Duration::new(time.tv_sec() as u64, time.tv_usec() as u32 * 1000);
    duration(usage.user_time()) + duration(usage.system_time())
}
// ANCHOR_END: serve

fn spread(values: impl Iterator<Item = f64>) -> Spread {
    Spread::of(values).expect("there is a round")
}
