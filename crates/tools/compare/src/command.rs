//! The command line, and a comparison from its first measurement to its page.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use clap::Args;
use launch::{Problem, Style};
use load::Progress;

use crate::about::{About, Placement, date, default_directory, load_average};
use crate::kept::parts_of;
use crate::loads::{Kind, Load, RATE, loads};
use crate::measure::measure;
use crate::page::page;
use crate::runs::{Runs, Sample};
use crate::summary::{Cell, Summary};

/// Measure every style under every load, in turns, and show them side by side
///
/// Each measurement has its own server, and the load generator checks all answers. Styles take
/// turns, and everything is repeated, so that other work on this machine affects all of them
/// equally. If a style cannot do something, a word replaces the figure.
///
/// Build with --release, and do not use the machine meanwhile. If a run was interrupted, the same
/// command continues it.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  cargo run --release -- compare --quick     fewer loads, in about five minutes
  cargo run --release -- compare             all loads, which takes far longer
  cargo run --release -- compare --rounds 9  adds rounds to an earlier run")]
pub struct Command {
    /// Fewer loads, and less time for each
    #[arg(long)]
    quick: bool,

    /// A hundred clients of each service: the server on one processor and then on two, and two
    /// servers that share the port. Does a style use a second processor?
    #[arg(long, conflicts_with = "quick")]
    two_processors: bool,

    /// The number of times that everything is measured [default: 5, or 3 with --quick]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    rounds: Option<u16>,

    /// How long clients talk in each measurement, in seconds [default: 3, or 0.5 with --quick]
    #[arg(long, value_name = "SECS", value_parser = load::seconds)]
    duration: Option<Duration>,

    /// The directory for the page and its files [default: target/compare/full, .../quick or
    /// .../two-processors]
    #[arg(long, value_name = "DIR")]
    into: Option<PathBuf>,

    /// Measure everything again, even if it was measured before
    #[arg(long)]
    anew: bool,

    /// Measure nothing: write the tables and plots of earlier measurements (DIR/runs.jsonl) into
    /// files beside them, for the book
    #[arg(
        long,
        value_name = "DIR",
        conflicts_with_all = ["quick", "two_processors", "rounds", "duration", "into", "anew"]
    )]
    parts_of: Option<PathBuf>,
}

/// Compares the styles as the command says, and returns the exit status: 0 if everything is
/// written, 1 if that failed.
///
/// The running program must become a style's server if it is started under that style's name.
pub fn run(command: Command, styles: &[&'static Style]) -> ExitCode {
    let done = match &command.parts_of {
        Some(directory) => write_parts(directory, styles).map_err(Problem::world),
        None => compare(&command, styles),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => problem.report(),
    }
}

fn compare(command: &Command, styles: &[&'static Style]) -> Result<(), Problem> {
    let kind = match () {
        () if command.quick => Kind::Quick,
        () if command.two_processors => Kind::TwoProcessors,
        () => Kind::Full,
    };
    let (rounds, seconds) = if command.quick { (3, 0.5) } else { (5, 3.0) };
    let rounds = command.rounds.map_or(rounds, usize::from);
    let duration = command.duration.unwrap_or(Duration::from_secs_f64(seconds));
    let directory = command.into.clone();
    let directory = directory.unwrap_or_else(|| default_directory(kind));

    let place = Placement::choose(kind);
    let about = About::here(&place, duration);
    let loads = loads(kind);
    let mut runs = Runs::open(&directory, &about, command.anew).map_err(|error| {
        io::Error::other(format!("cannot keep anything in {}: {error}", directory.display()))
    })?;
    let is_interrupted = launch::interruption()?;
    let measuring = Measuring {
        loads: &loads,
        styles,
        rounds,
        duration,
        place,
        is_interrupted: &is_interrupted,
    };
    measuring.measure_all(&mut runs)?;

    let summary = Summary::new(&about, rounds, &runs, &loads, styles);
    let json = serde_json::to_string_pretty(&summary).map_err(io::Error::from)?;
    fs::write(directory.join("results.json"), json + "\n")?;
    let page_file = directory.join("index.html");
    fs::write(&page_file, page(&about, &runs, &loads, styles))?;
    let text = table(&runs, &loads, styles) + &places(&directory, &page_file);
    launch::print(&text)?;
    match is_interrupted.load(Ordering::Relaxed) {
        true => Err(Problem::world("interrupted; the same command goes on with what is missing")),
        false => Ok(()),
    }
}

fn write_parts(directory: &Path, styles: &[&'static Style]) -> io::Result<()> {
    let parts = parts_of(directory, styles)?;
    parts.iter().try_for_each(|part| part.write(directory))
}

/// Everything to measure, and the way to do it.
struct Measuring<'a> {
    loads: &'a [Load],
    styles: &'a [&'static Style],
    rounds: usize,
    duration: Duration,
    place: Placement,
    /// Set by Ctrl-C.
    is_interrupted: &'a AtomicBool,
}

impl Measuring<'_> {
    /// Measures everything that is missing, until an interrupt.
    fn measure_all(&self, runs: &mut Runs) -> io::Result<()> {
        let mut progress = Progress::on_standard_error();
        let all = self.turns().count();
        for (round, load, style) in self.turns() {
            if runs.is_done(&load.name, style.name, round) {
                continue;
            }
            let left = left(runs, self.loads, self.styles, self.rounds);
            progress.show_at_once(&status(&left, all, &load.name, style.name));
            let load_average = load_average();
            let begun = Instant::now();
            let outcome = measure(style, load, self.duration, &self.place)?;
            // Ctrl-C reaches the server and the generator too, so this measurement is incomplete.
            if self.is_interrupted.load(Ordering::Relaxed) {
                break;
            }
            runs.add(Sample {
                load: load.name.clone(),
                style: style.name.to_owned(),
                round,
                at: date(SystemTime::now()),
                took: begun.elapsed().as_secs_f64(),
                load_average,
                outcome,
            })?;
        }
        progress.clear();
        Ok(())
    }

    /// In each round every load, and under each load every style. The order of the styles changes,
    /// so that none is always first, or always after the same one.
    fn turns(&self) -> impl Iterator<Item = (usize, &Load, &'static Style)> {
        let count = self.styles.len();
        (1..=self.rounds).flat_map(move |round| {
            self.loads.iter().flat_map(move |load| {
                (0..count).map(move |turn| (round, load, self.styles[(turn + round) % count]))
            })
        })
    }
}

/// The work that is left.
struct Left {
    measurements: usize,
    /// Unknown until the first measurement has ended.
    time: Option<Duration>,
}

/// Each measurement is expected to take as long as the last one of the same load and style, or
/// otherwise as long as the mean of all.
fn left(runs: &Runs, loads: &[Load], styles: &[&Style], rounds: usize) -> Left {
    let mean = runs.samples.iter().map(|sample| sample.took).sum::<f64>();
    let mean = mean / runs.samples.len() as f64;
    let (mut measurements, mut time) = (0, 0.0);
    for load in loads {
        for style in styles {
            let wanted = |round: &usize| !runs.is_done(&load.name, style.name, *round);
            let count = (1..=rounds).filter(wanted).count();
            let last = runs.of(&load.name, style.name).last();
            measurements += count;
            time += count as f64 * last.map_or(mean, |sample| sample.took);
        }
    }
    let time = (!runs.samples.is_empty()).then(|| Duration::from_secs_f64(time));
    Left { measurements, time }
}

/// The bar, the work that is left, and the current measurement: on one line of 80 columns.
fn status(left: &Left, all: usize, load: &str, style: &str) -> String {
    const WIDTH: usize = 20;
    let done = (all - left.measurements) * WIDTH / all;
    let bar = "#".repeat(done) + &".".repeat(WIDTH - done);
    let time = left.time.map_or(String::new(), |time| {
        let seconds = time.as_secs();
        format!(", about {} min {:02} s", seconds / 60, seconds % 60)
    });
    let count = left.measurements;
    let text = format!("[{bar}] {count} left{time}: {style}, {load}");
    text.chars().take(79).collect()
}

/// Answers a second, for a terminal.
fn table(runs: &Runs, loads: &[Load], styles: &[&'static Style]) -> String {
    let mut text = String::from("answers a second (median)\n\n");
    let width = loads.iter().map(|load| load.name.len()).max().unwrap_or(0);
    text += &format!("{:width$}", "");
    text += &styles.iter().map(|style| format!("{:>11}", style.name)).collect::<String>();
    for load in loads {
        text += &format!("\n{:width$}", load.name);
        for style in styles {
            let cell = Cell::of(runs, load, style);
            let shown = match cell.figure(&RATE) {
                Some(spread) => (RATE.write)(spread.median),
                None if cell.cannot().is_some() => "cannot".to_owned(),
                None => "missing".to_owned(),
            };
            text += &format!("{shown:>11}");
        }
    }
    text + "\n\n"
}

fn places(directory: &Path, page: &Path) -> String {
    let shown = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    format!(
        "The page     file://{}\nFor programs {}\n",
        shown(page).display(),
        shown(&directory.join("results.json")).display()
    )
}
