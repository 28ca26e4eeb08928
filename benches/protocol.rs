//! The pure machines alone: the least time that any style can take. A figure of `styles` also
//! contains the time of the kernel, the style and the client.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkGroup, Criterion, PlottingBackend, Throughput, measurement::WallTime};
use protocol::chat::Chat;
use protocol::echo::Echo;
use protocol::fortune::{Fortune, Fortunes};
use protocol::{ClientId, Hub, MEMBER_READ, Outbox, OutboxMailbox, Post, Posts, Session};

fn main() {
    let mut criterion = Criterion::default()
        // If gnuplot is installed, criterion would use it, and it draws other pictures.
        .plotting_backend(PlottingBackend::Plotters)
        .nresamples(5000)
        .sample_size(50)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_millis(1000))
        .configure_from_args();
    sessions(&mut criterion);
    hub(&mut criterion);
    criterion.final_summary();
}

/// A session's answer to one read.
fn sessions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("session");
    // An echo of any length is its input: nothing is copied.
    receive(&mut group, "echo 64B", &mut Echo, &[b'x'; 64]);
    receive(&mut group, "echo 64K", &mut Echo, &[b'x'; 64 * 1024]);
    let fortunes = Fortunes::built_in(0);
    group.bench_function("fortune", |bencher| {
        bencher.iter(|| {
            let mut session = Fortune::new(fortunes.clone(), black_box(ClientId(1)));
            session.greet().send.len()
        });
    });

    // The rest is the line buffer's work: telnet, UTF-8, line ends, unsafe characters.
    let line = format!("{LINE}\r\n");
    let foreign = "Zürich, 東京, Ελλάδα\r\n";
    for (name, input) in [
        ("chat line", line.clone()),
        ("chat 4K", line.repeat(MEMBER_READ / line.len())),
        ("chat UTF-8", foreign.repeat(MEMBER_READ / foreign.len())),
        ("chat no LF", "x".repeat(MEMBER_READ)),
    ] {
        group.throughput(Throughput::Bytes(input.len() as u64));
        receive(&mut group, name, &mut Chat::default(), input.as_bytes());
    }
}

fn receive(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    session: &mut impl Session,
    input: &[u8],
) {
    group.bench_function(name, |bencher| {
        bencher.iter(|| session.receive(black_box(input)).completes_nothing());
    });
}

/// The lines of one read, through the room into a hundred mailboxes and out again.
fn hub(criterion: &mut Criterion) {
    const MEMBERS: usize = 100;
    let mut group = criterion.benchmark_group("room");
    let mut hub = Hub::<OutboxMailbox>::default();
    let outboxes: Vec<Outbox> = (1..=MEMBERS).map(|number| join(&mut hub, number)).collect();
    for (name, count) in [("1 line", 1), ("64 lines", 64)] {
        let mut posts = Posts::default();
        (0..count).for_each(|_| posts.push(Post::Line(LINE)));
        group.throughput(Throughput::Elements((count * (MEMBERS - 1)) as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                hub.post(ClientId(1), black_box(&posts).clone());
                hear(&mut hub, &outboxes)
            });
        });
    }
    let mut posts = Posts::default();
    posts.push(Post::Line("/who"));
    group.throughput(Throughput::Elements(1));
    group.bench_function("who", |bencher| {
        bencher.iter(|| {
            hub.post(ClientId(1), black_box(&posts).clone());
            hear(&mut hub, &outboxes[..1])
        });
    });
}

const LINE: &str = "a line as people type them, not long";

fn join(hub: &mut Hub<OutboxMailbox>, number: usize) -> Outbox {
    let outbox = Outbox::default();
    let name = format!("127.0.0.1:{}", 40_000 + number);
    hub.join(ClientId(number as u64), name, outbox.mailbox());
    empty(&outbox);
    outbox
}

/// Lets the hub hear all posts, and empties the mailboxes meanwhile.
fn hear(hub: &mut Hub<OutboxMailbox>, outboxes: &[Outbox]) -> usize {
    let mut size = 0;
    loop {
        let again = hub.advance(Duration::ZERO);
        size += outboxes.iter().map(empty).sum::<usize>();
        if again.is_none() {
            return size;
        }
    }
}

/// Takes out the lines of a mailbox, as a driver does after sending them.
fn empty(outbox: &Outbox) -> usize {
    let mut queue = outbox.queue();
    let size = queue.slices().map(<[u8]>::len).sum();
    queue.advance(size);
    size
}
