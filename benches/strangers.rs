//! How long words take from one member of a room to another while strangers flood the room and read
//! nothing, and how long a newcomer waits for its welcome.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use test_kit::chat::room;
use test_kit::strangers::{Strangers, delays};
use test_kit::{Server, Style};

/// Measures a room with strangers that never read.
#[derive(Parser)]
#[command(bin_name = "cargo bench --bench strangers --")]
struct Arguments {
    /// How many words to exchange for each row
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    words: u32,
    /// The numbers of strangers, with commas between them
    #[arg(long, value_name = "N", value_delimiter = ',', default_values_t = [0, 1, 20, 300])]
    strangers: Vec<usize>,
    /// Checks that everything runs, and measures nothing
    #[arg(long)]
    test: bool,
    /// The option that cargo passes to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

/// The floods: their names and their lines.
const FLOODS: [(&str, &[&str]); 3] = [
    ("/help", &["/help\r\n"]),
    ("speech", &["and now me\r\n"]),
    ("mixed", &["/help\r\n", "and now me\r\n", "/who\r\n", "/nick\r\n"]),
];

fn main() -> ExitCode {
    let mut arguments = Arguments::parse();
    if arguments.test || !arguments.bench {
        arguments = Arguments { words: 10, strangers: vec![0, 2], ..arguments };
    }
    println!(
        "{:10} {:8} {:>9} {:>10} {:>10} {:>10} {:>10}",
        "style", "flood", "strangers", "median", "p99", "slowest", "newcomer"
    );
    for style in Style::ALL.into_iter().filter(|style| style.room_of_many) {
        for (name, flood) in FLOODS {
            for &count in &arguments.strangers {
                // Without strangers, the kind of flood makes no difference.
                if count > 0 || name == FLOODS[0].0 {
                    measure(*style, name, flood, count, arguments.words as usize);
                }
            }
        }
    }
    ExitCode::SUCCESS
}

fn measure(style: Style, name: &str, flood: &[&str], count: usize, words: usize) {
    // Each of a style's workers serves one member: two speak, and there is a newcomer.
    let count = if style.has_workers() { style.at_once(count + 3) - 3 } else { count };
    let server = Server::start_with(style, "chat", &["--log-file", "/dev/null"]);
    let [ada, bob] = room(&server, ["ada", "bob"]);
    let strangers = Strangers::come(&server, count, flood);
    let delays = delays(&ada, &bob, words);
    let begun = Instant::now();
    server.connect().skip_to_line(|line| line.starts_with("* welcome, "));
    let newcomer = begun.elapsed();
    drop(strangers);
    let at = |percent: usize| delays[(words - 1) * percent / 100];
    let shown = [at(50), at(99), at(100), newcomer].map(milliseconds).join(" ");
    let name = if count == 0 { "none" } else { name };
    println!("{:10} {name:8} {count:>9} {shown}", style.name);
}

fn milliseconds(time: Duration) -> String {
    format!("{:>7.2} ms", time.as_secs_f64() * 1e3)
}
