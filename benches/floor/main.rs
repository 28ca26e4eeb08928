//! Each style beside the barest program that serves in the same way: what does it cost that the
//! style is complete, and can be read?
//!
//! Both sides of a pair run at once, each with its own client, and are measured in turns, so that
//! whatever else the machine does hits both alike. What counts is the ratio, and of the ratios the
//! median. They are told, and nothing fails because of them.

mod aims;
#[path = "../kit/mod.rs"]
mod kit;
mod load;
mod server;
mod tokio_chat;
mod tokio_echo;

use std::env;
use std::fmt::Display;
use std::net::SocketAddr;
use std::time::Duration;

use sockets::raise_descriptor_limit;
use test_kit::Process;

use aims::{MEMORY, Pair, SPEED};
use kit::{Echo, Placement, start};
use load::{Load, Rate, measure};
use server::become_server;

/// How thoroughly to measure.
#[derive(Clone, Copy)]
struct Effort {
    /// How many pairs of measurements are made for each pair of servers.
    pairs: usize,
    /// How long each measurement takes.
    length: Duration,
    /// How many connections are idle while memory is looked at.
    idle: usize,
}

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    arguments
        .first()
        .into_iter()
        .for_each(|name| become_server(name));
    // `cargo bench` says --bench. `cargo bench -- --test` wants to know only whether all this runs.
    let is_given = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let effort = if is_given("--bench") && !is_given("--test") {
        Effort {
            pairs: 7,
            length: Duration::from_millis(250),
            idle: 400,
        }
    } else {
        Effort {
            pairs: 1,
            length: Duration::ZERO,
            idle: 10,
        }
    };
    raise_descriptor_limit().expect("a soft limit may be raised to the hard one");
    let placement = Placement::take();
    println!("Each style beside the barest program that serves in the same way (benches/floor).");
    println!("{placement}");
    println!(
        "The ratio is the median of {} pairs; lowest and highest follow. Then what the servers and \
         the floor's client\nneeded of the processor for a request, in microseconds: that is the \
         same on a busy machine, more or less.",
        effort.pairs
    );
    for (name, load, pairs) in SPEED {
        let columns = [
            "ours/s",
            "floor's/s",
            "ratio",
            "aim",
            "lowest",
            "highest",
            "client",
        ];
        heading(name, &columns);
        for pair in *pairs {
            row(pair, || speed(&placement, *load, pair, effort));
        }
    }
    heading(
        "memory of an idle echo connection, in KiB",
        &["ours", "floor's", "at most"],
    );
    for pair in MEMORY {
        row(pair, || memory(&placement, pair, effort.idle));
    }
}

fn heading(title: &str, columns: &[&str]) {
    println!();
    line(title, columns);
}

/// A row of the table, if its floor can be run.
fn row((style, floor, _): &Pair, figures: impl FnOnce() -> Vec<String>) {
    let title = format!("  {:17} {floor}", style.binary());
    if floor.is_there() {
        line(&title, &figures());
    } else {
        println!("{title:45} left out: there is no C compiler (cc)");
    }
}

fn line(title: &str, columns: &[impl Display]) {
    let columns = columns.iter().map(|column| format!("{column:>10}"));
    println!("{title:45}{}", columns.collect::<String>());
}

/// How fast a style is beside its floor.
fn speed(
    placement: &Placement,
    load: Load,
    &(style, floor, aim): &Pair,
    effort: Effort,
) -> Vec<String> {
    let ours = start(placement, style, load.service());
    let floors = placement.start(|| floor.start());
    let processes = [ours.process(), floors.process()];
    let mut works = [load.begin(ours.address()), load.begin(floors.address())];
    let mut measure_pair = |number: usize| -> [Rate; 2] {
        let mut rates = [Rate::default(); 2];
        // Each goes first as often as the other, or what grows or shrinks would favour one.
        for side in [number % 2, 1 - number % 2] {
            rates[side] = measure(&mut works[side], processes[side], effort.length);
        }
        rates
    };
    // The first one is slow on both sides: buffers grow, memory is touched for the first time.
    measure_pair(0);
    let pairs: Vec<[Rate; 2]> = (0..effort.pairs).map(measure_pair).collect();
    let [ratio, lowest, highest] = spread(&pairs, |[ours, floors]| ours.requests / floors.requests);
    let [ours, floors] = [0, 1];
    let typical =
        |side: usize, figure: fn(&Rate) -> f64| spread(&pairs, |pair| figure(&pair[side]))[0];
    vec![
        format!("{:.0}", typical(ours, |rate| rate.requests)),
        format!("{:.0}", typical(floors, |rate| rate.requests)),
        format!("{ratio:.2}"),
        format!("{aim:.2}"),
        format!("{lowest:.2}"),
        format!("{highest:.2}"),
        format!("{:.2}", typical(ours, |rate| rate.server)),
        format!("{:.2}", typical(floors, |rate| rate.server)),
        format!("{:.2}", typical(floors, |rate| rate.client)),
    ]
}

/// The median of a figure, the lowest and the highest.
fn spread(pairs: &[[Rate; 2]], figure: impl Fn(&[Rate; 2]) -> f64) -> [f64; 3] {
    let mut figures: Vec<f64> = pairs.iter().map(figure).collect();
    figures.sort_by(f64::total_cmp);
    [figures.len() / 2, 0, figures.len() - 1].map(|index| figures[index])
}

/// How much memory a connection costs that has been served once and is silent since.
fn memory(placement: &Placement, &(style, floor, most): &Pair, idle: usize) -> Vec<String> {
    let ours = start(placement, style, "echo");
    let floors = placement.start(|| floor.start());
    vec![
        format!("{:.1}", growth(ours.process(), ours.address(), idle)),
        format!("{:.1}", growth(floors.process(), floors.address(), idle)),
        format!("{most:.0}"),
    ]
}

/// By how many KiB a server grows for each of so many connections. What it needs for any at all is
/// there already.
fn growth(server: Process, address: SocketAddr, connections: usize) -> f64 {
    let mut first = Echo::connect(address, connections / 4, 64);
    first.round();
    let before = server.pss();
    let mut idle = Echo::connect(address, connections, 64);
    idle.round();
    (server.pss() as f64 - before as f64) / connections as f64
}
