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
mod tokio_chat;
mod tokio_echo;

use std::fmt::Display;
use std::time::Duration;

use clap::Parser;
use clap::value_parser;
use launch::raise_descriptor_limit;
use test_kit::Style;

use aims::{MEMORY, Pair, SPEED};
use compare::{Effort, MEMORY_COLUMNS, Row, SPEED_COLUMNS, memory, speed};
use kit::Placement;
use server::serve_tokio;

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
    /// Checks that everything runs, and measures nothing
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

    let mut verdicts = Verdicts { only_tests, ..Verdicts::default() };
    let words = &arguments.words;
    for &(title, load, pairs) in SPEED {
        verdicts.table(title, SPEED_COLUMNS, pairs, words, |pair| {
            speed(&placement, load, pair, effort)
        });
    }
    let title = "memory of an idle echo connection";
    verdicts
        .table(title, MEMORY_COLUMNS, MEMORY, words, |pair| memory(&placement, pair, effort.idle));
    println!("\n{}", verdicts.summary());
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
    /// Prints the chosen rows of a table, each as soon as it is measured.
    fn table(
        &mut self,
        title: &str,
        columns: &[&str],
        pairs: &[Pair],
        words: &[String],
        figures: impl Fn(&Pair) -> Row,
    ) {
        let mut heading = Some(title);
        for pair in pairs {
            let name = format!("  {:10}{}", pair.0.name, pair.1);
            let contains = |word: &String| title.contains(word) || name.contains(word);
            if !words.iter().all(contains) {
                continue;
            }
            if let Some(heading) = heading.take() {
                println!();
                line(heading, if self.only_tests { &[] } else { columns });
            }
            if !pair.1.is_there() {
                println!("{name:WIDTH$}skipped: cc or liburing-dev is not installed");
                continue;
            }
            let (mut figures, is_met) = figures(pair);
            figures.push(if is_met { "met" } else { "not met" }.to_owned());
            line(&name, if self.only_tests { &[] } else { &figures });
            self.measured += 1;
            self.met += usize::from(is_met);
        }
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

/// The width of the first column.
const WIDTH: usize = 50;

fn line(title: &str, columns: &[impl Display]) {
    let columns = columns.iter().map(|column| format!("{column:>11}"));
    println!("{title:WIDTH$}{}", columns.collect::<String>());
}
