//! Single reports of the load generator that were kept, and their tables.

use load::Report;
use serde::{Deserialize, Serialize};

use crate::about::Machine;
use crate::loads::RATE;
use crate::page::escape;
use crate::part::Part;

/// All reports that were kept together.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Reports {
    /// The machine on which they were made.
    #[serde(flatten)]
    machine: Machine,
    entries: Vec<Entry>,
}

/// One report.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    /// The table that contains it.
    table: String,
    /// Its name in the table.
    name: String,
    /// The command that was typed.
    command: String,
    /// The load of the machine just before (proc_loadavg(5)).
    load_average: f64,
    /// Answers a second, if the report is another generator's.
    rate: Option<f64>,
    /// The part of a core that this other generator used, between 0 and 1.
    core: Option<f64>,
    report: Option<Report>,
}

impl Reports {
    /// The tables, each with its entries in the order of the file.
    pub(crate) fn parts(&self) -> Vec<Part> {
        let mut tables = Vec::new();
        for entry in &self.entries {
            if !tables.contains(&&*entry.table) {
                tables.push(&*entry.table);
            }
        }
        let one = |table: &str| Part::new(&format!("{table}.html"), self.table(table));
        tables.into_iter().map(one).collect()
    }

    fn table(&self, name: &str) -> String {
        let entries = self.entries.iter().filter(|entry| entry.table == name);
        let rows: String = entries.clone().map(Entry::row).collect();
        let busy = entries.map(|entry| entry.load_average).fold(0.0, f64::max);
        let Machine { processor, commit, kernel, .. } = &self.machine;
        format!(
            "<div class=\"figures\" tabindex=\"0\" role=\"region\" aria-label=\"{name}\">\n\
             <table>\n<caption>{}, Linux {}, commit {}, load average before at most {busy:.2}\
             </caption>\n<thead><tr><th scope=\"col\">command</th>\
             <th scope=\"col\">answers a second</th><th scope=\"col\">its core</th>\
             <th scope=\"col\">mean</th>\
             <th scope=\"col\">p50</th><th scope=\"col\">p90</th><th scope=\"col\">p99</th>\
             <th scope=\"col\">p99.9</th><th scope=\"col\">max</th></tr></thead>\n\
             <tbody>\n{rows}</tbody>\n</table>\n</div>\n",
            escape(processor),
            escape(kernel),
            escape(commit),
        )
    }
}

impl Entry {
    fn row(&self) -> String {
        let rate = self.rate.or(self.report.as_ref().map(Report::rate));
        let latency = self.report.as_ref().and_then(|report| report.latency_ns);
        let times = latency.map(|latency| {
            [
                latency.mean,
                latency.p50 as f64,
                latency.p90 as f64,
                latency.p99 as f64,
                latency.p99_9 as f64,
                latency.max as f64,
            ]
        });
        let times = (0..6).map(|column| times.map(|times| load::time(times[column])));
        let core = self.core.or(self.report.as_ref().map(|report| report.generator_core));
        let core = core.map(|core| format!("{:.0} %", core * 100.0));
        let cells = [rate.map(RATE.write), core].into_iter().chain(times);
        let cells = cells.map(|cell| format!("<td>{}</td>", cell.as_deref().unwrap_or("–")));
        let words = self.command.split(' ').map(escape);
        let words = words.map(|word| format!("<span>{word}</span>"));
        let command = words.collect::<Vec<_>>().join(" ");
        format!(
            "<tr><th scope=\"row\">{} <code>{command}</code></th>{}</tr>\n",
            escape(&self.name),
            cells.collect::<String>()
        )
    }
}
