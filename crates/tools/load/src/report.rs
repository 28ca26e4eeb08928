//! The results of a run, for people and for programs.

use std::fmt::{self, Display, Formatter};
use std::net::SocketAddr;

use launch::Style;
use protocol::CATALOGUE;
use serde::{Deserialize, Serialize};

use crate::costs::Costs;
use crate::faults::Faults;
use crate::tally::{Bar, Fairness, Percentiles};

/// From this part of a core on, the generator itself may be the limit.
pub const NEARLY_ALL: f64 = 0.9;

/// All results of one run. `--json` prints it as JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    /// `echo`, `fortune` or `chat`.
    pub service: String,
    /// The address of the server.
    pub server: SocketAddr,
    /// The number of clients.
    pub connections: usize,
    /// The number of clients that sent messages; in a room the others only listened.
    pub speakers: usize,
    /// The number of additional clients that were silent.
    pub idle: usize,
    /// The length of each message in bytes. Fortune clients send none.
    pub size: u64,
    /// Whether each message had its own connection.
    pub reconnects: bool,
    /// In an open loop, the number of messages that were due a second.
    pub rate: Option<f64>,
    /// In a closed loop, the number of unanswered messages of each speaker.
    pub depth: Option<usize>,
    /// How long the clients talked, in seconds.
    pub seconds: f64,
    /// The number of answers in that time. In a room, each member that receives a line counts as
    /// one.
    pub answers: u64,
    /// The number of answers after that time.
    pub late_answers: u64,
    /// The number of messages that were never answered.
    pub unanswered: u64,
    /// From the time when a message was due (in a closed loop: sent) until the last byte of its
    /// answer.
    pub latency_ns: Option<Percentiles>,
    /// The same as a histogram. JSON does not contain it, so a report that was read has none.
    #[serde(skip)]
    pub bars: Vec<Bar>,
    /// The differences between the clients.
    pub fairness: Fairness,
    /// The faults in the answers.
    pub faults: Faults,
    /// The number of connections that ended although neither side was done.
    pub broken: u64,
    /// The reason why the first of them ended.
    pub first_broken: Option<String>,
    /// The part of one processor core that the generator used, from 0 to 1.
    pub generator_core: f64,
    /// The costs of the server, if its process was named.
    pub costs: Option<Costs>,
}

impl Report {
    /// Answers a second, of those that came while clients talked.
    pub fn rate(&self) -> f64 {
        self.answers as f64 / self.seconds
    }

    /// Whether every message got the right answer.
    pub fn is_right(&self) -> bool {
        !self.faults.any() && self.broken == 0 && self.unanswered == 0
    }

    /// The server's processor time for each answer, in nanoseconds.
    pub fn processor_ns_an_answer(&self) -> Option<f64> {
        Some(self.costs?.processor_seconds() * 1e9 / self.all_answers())
    }

    /// How often, for each answer, a thread of the server went to sleep or lost the processor.
    /// `None` if each message had its own connection, since threads and processes that have ended
    /// are not counted.
    pub fn switches_an_answer(&self) -> Option<f64> {
        let costs = self.costs.filter(|_| !self.reconnects)?;
        let switches = costs.voluntary_switches + costs.involuntary_switches;
        Some(switches as f64 / self.all_answers())
    }

    /// The growth of the server's proportional memory for each client that stays, in bytes.
    pub fn memory_a_client(&self) -> Option<f64> {
        let talking = if self.reconnects { 0 } else { self.connections };
        let clients = Some(talking + self.idle).filter(|clients| *clients > 0)?;
        let costs = self.costs?;
        let grown = costs.memory_with_clients.saturating_sub(costs.memory_at_rest);
        Some(grown as f64 / clients as f64)
    }

    fn all_answers(&self) -> f64 {
        (self.answers + self.late_answers).max(1) as f64
    }

    /// All faults, in one line; `none` if there are none.
    pub fn errors(&self) -> String {
        let unit = match &*self.service {
            "echo" => "byte",
            "chat" | "nats" => "line",
            _ => "fortune",
        };
        let faults = [
            (self.faults.lost, "lost"),
            (self.faults.doubled, "doubled"),
            (self.faults.misordered, "misordered"),
            (self.faults.changed, "changed"),
        ];
        let faults = faults.iter().filter(|(number, _)| *number > 0);
        let mut all: Vec<String> =
            faults.map(|(number, what)| format!("{} {what}", of_unit(*number, unit))).collect();
        if self.unanswered > 0 {
            let messages = of_unit(self.unanswered, "message");
            all.push(format!("{messages} never answered"));
        }
        if let Some(first) = &self.first_broken {
            let connections = of_unit(self.broken, "connection");
            all.push(format!("{connections} broken: {first}"));
        }
        match all.is_empty() {
            true => "none".to_owned(),
            false => all.join(", "),
        }
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let answers = match &*self.service {
            "echo" => "messages",
            "chat" | "nats" => "deliveries",
            _ => "fortunes",
        };
        writeln!(f, "{}\n", self.heading())?;
        if let Some(style) = self.style() {
            let label = style.painted(&style.label());
            row(f, "server", &format!("{label}, to judge by its port"))?;
        }
        let mut rate = format!("{} {answers} a second", count(self.rate()));
        if self.size > 0 {
            let bytes = self.rate() * self.size as f64;
            rate += &format!(", {}B a second", amount(bytes, 1000.0));
        }
        let whole = count(self.answers as f64);
        row(f, "rate", &format!("{rate} ({whole} in {:.1} s)", self.seconds))?;
        if let Some(latency) = &self.latency_ns {
            row(f, "latency", &extremes(latency))?;
            row(f, "", &percentiles(latency))?;
            self.write_bars(f)?;
        }
        if self.connections > 1 {
            let [answers, means] = fairness(&self.fairness);
            row(f, "fairness", &answers)?;
            row(f, "", &means)?;
        }
        row(f, "errors", &self.errors())?;
        let core = self.generator_core * 100.0;
        row(f, "generator", &format!("used {core:.0} % of a core"))?;
        if let Some(costs) = &self.costs {
            self.write_costs(costs, f)?;
        }
        if self.generator_core > NEARLY_ALL {
            writeln!(f, "\n{BOTTLENECK}")?;
        }
        Ok(())
    }
}

const BOTTLENECK: &str = "\
warning: the generator used nearly all of its core, so the server may be faster than this.
         Take fewer connections, or an open loop with a lower --rate.";

impl Report {
    /// A description of the load, in one line.
    fn heading(&self) -> String {
        let clients = of_unit(self.connections as u64, "client");
        let mut text = format!("{} at {}: {clients}", self.service, self.server);
        if self.speakers < self.connections {
            text += &format!(", {} speaking", self.speakers);
        }
        if self.idle > 0 {
            text += &format!(" and {} idle ones", self.idle);
        }
        if self.size > 0 {
            text += &format!(", {} a message", of_unit(self.size, "byte"));
        }
        if self.reconnects {
            text += ", a connection each";
        }
        match (self.rate, self.depth) {
            (Some(rate), _) => text + &format!(", open loop, {rate} a second are due"),
            (None, Some(1) | None) => text + ", closed loop",
            (None, Some(depth)) => text + &format!(", closed loop, {depth} under way"),
        }
    }

    /// The style that has this port, as the launcher gives them. Another server may have it too.
    fn style(&self) -> Option<&'static Style> {
        let service = CATALOGUE.iter().find(|entry| entry.name == self.service)?;
        Style::ALL.into_iter().find(|style| style.port(service) == self.server.port())
    }

    /// A line for each bar of the histogram.
    fn write_bars(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let all: u64 = self.bars.iter().map(|bar| bar.count).sum();
        let most = self.bars.iter().map(|bar| bar.count).max().unwrap_or(0);
        for Bar { up_to, count } in &self.bars {
            let part = |of: u64| *count as f64 / of.max(1) as f64;
            let name = format!("up to {}", time(*up_to as f64));
            let (bar, percent) = (bar(part(most)), percent(part(all)));
            row(f, "", format!("{name:12} {bar:BAR$} {percent}").trim_end())?;
        }
        Ok(())
    }

    fn write_costs(&self, costs: &Costs, f: &mut Formatter<'_>) -> fmt::Result {
        let (user, system) = (costs.user_seconds, costs.system_seconds);
        let text = format!(
            "{user:.2} s user, {system:.2} s system, {} an answer",
            time(self.processor_ns_an_answer().unwrap_or(0.0))
        );
        row(f, "processor", &text)?;
        let memory = |bytes: u64| amount(bytes as f64, 1024.0) + "B";
        let mut text = format!(
            "{} at rest, {} with clients",
            memory(costs.memory_at_rest),
            memory(costs.memory_with_clients)
        );
        if let Some(each) = self.memory_a_client() {
            text += &format!(" ({} each)", memory(each as u64));
        }
        let (end, peak) = (memory(costs.memory_at_the_end), memory(costs.peak_memory));
        row(f, "memory", &format!("{text}, {end} at the end; peak {peak}"))?;
        let text = format!(
            "{} voluntary, {} involuntary",
            count(costs.voluntary_switches as f64),
            count(costs.involuntary_switches as f64)
        );
        row(f, "switches", &text)?;
        let Costs { processes, threads, descriptors, .. } = costs;
        row(
            f,
            "holds",
            &format!("processes {processes}, threads {threads}, descriptors {descriptors}"),
        )
    }
}

fn row(f: &mut Formatter<'_>, name: &str, text: &str) -> fmt::Result {
    writeln!(f, "  {name:10} {text}")
}

/// The length of the longest bar.
const BAR: usize = 40;

/// A bar, with eighths of a block at its end. Even a single answer can be seen.
fn bar(part: f64) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (part * (8 * BAR) as f64).round() as usize;
    let eighths = if part > 0.0 { eighths.max(1) } else { 0 };
    "█".repeat(eighths / 8) + EIGHTHS[eighths % 8]
}

/// A part of the answers, or nothing if there are none.
fn percent(part: f64) -> String {
    match part * 100.0 {
        0.0 => String::new(),
        ..0.1 => "below 0.1 %".to_owned(),
        percent => format!("{percent:.1} %"),
    }
}

fn extremes(latency: &Percentiles) -> String {
    let (min, max) = (time(latency.min as f64), time(latency.max as f64));
    format!("min {min}, mean {}, max {max}", time(latency.mean))
}

fn percentiles(latency: &Percentiles) -> String {
    let all = [
        ("p50", latency.p50),
        ("p90", latency.p90),
        ("p99", latency.p99),
        ("p99.9", latency.p99_9),
    ];
    let all = all.map(|(name, nanoseconds)| format!("{name} {}", time(nanoseconds as f64)));
    all.join(", ")
}

/// Two lines, since large numbers in one would be longer than 80 columns.
fn fairness(fairness: &Fairness) -> [String; 2] {
    let Fairness { fewest_answers, most_answers, median_answers, .. } = fairness;
    let means = [fairness.fastest_mean_ns, fairness.slowest_mean_ns].map(|ns| time(ns as f64));
    [
        format!("answers a client {fewest_answers} to {most_answers}, median {median_answers}"),
        format!("means {} to {}", means[0], means[1]),
    ]
}

/// A number of something: `1 line`, `2 lines`.
fn of_unit(number: u64, unit: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{ending}")
}

/// A time, to three digits.
pub fn time(nanoseconds: f64) -> String {
    let units = [(1e9, "s"), (1e6, "ms"), (1e3, "µs")];
    let unit = units.iter().find(|(size, _)| nanoseconds >= *size);
    let (size, unit) = unit.unwrap_or(&(1.0, "ns"));
    format!("{} {unit}", three_digits(nanoseconds / size))
}

/// An amount with a prefix, `k` for 1,000 or `Ki` for 1,024, and a space before the unit.
pub fn amount(number: f64, step: f64) -> String {
    let prefixes = if step == 1024.0 { ["", "Ki", "Mi", "Gi"] } else { ["", "k", "M", "G"] };
    let steps = prefixes.iter().scan(1.0, |size, prefix| {
        let this = *size;
        *size *= step;
        Some((this, prefix))
    });
    let fitting = steps.take_while(|(size, _)| number >= *size).last();
    let (size, prefix) = fitting.unwrap_or((1.0, &""));
    format!("{} {prefix}", three_digits(number / size))
}

fn three_digits(number: f64) -> String {
    let places = match number {
        ..10.0 => 2,
        ..100.0 => 1,
        _ => 0,
    };
    let text = format!("{number:.places$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// A whole number, with commas between its thousands.
pub fn count(number: f64) -> String {
    let digits = format!("{number:.0}");
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| str::from_utf8(group).expect("digits"))
        .collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_three_digits_and_the_unit_that_fits() {
        for (nanoseconds, expected) in [
            (0.0, "0 ns"),
            (999.0, "999 ns"),
            (1000.0, "1 µs"),
            (13_400.0, "13.4 µs"),
            (123_456_789.0, "123 ms"),
            (61e9, "61 s"),
        ] {
            assert_eq!(time(nanoseconds), expected);
        }
        assert_eq!(amount(1536.0, 1024.0), "1.5 Ki");
        assert_eq!(amount(2_500_000.0, 1000.0), "2.5 M");
        assert_eq!(amount(0.0, 1000.0), "0 ");
        assert_eq!(count(1_234_567.4), "1,234,567");
        assert_eq!(count(999.0), "999");
    }
}
