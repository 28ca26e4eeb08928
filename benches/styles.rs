//! The styles side by side: the same client against each of them, as a real process.
//!
//! A figure holds what both ends do, and compares only with others of the same run: where the two
//! run decides more than the style (see `kit/placement.rs`).

mod kit;

use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, PlottingBackend, Throughput};
use test_kit::Style;

use kit::{Chat, Echo, Placement, name, start, visit};

fn main() {
    let placement = Placement::take();
    println!("{placement}");
    let mut criterion = Criterion::default()
        // Where gnuplot is installed it would be taken, and draw other pictures.
        .plotting_backend(PlottingBackend::Plotters)
        .nresamples(5000)
        .sample_size(50)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_millis(1500))
        .configure_from_args();
    round_trip(&mut criterion, &placement);
    throughput(&mut criterion, &placement);
    connecting(&mut criterion, &placement);
    fan_out(&mut criterion, &placement);
    criterion.final_summary();
}

/// 64 bytes there and back over one connection.
fn round_trip(criterion: &mut Criterion, placement: &Placement) {
    let mut group = criterion.benchmark_group("echo round trip");
    for style in Style::ALL {
        let server = start(placement, style, "echo");
        let mut echo = Echo::connect(server.address(), 1, 64);
        group.bench_function(name(style), |bencher| bencher.iter(|| echo.round()));
    }
}

/// Messages of a size that are sent without waiting for answers, over one connection.
fn throughput(criterion: &mut Criterion, placement: &Placement) {
    let mut group = criterion.benchmark_group("echo throughput");
    for style in Style::ALL {
        let server = start(placement, style, "echo");
        for size in [64, 4 * 1024, 64 * 1024] {
            let mut echo = Echo::connect(server.address(), 1, size);
            group.throughput(Throughput::Bytes(size as u64));
            group.bench_function(BenchmarkId::new(name(style), size), |bencher| {
                bencher.iter_custom(|count| {
                    let begun = Instant::now();
                    echo.stream(count);
                    begun.elapsed()
                });
            });
        }
    }
}

/// A client that comes, gets its answer and goes.
fn connecting(criterion: &mut Criterion, placement: &Placement) {
    for (service, message) in [("echo", [b'x'; 64].as_slice()), ("fortune", &[])] {
        let mut group = criterion.benchmark_group(format!("connect-{service}-close"));
        for style in Style::ALL {
            let server = start(placement, style, service);
            let address = server.address();
            group.bench_function(name(style), |bencher| {
                bencher.iter(|| visit(address, message));
            });
        }
    }
}

/// One line to all the others in a room of so many. The iterative one has no others.
fn fan_out(criterion: &mut Criterion, placement: &Placement) {
    let mut group = criterion.benchmark_group("chat fan-out");
    for style in Style::ALL.into_iter().filter(|style| style.serves_many()) {
        for members in [10, 100] {
            let server = start(placement, style, "chat");
            let mut chat = Chat::join(server.address(), members, 1);
            group.throughput(Throughput::Elements(members as u64 - 1));
            group.bench_function(BenchmarkId::new(name(style), members), |bencher| {
                bencher.iter(|| chat.round(1));
            });
        }
    }
}
