//! The SNMP walk beside the two of net-snmp, on an agent whose rows never change.
//!
//! All walk the same rows in turns, each from the start of the program to its end. The result is
//! the median of the ratios of pairs. The bench prints it, and never fails because of it.

#[allow(dead_code, unused_imports, reason = "only the placement is needed here")]
mod kit;

use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use clap::Parser;
use clap::value_parser;
use compare::Spread;
use snmp_agent::{Agent, Frozen, every_type, many, system};
use test_kit::{Directory, program, require_tool};

use kit::Placement;

/// Measures how long a walk of 16,000 rows takes, beside net-snmp's programs.
///
/// Ours and theirs walk in turns, each from its start to its end, with its output discarded. The
/// ratio is theirs divided by ours, so more than 1 means that ours is faster: the median over all
/// pairs, with the lowest and the highest beside it.
#[derive(Parser)]
#[command(bin_name = "cargo bench --bench snmp --")]
struct Arguments {
    /// Measures only the rows that contain all these words, such as: bulk 50
    words: Vec<String>,
    /// How many pairs of walks make a row
    #[arg(long, value_name = "N", default_value_t = 15, value_parser = value_parser!(u16).range(1..))]
    pairs: u16,
    /// Checks that everything runs, and measures nothing
    #[arg(long)]
    test: bool,
    /// The option that cargo passes to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

/// A way to walk: its name, net-snmp's program with its options, and ours.
type Way = (&'static str, &'static str, &'static [&'static str], &'static [&'static str]);

const WAYS: &[Way] = &[
    ("GetNext, version 1", "snmpwalk", &["-v1"], &["-v", "1"]),
    ("GetNext, version 2c", "snmpwalk", &["-v2c"], &["-v", "2c"]),
    ("GetBulk, 10 rows", "snmpbulkwalk", &["-v2c", "-Cr10"], &["--bulk", "10"]),
    ("GetBulk, 50 rows", "snmpbulkwalk", &["-v2c", "-Cr50"], &["--bulk", "50"]),
];

/// The aim: at least as fast as theirs.
const AIM: f64 = 1.0;

fn main() {
    let arguments = Arguments::parse();
    let only_tests = arguments.test || !arguments.bench;
    // This must come before this process is pinned to one processor: the compiler would inherit
    // that.
    program();
    let placement = Placement::take();
    println!("{placement}");
    let (rows, pairs) = match only_tests {
        true => (100, 1),
        false => (16_000, usize::from(arguments.pairs)),
    };
    let agent = placement.start(|| agent(rows));
    if !only_tests {
        println!("Ratios are medians of {pairs} pairs (see --help).\n");
        line("a walk of 16,000 rows", COLUMNS.map(str::to_owned));
    }
    for way in WAYS.iter().filter(|way| arguments.words.iter().all(|word| way.0.contains(word))) {
        if !require_tool(way.1) {
            continue;
        }
        let measured = measure(way, agent.address(), pairs);
        if !only_tests {
            line(&format!("  {}", way.0), measured);
        }
    }
    if only_tests {
        println!("All {} ways run.", WAYS.len());
    }
}

const COLUMNS: [&str; 7] = ["ours, ms", "theirs, ms", "ratio", "lowest", "highest", "aim", ""];

fn measure(way: &Way, agent: SocketAddr, pairs: usize) -> [String; 7] {
    let directory = Directory::default();
    let mut commands = [ours(way, agent), theirs(way, agent, &directory)];
    // The first walk is slow on both sides: the programs are read from the disk.
    for command in &mut commands {
        time(command);
    }
    let mut times = Vec::new();
    for number in 0..pairs {
        let mut pair = [Duration::ZERO; 2];
        // Each side goes first equally often, or a speed that rises or falls would favour one.
        for side in [number % 2, 1 - number % 2] {
            pair[side] = time(&mut commands[side]);
        }
        times.push(pair.map(|time| time.as_secs_f64()));
    }
    let of_side = |side: usize| spread(times.iter().map(|pair| pair[side] * 1e3)).median;
    let ratio = spread(times.iter().map(|[ours, theirs]| theirs / ours));
    [
        format!("{:.1}", of_side(0)),
        format!("{:.1}", of_side(1)),
        format!("{:.2}", ratio.median),
        format!("{:.2}", ratio.min),
        format!("{:.2}", ratio.max),
        format!("{AIM:.2}"),
        if ratio.median >= AIM { "met" } else { "not met" }.to_owned(),
    ]
}

/// How long a complete walk takes.
fn time(command: &mut Command) -> Duration {
    let begun = Instant::now();
    let status = command.status().expect("it can be started");
    let took = begun.elapsed();
    assert!(status.success(), "{command:?}: {status}");
    took
}

fn ours(way: &Way, agent: SocketAddr) -> Command {
    let mut command = Command::new(program());
    command.args(["snmp-walk", "--numeric", &agent.to_string()]).args(way.3);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}

/// Their program, without MIB files and configuration: reading them would take longer than the
/// walk.
fn theirs(way: &Way, agent: SocketAddr, directory: &Directory) -> Command {
    let mut command = Command::new(way.1);
    command.args(["-On", "-c", "public"]).args(way.2).arg(agent.to_string());
    command.env("MIBS", "").env("SNMPCONFPATH", directory.path());
    command.env("SNMP_PERSISTENT_DIR", directory.path());
    // It reports each directory that it makes; its status shows errors.
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn agent(rows: u32) -> Agent {
    let tree = Frozen::new(system().into_iter().chain(every_type()).chain(many(rows)));
    Agent::start(move |question| tree.answer(question)).expect("there is a free port")
}

fn spread(values: impl Iterator<Item = f64>) -> Spread {
    Spread::of(values).expect("there is a pair")
}

fn line(title: &str, columns: [String; 7]) {
    let columns = columns.map(|column| format!("{column:>12}"));
    println!("{title:26}{}", columns.concat());
}
