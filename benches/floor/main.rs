//! Each style beside the barest program that serves in the same way. How much does it cost that the
//! style is complete and readable?
//!
//! Both sides of a pair run at once, each with its own client, and are measured in turns, so that
//! other work of the machine affects both alike. The result is the median of the ratios. The bench
//! prints it, and never fails because of it.

mod aims;
mod compare;
#[path = "../kit/mod.rs"]
mod kit;
mod load;
#[path = "../kit/running.rs"]
mod running;
mod server;
mod table;
mod tokio_chat;
mod tokio_echo;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use ::compare::{Machine, date};
use clap::Parser;
use clap::value_parser;
use launch::raise_descriptor_limit;
use test_kit::Style;

use aims::{MEMORY, Pair, SPEED};
use compare::{Effort, memory, speed};
use kit::Placement;
use server::serve_tokio;
use table::{Row, Session, Table, line, memory_html, source_html, speed_html};

/// Measures each style beside the barest program that serves in the same way.
///
/// Both run at once, and are measured in turns. The result is the ratio of the two: the median over
/// all pairs of measurements, with the lowest and the highest beside it.
///
/// The processor time of the two servers and of the floor's client for a request, in microseconds,
/// shows where the time goes, and changes little on a busy machine.
#[derive(Parser)]
#[command(bin_name = "cargo bench --bench floor --")]
struct Arguments {
    /// Measures only the rows that contain all these words, such as: fortune fork
    words: Vec<String>,
    /// How many pairs of measurements make a row
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = value_parser!(u16).range(1..))]
    pairs: u16,
    /// How long each measurement takes, in milliseconds
    #[arg(long, value_name = "N", default_value_t = 250)]
    length: u64,
    /// Also writes floors.json, and the tables that the book makes of it, into DIRECTORY
    #[arg(long, value_name = "DIRECTORY")]
    into: Option<PathBuf>,
    /// Measures nothing, and makes the book's tables from their data again
    #[arg(long)]
    redraw: bool,
    /// Checks that everything runs, and that the book's tables show their data
    #[arg(long)]
    test: bool,
    /// The option that cargo passes to every bench.
    #[arg(long, hide = true)]
    bench: bool,
    /// Makes this program the floor of this name.
    #[arg(long, hide = true)]
    become_floor: Option<String>,
}

fn main() {
    let arguments = Arguments::parse();
    if let Some(name) = &arguments.become_floor {
        return serve_tokio(name);
    }
    // Cargo runs a bench in the directory of its package.
    let top = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let figures = top.join("lessons/figures");
    if arguments.redraw {
        return write(&figures, &kept(&figures));
    }
    let only_tests = arguments.test || !arguments.bench;
    let effort = if only_tests {
        every_style_has_an_aim();
        Effort { pairs: 1, length: Duration::ZERO, idle: 10 }
    } else {
        Effort {
            pairs: arguments.pairs.into(),
            length: Duration::from_millis(arguments.length),
            idle: 400,
        }
    };
    raise_descriptor_limit().expect("the soft limit may be raised");
    let placement = Placement::take();
    println!("{placement}");
    if !only_tests {
        println!("Ratios are medians of {} pairs (see --help).", effort.pairs);
    }

    let (machine, at) = (Machine::here(), date(SystemTime::now()));
    let mut verdicts = Verdicts { only_tests, ..Verdicts::default() };
    let words = &arguments.words;
    let mut tables = Vec::new();
    for &(load, requests, pairs) in SPEED {
        let rows =
            verdicts.table(load, pairs, words, |pair| speed(&placement, requests, pair, effort));
        tables.push(Table { load: load.to_owned(), rows });
    }
    let title = "memory of an idle echo connection";
    let idle = verdicts.table(title, MEMORY, words, |pair| memory(&placement, pair, effort));
    println!("\n{}", verdicts.summary());
    let place = placement.place();
    let session = Session { machine, at, place, pairs: effort.pairs, speed: tables, idle };
    if only_tests {
        expect_tables(&figures);
    } else if let Some(directory) = arguments.into {
        write(&top.join(directory), &session);
    }
}

/// The file of a session.
const DATA: &str = "floors.json";

/// The session that the book shows.
fn kept(directory: &Path) -> Session {
    let json = fs::read_to_string(directory.join(DATA)).expect("it is kept");
    serde_json::from_str(&json).expect("a session")
}

/// The book's tables of a session, each with the name of its file.
fn parts(session: &Session) -> [(&'static str, String); 4] {
    let of = |service: &'static str| {
        session.speed.iter().filter(move |table| table.load.starts_with(service))
    };
    let echo = of("echo").chain(of("connect"));
    [
        ("floors-echo.html", speed_html(echo)),
        ("floors-chat.html", speed_html(of("chat"))),
        ("floors-memory.html", memory_html(&session.idle)),
        ("floors-source.html", source_html(session)),
    ]
}

/// Writes a session, and its tables.
fn write(directory: &Path, session: &Session) {
    let json = serde_json::to_string_pretty(session).expect("it has no map") + "\n";
    for (name, text) in [(DATA, json)].into_iter().chain(parts(session)) {
        fs::write(directory.join(name), text).expect("the file can be written");
    }
}

/// Checks that the book's tables show their data, and the sentences of the page below them.
fn expect_tables(figures: &Path) {
    let session = kept(figures);
    for (name, text) in parts(&session) {
        let shown = fs::read_to_string(figures.join(name)).expect("it is kept");
        let advice = "cargo bench --bench floor -- --redraw makes it again";
        assert!(shown == text, "{name} is another table: {advice}");
    }
    expect_what_the_page_says(&session);
}

fn expect_what_the_page_says(session: &Session) {
    let rows = |load: &str| {
        let table = session.speed.iter().find(|table| table.load.starts_with(load));
        &table.expect("it is one").rows
    };
    let ratio = |load: &str, style: &str, floor: &str| {
        let mut rows = rows(load).iter();
        let row = rows.find(|row| row.style == style && row.floor == floor);
        row.expect("it was measured").ratio
    };
    for row in ["echo, 64 B", "echo, 64 KiB"].iter().flat_map(|load| rows(load)) {
        assert!(row.ratio.median > 0.75, "{row:?}");
    }
    let [echo, fortune] = ["echo, 64 B, 64", "connect"]
        .map(|load| rows(load).iter().map(|row| row.ratio.median).fold(f64::MAX, f64::min));
    assert!(fortune < echo);
    assert!((0.4..0.6).contains(&ratio("connect", "thread", "fortune.c").median));
    let loops = ["select", "async", "poll", "epoll", "executor", "uring"];
    let [many, one] = ["chat of 100, 1 speaker, 64", "chat of 100, 1 speaker, 1 line"];
    for style in loops {
        assert!(ratio(many, style, "nats-server").median > 3.0, "{style}");
        assert!(ratio(many, style, "tokio_chat").median > 20.0, "{style}");
        assert!(ratio(one, style, "nats-server").min > 1.0, "{style}");
        assert!((0.85..1.2).contains(&ratio(one, style, "tokio_chat").median), "{style}");
    }
    for style in ["fork", "thread"] {
        for floor in ["nats-server", "tokio_chat"] {
            assert!(ratio(one, style, floor).max < 1.0, "{style}, {floor}");
        }
    }
    let floors = session.idle.iter().filter(|row| row.floor == "epoll.c");
    assert!(floors.into_iter().all(|row| row.floors < 0.05));
}

fn every_style_has_an_aim() {
    for style in Style::ALL {
        let mut pairs = SPEED.iter().flat_map(|(_, _, pairs)| *pairs);
        assert!(
            pairs.any(|pair| pair.0 == *style),
            "benches/floor/aims.rs: the style {:?} has no aim: add it to SPEED, and to MEMORY if it \
             serves many clients",
            style.name
        );
    }
}

/// The number of rows that were measured, and of those in which the style meets its aim.
#[derive(Default)]
struct Verdicts {
    /// Whether the bench only checks that everything runs, so that there is nothing to judge.
    only_tests: bool,
    measured: usize,
    met: usize,
}

impl Verdicts {
    /// Measures the chosen rows of a table, and prints each as soon as it is measured.
    fn table<R: Row>(
        &mut self,
        title: &str,
        pairs: &[Pair],
        words: &[String],
        measure: impl Fn(&Pair) -> R,
    ) -> Vec<R> {
        let mut heading = Some(title);
        let mut rows = Vec::new();
        for pair in pairs {
            let name = format!("  {:10}{}", pair.0.name, pair.1);
            let contains = |word: &String| title.contains(word) || name.contains(word);
            if !words.iter().all(contains) {
                continue;
            }
            if let Some(heading) = heading.take() {
                println!();
                line(heading, if self.only_tests { &[] } else { R::COLUMNS });
            }
            if !pair.1.is_there() {
                let lacks = "skipped: cc, liburing-dev or nats-server is not installed";
                line(&name, &[lacks]);
                continue;
            }
            let row = measure(pair);
            let mut figures = row.figures();
            figures.push(if row.is_met() { "met" } else { "not met" }.to_owned());
            line(&name, if self.only_tests { &[] } else { &figures });
            self.measured += 1;
            self.met += usize::from(row.is_met());
            rows.push(row);
        }
        rows
    }

    fn summary(&self) -> String {
        let Verdicts { measured, met, .. } = self;
        match measured {
            0 => "No row that contains these words can be measured.".to_owned(),
            _ if self.only_tests => format!("All {measured} rows run."),
            _ => format!("{met} of {measured} aims are met."),
        }
    }
}
