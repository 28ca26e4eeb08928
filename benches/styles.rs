//! The styles side by side: the same client against each of them, as a real process.
//!
//! A figure contains the work of both ends. Compare it only with others of the same run: the
//! processors of the two ends matter more than the style (see `kit/placement.rs`).
//!
//! Names are short (a group's and a style's have 18 letters together), since the pictures clip
//! longer ones.

#[allow(dead_code, reason = "it measures no neighbour")]
mod kit;

use std::time::{Duration, Instant};

use criterion::{Criterion, PlottingBackend, SamplingMode, Throughput};
use test_kit::Style;

use kit::{Chat, Echo, Placement, start, visit};

fn main() {
    let placement = Placement::take();
    println!("{placement}");
    let mut criterion = Criterion::default()
        // If gnuplot is installed, criterion would use it, and it draws other pictures.
        .plotting_backend(PlottingBackend::Plotters)
        .nresamples(5000)
        .sample_size(50)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_millis(1500))
        .configure_from_args();
    round_trip(&mut criterion, &placement);
    throughput(&mut criterion, &placement, "echo 64B", 64);
    throughput(&mut criterion, &placement, "echo 4K", 4 * 1024);
    throughput(&mut criterion, &placement, "echo 64K", 64 * 1024);
    connecting(&mut criterion, &placement, "one echo", "echo", &[b'x'; 64]);
    connecting(&mut criterion, &placement, "fortune", "fortune", &[]);
    fan_out(&mut criterion, &placement, "chat 10", 10);
    fan_out(&mut criterion, &placement, "chat 100", 100);
    criterion.final_summary();
}

/// 64 bytes there and back over one connection.
fn round_trip(criterion: &mut Criterion, placement: &Placement) {
    let mut group = criterion.benchmark_group("echo rtt");
    for style in Style::ALL.map(|style| *style) {
        let server = start(placement, style, "echo");
        let mut echo = Echo::connect(server.address(), 1, 64);
        group.bench_function(style.name, |bencher| bencher.iter(|| echo.round()));
    }
}

/// Messages of one size over one connection, sent without waiting for answers.
fn throughput(criterion: &mut Criterion, placement: &Placement, title: &str, size: usize) {
    let mut group = criterion.benchmark_group(title);
    group.throughput(Throughput::Bytes(size as u64));
    for style in Style::ALL.map(|style| *style) {
        let server = start(placement, style, "echo");
        let mut echo = Echo::connect(server.address(), 1, size);
        group.bench_function(style.name, |bencher| {
            bencher.iter_custom(|count| {
                let begun = Instant::now();
                echo.stream(count);
                begun.elapsed()
            });
        });
    }
}

/// A client that connects, sends its message, if it has one, gets its answer and closes.
fn connecting(
    criterion: &mut Criterion,
    placement: &Placement,
    title: &str,
    service: &str,
    message: &[u8],
) {
    let mut group = criterion.benchmark_group(title);
    for style in Style::ALL.map(|style| *style) {
        let server = start(placement, style, service);
        let address = server.address();
        group.bench_function(style.name, |bencher| {
            bencher.iter(|| visit(address, message));
        });
    }
}

/// One line to all the others in a room of `members`. The iterative server's room has no others, and
/// styles with fewer workers have no room for all.
fn fan_out(criterion: &mut Criterion, placement: &Placement, title: &str, members: usize) {
    let mut group = criterion.benchmark_group(title);
    // Every sample has the same number of rounds, since a round takes long.
    group.sampling_mode(SamplingMode::Flat);
    group.throughput(Throughput::Elements(members as u64 - 1));
    let has_room = |style: &Style| style.at_once(members) == members;
    for style in Style::ALL.into_iter().copied().filter(has_room) {
        let server = start(placement, style, "chat");
        let mut chat = Chat::join(server.address(), members, 1);
        group.bench_function(style.name, |bencher| bencher.iter(|| chat.round(1)));
    }
}
