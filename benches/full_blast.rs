//! How long fifty clients wait for their answers beside one that sends and reads without a pause.

use std::time::Duration;

use clap::Parser;
use test_kit::full_blast::{FullBlast, questions, times};
use test_kit::{Client, Server, Style};

/// Measures the answers of fifty clients, with and without one client at full blast beside them.
#[derive(Parser)]
#[command(bin_name = "cargo bench --bench full_blast --")]
struct Arguments {
    /// How many questions each of the fifty clients asks for a row
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Checks that everything runs, and measures nothing
    #[arg(long)]
    test: bool,
    /// The option that cargo passes to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

const CLIENTS: usize = 50;

fn main() {
    let arguments = Arguments::parse();
    let only_tests = arguments.test || !arguments.bench;
    let rounds = if only_tests { 1 } else { arguments.rounds as usize };
    println!(
        "{:10} {:8} {:>12} {:>12} {:>12} {:>12} {:>12}",
        "style", "service", "quiet median", "quiet p99", "median", "p99", "p99 / quiet"
    );
    for style in Style::ALL.into_iter().filter(|style| style.serves_many()) {
        for (service, question, answer) in questions() {
            let server = Server::start_with(*style, service, &["--log-file", "/dev/null"]);
            // The one at full blast has a place, too.
            let count = style.at_once(CLIENTS + 1) - 1;
            let mut clients: Vec<Client> = (0..count).map(|_| server.connect()).collect();
            let mut measure = || times(&mut clients, rounds, &question, answer);
            let quiet = measure();
            let flood = FullBlast::begin(&server, &question);
            let beside = measure();
            drop(flood);
            let [quiet_median, quiet_slow] = at(&quiet);
            let [median, slow] = at(&beside);
            let ratio = slow.as_secs_f64() / quiet_slow.as_secs_f64();
            let shown = [quiet_median, quiet_slow, median, slow].map(microseconds).join(" ");
            println!("{:10} {service:8} {shown} {ratio:>12.1}", style.name);
        }
    }
}

/// The median and the 99th percentile of sorted times.
fn at(times: &[Duration]) -> [Duration; 2] {
    [50, 99].map(|percent| times[(times.len() - 1) * percent / 100])
}

fn microseconds(time: Duration) -> String {
    format!("{:>9.0} µs", time.as_secs_f64() * 1e6)
}
