//! A line for each of many servers (RFC 4180).

use crate::report::Record;

/// The results of one server.
#[derive(Default)]
pub(crate) struct Line {
    points: u32,
    max_points: u32,
    counts: [usize; 4],
    first: Option<Record>,
}

/// The first line of the table.
pub(crate) const HEAD: &str =
    "server,points,max points,passed,failed,not checked,not run,first failure,likely cause\n";

impl Line {
    pub(crate) fn add(&mut self, record: &Record) {
        self.points += record.points;
        self.max_points += record.max_points;
        let place = ["pass", "fail", "error", "skipped"].iter().position(|is| *is == record.status);
        self.counts[place.unwrap_or_default()] += 1;
        if ["fail", "error"].contains(&record.status) {
            self.first.get_or_insert_with(|| record.clone());
        }
    }

    pub(crate) fn text(&self, server: &str) -> String {
        let [passed, failed, errors, skipped] = self.counts;
        let first = self.first.as_ref();
        let case =
            first.map_or(String::new(), |record| format!("{} {}", record.case, record.title));
        let why = first.and_then(|record| record.likely.clone().or(record.because.clone()));
        let why = why.unwrap_or_default();
        let [server, case, why] = [server, &*case, &*why].map(quoted);
        let Line { points, max_points, .. } = self;
        format!(
            "{server},{points},{max_points},{passed},{failed},{errors},{skipped},{case},{why}\n"
        )
    }
}

fn quoted(text: &str) -> String {
    let text = text.lines().next().unwrap_or_default();
    format!("\"{}\"", text.replace('"', "\"\""))
}
