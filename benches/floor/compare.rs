//! A style and its floor, measured in turns.

use std::net::SocketAddr;
use std::time::Duration;

use ::compare::Spread;
use test_kit::Process;

use crate::aims::Pair;
use crate::kit::{Echo, Placement, start};
use crate::load::{Load, Rate, measure};
use crate::table::{Memory, Micros, Speed};

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

/// Measures how fast a style is beside its floor.
pub(crate) fn speed(
    placement: &Placement,
    load: Load,
    &(style, floor, aim): &Pair,
    effort: Effort,
) -> Speed {
    let ours = start(placement, style, load.service());
    let floors = placement.start(|| floor.start());
    let processes = [ours.process(), floors.process()];
    let mut works = [load.begin(ours.address()), floor.begin(load, floors.address())];
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
    let spread = |figure: fn(&[Rate; 2]) -> f64| {
        Spread::of(pairs.iter().map(figure)).expect("there are pairs")
    };
    Speed {
        style: style.name.to_owned(),
        floor: floor.to_string(),
        ours: spread(|[ours, _]| ours.requests).median,
        floors: spread(|[_, floors]| floors.requests).median,
        ratio: spread(|[ours, floors]| ours.requests / floors.requests),
        aim,
        micros: Micros {
            ours: spread(|[ours, _]| ours.server).median,
            floor: spread(|[_, floors]| floors.server).median,
            client: spread(|[_, floors]| floors.client).median,
        },
    }
}

/// Measures the memory of a connection that has been served once and has been silent since.
pub(crate) fn memory(
    placement: &Placement,
    &(style, floor, most): &Pair,
    effort: Effort,
) -> Memory {
    let ours = start(placement, style, "echo");
    let floors = placement.start(|| floor.start());
    Memory {
        style: style.name.to_owned(),
        floor: floor.to_string(),
        ours: growth(ours.process(), ours.address(), effort.idle),
        floors: growth(floors.process(), floors.address(), effort.idle),
        most,
    }
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
