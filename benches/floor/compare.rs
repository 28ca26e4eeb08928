//! A style and its floor, measured in turns.

use std::net::SocketAddr;
use std::time::Duration;

use test_kit::Process;

use crate::aims::Pair;
use crate::kit::{Echo, Placement, start};
use crate::load::{Load, Rate, measure};

/// How thoroughly to measure.
#[derive(Clone, Copy)]
pub(crate) struct Effort {
    /// The number of pairs of measurements for each pair of servers.
    pub(crate) pairs: usize,
    /// The length of each measurement.
    pub(crate) length: Duration,
    /// How many connections are idle while memory is measured.
    pub(crate) idle: usize,
}

/// A row's figures, and whether they meet the aim.
pub(crate) type Row = (Vec<String>, bool);

/// The titles of the figures of [`speed`].
pub(crate) const SPEED_COLUMNS: &[&str] = &[
    "ours/s",
    "floor's/s",
    "ratio",
    "lowest",
    "highest",
    "aim",
    "ours, µs",
    "floor, µs",
    "client, µs",
];

/// Measures how fast a style is beside its floor.
pub(crate) fn speed(
    placement: &Placement,
    load: Load,
    &(style, floor, aim): &Pair,
    effort: Effort,
) -> Row {
    let ours = start(placement, style, load.service());
    let floors = placement.start(|| floor.start());
    let processes = [ours.process(), floors.process()];
    let mut works = [load.begin(ours.address()), load.begin(floors.address())];
    let mut measure_pair = |number: usize| -> [Rate; 2] {
        let mut rates = [Rate::default(); 2];
        // Each side goes first equally often, or a speed that rises or falls would favour one.
        for side in [number % 2, 1 - number % 2] {
            rates[side] = measure(&mut works[side], processes[side], effort.length);
        }
        rates
    };
    // The first pair is slow on both sides: buffers grow, and memory is used for the first time.
    measure_pair(0);
    let pairs: Vec<[Rate; 2]> = (0..effort.pairs).map(measure_pair).collect();
    let [ratio, lowest, highest] = spread(&pairs, |[ours, floors]| ours.requests / floors.requests);
    let typical =
        |side: usize, figure: fn(&Rate) -> f64| spread(&pairs, |pair| figure(&pair[side]))[0];
    let [ours, floors] = [0, 1];
    let figures = vec![
        format!("{:.0}", typical(ours, |rate| rate.requests)),
        format!("{:.0}", typical(floors, |rate| rate.requests)),
        format!("{ratio:.3}"),
        format!("{lowest:.3}"),
        format!("{highest:.3}"),
        format!("{aim:.2}"),
        format!("{:.2}", typical(ours, |rate| rate.server)),
        format!("{:.2}", typical(floors, |rate| rate.server)),
        format!("{:.2}", typical(floors, |rate| rate.client)),
    ];
    (figures, ratio >= aim)
}

/// The median of a figure, the lowest and the highest.
fn spread(pairs: &[[Rate; 2]], figure: impl Fn(&[Rate; 2]) -> f64) -> [f64; 3] {
    let mut figures: Vec<f64> = pairs.iter().map(figure).collect();
    figures.sort_by(f64::total_cmp);
    [figures.len() / 2, 0, figures.len() - 1].map(|index| figures[index])
}

/// The titles of the figures of [`memory`].
pub(crate) const MEMORY_COLUMNS: &[&str] = &["ours, KiB", "floor, KiB", "at most"];

/// Measures the memory of a connection that has been served once and has been silent since.
pub(crate) fn memory(placement: &Placement, &(style, floor, most): &Pair, idle: usize) -> Row {
    let ours = start(placement, style, "echo");
    let floors = placement.start(|| floor.start());
    let ours = growth(ours.process(), ours.address(), idle);
    let floors = growth(floors.process(), floors.address(), idle);
    let figures = [format!("{ours:.2}"), format!("{floors:.2}"), format!("{most}")];
    (figures.into(), ours <= most)
}

/// By how many KiB a server grows for each of these connections. Memory that it needs for any
/// connection at all is there already.
fn growth(server: Process, address: SocketAddr, connections: usize) -> f64 {
    let mut first = Echo::connect(address, connections / 4, 64);
    first.round();
    let before = server.pss();
    let mut idle = Echo::connect(address, connections, 64);
    idle.round();
    (server.pss() as f64 - before as f64) / connections as f64
}
