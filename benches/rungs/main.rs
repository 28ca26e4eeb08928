//! The rungs of io_uring(7), each beside the server without any: which pays, and for which load?
//!
//! Both sides of a pair run at once, each with its own client, and are measured in turns. A figure is
//! the median of the ratios.

#[allow(dead_code, reason = "it starts none of our servers")]
#[path = "../kit/mod.rs"]
mod kit;
#[allow(dead_code, reason = "the floors have more loads")]
#[path = "../floor/load.rs"]
mod load;
#[allow(dead_code, reason = "each rung gets its listener")]
#[path = "../kit/running.rs"]
mod running;
mod server;
mod table;

use std::env;
use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use clap::{Parser, value_parser};
use compare::{Machine, Spread, date};
use launch::{expect_ring, raise_descriptor_limit};
use test_kit::skip;

use kit::{Echo, Placement, visit};
use load::{Load, Rate, Work, measure};
use running::Running;
use server::RUNGS;
use table::{Figure, Row, Session, Verdict};

/// Measures each rung of io_uring beside a server without any.
#[derive(Parser)]
#[command(bin_name = "cargo bench --bench rungs --")]
struct Arguments {
    /// How many pairs of measurements make a figure
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = value_parser!(u16).range(1..))]
    pairs: u16,
    /// How long each measurement takes, in milliseconds
    #[arg(long, value_name = "N", default_value_t = 250)]
    length: u64,
    /// Also writes uring-rungs.json and .html into DIRECTORY
    #[arg(long, value_name = "DIRECTORY")]
    into: Option<PathBuf>,
    /// Measures nothing, and makes the book's table from its data again
    #[arg(long)]
    redraw: bool,
    /// Checks that everything runs, and that the book's table shows its data
    #[arg(long)]
    test: bool,
    /// The option that cargo passes to every bench.
    #[arg(long, hide = true)]
    bench: bool,
    /// Makes this program the server of this rung.
    #[arg(long, hide = true)]
    become_rung: Option<String>,
}

/// Begins the work of a client at a server.
type Begin = fn(SocketAddr) -> Work;

/// The loads, each with its name.
const LOADS: [(&str, Begin); 5] = [
    ("echo, 1 client", |server| Load::Echo(1).begin(server)),
    ("echo, 64 clients", |server| Load::Echo(64).begin(server)),
    ("echo, 1,000 clients", |server| Load::Echo(1000).begin(server)),
    ("echo, 64 KiB a message", |server| Load::Stream(64 * 1024).begin(server)),
    ("connect, echo, close", |server| {
        Box::new(move || {
            visit(server, b"hello");
            1
        })
    }),
];

fn main() {
    let arguments = Arguments::parse();
    if let Some(rung) = &arguments.become_rung {
        let listener = io::stdin().as_fd().try_clone_to_owned();
        let listener = TcpListener::from(listener.expect("standard input is open"));
        server::serve(rung, listener).expect("the kernel has a ring");
        return;
    }
    // Cargo runs a bench in the directory of its package.
    let top = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let figures = top.join("lessons/figures");
    if arguments.redraw {
        let html = table::html(&kept(&figures));
        return fs::write(figures.join(TABLE), html).expect("the file can be written");
    }
    if let Err(refused) = expect_ring() {
        return skip(&format!("io_uring: {}; try this: {}", refused.why, refused.try_this));
    }
    let only_tests = arguments.test || !arguments.bench;
    let (pairs, length) = match only_tests {
        true => (1, Duration::ZERO),
        false => (usize::from(arguments.pairs), Duration::from_millis(arguments.length)),
    };
    raise_descriptor_limit().expect("the soft limit may be raised");
    let placement = Placement::take();
    println!("{placement}");
    let (machine, at) = (Machine::here(), date(SystemTime::now()));
    let rows = LOADS.map(|(load, work)| Row {
        load: load.to_owned(),
        figures: RUNGS.map(|rung| beside_one_shot(&placement, rung, work, pairs, length)).into(),
    });
    let idle = if only_tests { 10 } else { 1000 };
    let idle_kib = RUNGS.map(|rung| memory(&placement, rung, idle)).into();
    let session = Session { machine, at, pairs, rows: rows.into(), idle_kib };
    if only_tests {
        let advice = "cargo bench --bench rungs -- --redraw makes it again";
        let shown = fs::read_to_string(figures.join(TABLE)).expect("it is kept");
        assert!(shown == table::html(&kept(&figures)), "another table: {advice}");
        expect_what_the_page_says(&kept(&figures));
        return println!("All {} rungs run.", RUNGS.len());
    }
    print!("{}", table::text(&session));
    if let Some(directory) = arguments.into {
        let json = serde_json::to_string_pretty(&session).expect("it has no map") + "\n";
        for (name, text) in [(DATA, json), (TABLE, table::html(&session))] {
            fs::write(top.join(&directory).join(name), text).expect("the file can be written");
        }
    }
}

/// Measures a rung and the server without any, in turns. Each pair of measurements has servers of its
/// own, since a server's place in memory alone makes some percent.
fn beside_one_shot(
    placement: &Placement,
    rung: &str,
    begin: Begin,
    pairs: usize,
    length: Duration,
) -> Figure {
    let measure_pair = |number: usize| -> [Rate; 2] {
        let servers = [rung, RUNGS[0]].map(|rung| placement.start(|| start(rung)));
        let mut works = servers.each_ref().map(|server| begin(server.address()));
        let mut rates = [Rate::default(); 2];
        // The first measurement of each is slow: memory is used for the first time.
        for side in [0, 1, number % 2, 1 - number % 2] {
            rates[side] = measure(&mut works[side], servers[side].process(), length);
        }
        rates
    };
    let pairs: Vec<[Rate; 2]> = (0..pairs).map(measure_pair).collect();
    let spread = |figure: fn(&[Rate; 2]) -> f64| {
        Spread::of(pairs.iter().map(figure)).expect("there are pairs")
    };
    Figure {
        micros: spread(|[ours, _]| ours.server).median,
        ratio: spread(|[ours, bare]| bare.server / ours.server),
    }
}

/// Starts the server of a rung.
fn start(rung: &str) -> Running {
    let mut command = Command::new(env::current_exe().expect("it runs"));
    command.args(["--become-rung", rung]);
    Running::start(command)
}

/// By how many KiB the server grows for a connection that has been served once and is silent since.
fn memory(placement: &Placement, rung: &str, idle: usize) -> f64 {
    let server = placement.start(|| start(rung));
    let connect = |connections| {
        let mut echo = Echo::connect(server.address(), connections, 64);
        echo.round();
        echo
    };
    let _first = connect(idle / 4 + 1);
    let before = server.process().pss();
    let _idle = connect(idle);
    (server.process().pss() as f64 - before as f64) / idle as f64
}

/// The files of a session, and of its table for the book.
const DATA: &str = "uring-rungs.json";
const TABLE: &str = "uring-rungs.html";

/// The session that the book shows.
fn kept(directory: &Path) -> Session {
    let json = fs::read_to_string(directory.join(DATA)).expect("it is kept");
    serde_json::from_str(&json).expect("a session")
}

/// Checks the sentences of the chapter below the table.
fn expect_what_the_page_says(session: &Session) {
    let place = |rungs: &str| RUNGS.iter().position(|known| *known == rungs).expect("it is one");
    let verdict = |load: usize, rungs: &str| {
        let row = &session.rows[load];
        row.verdict(&row.figures[place(rungs)])
    };
    let [sixty_four, thousand, connections] = [1, 2, 4];
    assert!(verdict(connections, "multishot accept") == Verdict::Wins);
    for rungs in RUNGS {
        let wins_everywhere = (0..LOADS.len()).all(|load| verdict(load, rungs) == Verdict::Wins);
        assert!(!wins_everywhere, "{rungs}");
    }
    for alone in ["multishot receive", "batching"] {
        assert!(verdict(sixty_four, alone) == Verdict::Loses, "{alone}");
    }
    assert!(verdict(sixty_four, "multishot receive, batching") != Verdict::Loses);
    for loser in ["multishot receive", "link"] {
        assert!(verdict(thousand, loser) == Verdict::Loses, "{loser}");
    }
    let idle = |rungs| session.idle_kib[place(rungs)];
    assert!((45.5..46.5).contains(&idle("one shot")));
    assert!((0.2..0.3).contains(&idle("multishot receive")));
}
