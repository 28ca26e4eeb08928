//! The table of the rungs, for people at a terminal and for the book.

use std::fmt::Write;

use compare::{Machine, Spread};
use serde::{Deserialize, Serialize};

use crate::server::RUNGS;

/// One session.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Session {
    #[serde(flatten)]
    pub(crate) machine: Machine,
    /// The time at which it began.
    pub(crate) at: String,
    /// The number of pairs for each figure.
    pub(crate) pairs: usize,
    pub(crate) rows: Vec<Row>,
    /// The memory of an idle connection, in KiB, for each rung.
    pub(crate) idle_kib: Vec<f64>,
}

/// A load, and the figures of each rung.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) load: String,
    pub(crate) figures: Vec<Figure>,
}

/// A rung's processor time for a request, and how many times less that is than without the rung.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Figure {
    pub(crate) micros: f64,
    pub(crate) ratio: Spread,
}

impl Row {
    /// Whether a rung wins or loses in this row. If its range overlaps the one of one-shot beside
    /// itself, nobody knows.
    pub(crate) fn verdict(&self, figure: &Figure) -> Verdict {
        let (chance, ratio) = (&self.figures[0].ratio, &figure.ratio);
        match () {
            () if ratio.min > chance.max => Verdict::Wins,
            () if ratio.max < chance.min => Verdict::Loses,
            () => Verdict::Open,
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Verdict {
    Wins,
    Loses,
    Open,
}

/// The table as text.
pub(crate) fn text(session: &Session) -> String {
    let mut text = String::from(
        "µs of processor time a request; in brackets, how many times less than one shot, and the range\n",
    );
    for row in &session.rows {
        let _ = writeln!(text, "\n{}", row.load);
        for (rung, figure) in RUNGS.iter().zip(&row.figures) {
            let (micros, Spread { median, min, max }) = (figure.micros, figure.ratio);
            let verdict = match row.verdict(figure) {
                Verdict::Wins => "  wins",
                Verdict::Loses => "  loses",
                Verdict::Open => "",
            };
            let _ = writeln!(
                text,
                "  {rung:27} {micros:6.2}  ({median:.2}, {min:.2} to {max:.2}){verdict}"
            );
        }
    }
    let _ = writeln!(text, "\nKiB of memory for an idle connection");
    for (rung, memory) in RUNGS.iter().zip(&session.idle_kib) {
        let _ = writeln!(text, "  {rung:27} {memory:6.2}");
    }
    text
}

/// The table as a part of a page: a column for each rung.
pub(crate) fn html(session: &Session) -> String {
    let mut html = String::from(
        "<div class=\"figures\" tabindex=\"0\" role=\"region\" aria-label=\"the rungs\">\n<table>\n\
         <caption>processor time for a request</caption>\n<thead><tr><th scope=\"col\">load</th>",
    );
    for rung in RUNGS {
        let _ = write!(html, "<th scope=\"col\">{rung}</th>");
    }
    html += "</tr></thead>\n<tbody>\n";
    for row in &session.rows {
        let _ = write!(html, "<tr><th scope=\"row\">{}</th>", row.load);
        for figure in &row.figures {
            let (micros, Spread { min, max, .. }) = (figure.micros, figure.ratio);
            let (class, sign) = match row.verdict(figure) {
                Verdict::Wins => (" class=\"best\"", "★ "),
                Verdict::Loses => ("", "▽ "),
                Verdict::Open => ("", ""),
            };
            let _ = write!(
                html,
                "<td{class}>{sign}{micros:.2} µs<span class=\"spread\">{min:.2} to {max:.2}</span></td>"
            );
        }
        html += "</tr>\n";
    }
    html += "<tr><th scope=\"row\">memory, idle connection</th>";
    for memory in &session.idle_kib {
        let _ = write!(html, "<td>{memory:.2} KiB</td>");
    }
    let Machine { processor, kernel, .. } = &session.machine;
    let _ = write!(
        html,
        "</tr>\n</tbody>\n</table>\n</div>\n\n<p class=\"source\">{processor}, both ends on one processor, Linux \
         {kernel}, {}; medians of {} pairs</p>\n",
        session.at, session.pairs
    );
    html
}
