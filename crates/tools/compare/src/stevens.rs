//! Stevens' measurement of server styles, repeated: its results, and their table.
//!
//! W. Richard Stevens, Bill Fenner, Andrew M. Rudoff: UNIX Network Programming, volume 1, third
//! edition (2003), figure 30.1. `benches/stevens.rs` does the measuring.

use std::fmt::{self, Display, Formatter};

use serde::{Deserialize, Serialize};

use crate::about::Machine;
use crate::page::escape;
use crate::summary::Spread;

/// Stevens' result for each style, in seconds.
const HIS: [(&str, &str, f64); 5] = [
    ("iterative", "one client after the other", 0.0),
    ("fork", "a process for each client", 20.90),
    ("prefork", "processes that already exist, each of which accepts", 1.80),
    ("thread", "a thread for each client", 0.99),
    ("pool", "threads that already exist, and the main thread accepts", 2.05),
];

/// One session: each style, measured several times.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Session {
    /// The machine on which it was made.
    #[serde(flatten)]
    pub machine: Machine,
    /// The processor of the server, and that of its clients.
    pub placement: String,
    /// The time at which it began.
    pub at: String,
    /// The load of the machine just before (proc_loadavg(5)).
    pub load_average: f64,
    /// The number of connections in a measurement.
    pub connections: usize,
    /// The number of connections at the same time.
    pub at_once: usize,
    /// The number of bytes that each client gets.
    pub bytes: usize,
    /// The number of times that each style was measured.
    pub rounds: usize,
    /// One row for each style; the first one is the baseline.
    pub rows: Vec<Row>,
}

/// The cost of all connections for a style, in seconds of a processor: its own time in user mode
/// and in the kernel, and that of its children, from its start to its end.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row {
    /// The style's name.
    pub style: String,
    /// The whole cost.
    pub whole: Spread,
    /// The cost above the baseline of the same round.
    pub over: Spread,
}

impl Session {
    /// Stevens' figures beside ours, as HTML.
    pub fn table(&self) -> String {
        let mut text = String::from(
            "<div class=\"figures\" tabindex=\"0\" role=\"region\" aria-label=\"Stevens' figure 30.1 beside ours\">\n\
             <table>\n<caption>processor time over the iterative server, in seconds</caption>\n\
             <thead><tr><th scope=\"col\">how a client is served</th><th scope=\"col\">Stevens</th>\
             <th scope=\"col\">ours</th><th scope=\"col\">ours, for one connection</th></tr></thead>\n\
             <tbody>\n",
        );
        for (style, what, seconds) in HIS {
            let row = self.rows.iter().find(|row| row.style == style);
            text += &self.entry(style, what, Some(seconds), row);
        }
        for row in &self.rows {
            let what = match &*row.style {
                "select" => "one loop for all",
                "async" => "a task for each client",
                "poll" => "one loop for all, with one list",
                "epoll" => "one loop for all, with a list in the kernel",
                "executor" => "a task for each client, run by the server itself",
                "uring" => "one loop for all, and the kernel makes the calls",
                _ => continue,
            };
            text += &self.entry(&row.style, what, None, Some(row));
        }
        text + "</tbody>\n</table>\n</div>\n"
    }

    fn entry(&self, style: &str, what: &str, his: Option<f64>, ours: Option<&Row>) -> String {
        let his = his.map_or("–".to_owned(), |his| format!("{his:.2}"));
        let ours = match ours {
            None => "<td>–</td><td>–</td>".to_owned(),
            Some(row) if row.over == ZERO => "<td>0</td><td>0</td>".to_owned(),
            Some(row) => {
                let Spread { median, min, max } = row.over;
                let figure = |seconds: f64| number(seconds, 3);
                let one = |seconds: f64| number(seconds * 1e6 / self.connections as f64, 1);
                let spread = |[median, min, max]: [String; 3], unit: &str| {
                    format!("<td>{median}{unit}<span class=\"spread\">{min} to {max}</span></td>")
                };
                let all = [median, min, max];
                spread(all.map(figure), "") + &spread(all.map(one), " µs")
            }
        };
        let name = format!("<span class=\"style-{style}\">{style}</span>: {what}");
        format!("<tr><th scope=\"row\">{name}</th><td>{his}</td>{ours}</tr>\n")
    }

    /// The data that you need to measure it again, as HTML.
    pub fn about(&self) -> String {
        let machine = &self.machine;
        let rows = [
            ("commit", format!("<code>{}</code>", escape(&machine.commit))),
            ("begun", self.at.clone()),
            ("rounds", self.rounds.to_string()),
            ("placement", escape(&self.placement)),
            (
                "processor",
                format!("{}, {} of them", escape(&machine.processor), machine.processors),
            ),
            ("kernel", format!("Linux {}", escape(&machine.kernel))),
            ("load average before", format!("{:.2}", self.load_average)),
        ];
        let rows = rows.map(|(name, value)| {
            format!("<tr><th scope=\"row\">{name}</th><td>{value}</td></tr>\n")
        });
        format!(
            "<table class=\"about\">\n\
             <thead><tr><th scope=\"col\">setting</th><th scope=\"col\">value</th></tr></thead>\n\
             <tbody>\n{}</tbody>\n</table>\n",
            rows.concat()
        )
    }
}

/// A number with a minus sign that is as wide as a plus, and without one before a zero.
fn number(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    match text.strip_prefix('-') {
        Some(zero) if zero.bytes().all(|byte| b"0.".contains(&byte)) => zero.to_owned(),
        Some(amount) => format!("−{amount}"),
        None => text,
    }
}

const ZERO: Spread = Spread { median: 0.0, min: 0.0, max: 0.0 };

/// The table, for a terminal.
impl Display for Session {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Session { connections, at_once, bytes, rounds, .. } = self;
        writeln!(
            f,
            "{connections} connections, {at_once} at once, {bytes} bytes each; medians of {rounds}"
        )?;
        writeln!(f, "\n{:12}{:>12}{:>12}{:>12}{:>12}", "", "seconds", "over", "lowest", "highest")?;
        for Row { style, whole, over } in &self.rows {
            writeln!(
                f,
                "{style:12}{:>12.3}{:>12.3}{:>12.3}{:>12.3}",
                whole.median, over.median, over.min, over.max
            )?;
        }
        Ok(())
    }
}
