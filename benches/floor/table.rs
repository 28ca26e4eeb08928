//! The tables of a session, for people at a terminal and for the book.

use std::fmt::{Display, Write};

use compare::{Machine, Spread};
use serde::{Deserialize, Serialize};

/// One session.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Session {
    #[serde(flatten)]
    pub(crate) machine: Machine,
    /// The time at which it began.
    pub(crate) at: String,
    /// Where the two ends ran.
    pub(crate) place: String,
    /// The number of pairs for each row.
    pub(crate) pairs: usize,
    pub(crate) speed: Vec<Table>,
    pub(crate) idle: Vec<Memory>,
}

/// The rows of one load.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Table {
    pub(crate) load: String,
    pub(crate) rows: Vec<Speed>,
}

/// The speed of a style and of its floor.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Speed {
    pub(crate) style: String,
    pub(crate) floor: String,
    /// Requests a second.
    pub(crate) ours: f64,
    pub(crate) floors: f64,
    /// How many times as many requests as the floor.
    pub(crate) ratio: Spread,
    pub(crate) aim: f64,
    /// Microseconds of processor time for a request.
    pub(crate) micros: Micros,
}

/// The microseconds of processor time for a request that each side uses.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Micros {
    pub(crate) ours: f64,
    pub(crate) floor: f64,
    /// The client of the floor.
    pub(crate) client: f64,
}

/// The memory of an idle connection, in KiB.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Memory {
    pub(crate) style: String,
    pub(crate) floor: String,
    pub(crate) ours: f64,
    pub(crate) floors: f64,
    /// The aim.
    pub(crate) most: f64,
}

/// A row of a table on a terminal.
pub(crate) trait Row {
    const COLUMNS: &[&str];

    fn figures(&self) -> Vec<String>;

    /// Whether the style meets its aim.
    fn is_met(&self) -> bool;
}

impl Row for Speed {
    const COLUMNS: &[&str] = &[
        "ours/s",
        "floor's/s",
        "ratio",
        "lowest",
        "highest",
        "aim",
        "ours, µs",
        "floor, µs",
        "client, µs",
    ];

    fn figures(&self) -> Vec<String> {
        let Spread { median, min, max } = self.ratio;
        let Micros { ours, floor, client } = self.micros;
        let rates = [self.ours, self.floors].map(|rate| format!("{rate:.0}"));
        let ratios = [median, min, max].map(|ratio| format!("{ratio:.3}"));
        let micros = [self.aim, ours, floor, client].map(|figure| format!("{figure:.2}"));
        [&rates[..], &ratios, &micros].concat()
    }

    fn is_met(&self) -> bool {
        self.ratio.median >= self.aim
    }
}

impl Row for Memory {
    const COLUMNS: &[&str] = &["ours, KiB", "floor, KiB", "at most"];

    fn figures(&self) -> Vec<String> {
        let Memory { ours, floors, most, .. } = self;
        vec![format!("{ours:.2}"), format!("{floors:.2}"), format!("{most}")]
    }

    fn is_met(&self) -> bool {
        self.ours <= self.most
    }
}

/// The width of the first column.
const WIDTH: usize = 50;

/// Prints a line for a terminal.
pub(crate) fn line(title: &str, columns: &[impl Display]) {
    let columns = columns.iter().map(|column| format!("{column:>11}"));
    println!("{title:WIDTH$}{}", columns.collect::<String>());
}

/// The tables of some loads as a part of a page. The bar of a ratio is full at 1.25.
pub(crate) fn speed_html<'a>(tables: impl IntoIterator<Item = &'a Table>) -> String {
    let mut html = String::new();
    for Table { load, rows } in tables {
        html += &head(load, &["style", "beside", "ratio", "aim", "ours", "its"]);
        for Speed { style, floor, ratio, aim, micros, .. } in rows {
            let Spread { median, min, max } = ratio;
            let bar = match *max <= 1.25 {
                true => format!(" class=\"ratio\" style=\"--part: {:.0}%\"", median * 80.0),
                false => String::new(),
            };
            let sign = if median >= aim { "" } else { "▽ " };
            let _ = writeln!(
                html,
                "<tr>{}<td>{floor}</td>\
                 <td{bar}>{sign}{median:.2}<span class=\"spread\">{min:.2} to {max:.2}</span></td>\
                 <td>{aim}</td><td>{:.2} µs</td><td>{:.2} µs</td></tr>",
                name(style),
                micros.ours,
                micros.floor
            );
        }
        html += "</tbody>\n</table>\n</div>\n";
    }
    html
}

/// The table of memory as a part of a page.
pub(crate) fn memory_html(rows: &[Memory]) -> String {
    let mut html =
        head("memory of an idle echo connection", &["style", "beside", "ours", "its", "at most"]);
    for row in rows {
        let Memory { style, floor, ours, floors, most } = row;
        let sign = if row.is_met() { "" } else { "▽ " };
        let _ = writeln!(
            html,
            "<tr>{}<td>{floor}</td><td>{sign}{ours:.2} KiB</td><td>{floors:.2} KiB</td>\
             <td>{most} KiB</td></tr>",
            name(style)
        );
    }
    html + "</tbody>\n</table>\n</div>\n"
}

/// Where and when the session was, as a part of a page.
pub(crate) fn source_html(session: &Session) -> String {
    let Machine { processor, kernel, commit, .. } = &session.machine;
    format!(
        "<p class=\"source\">{processor}, Linux {kernel}, {}, commit {commit}; {}; medians of {} \
         pairs</p>\n",
        session.at,
        session.place.to_lowercase(),
        session.pairs
    )
}

fn head(title: &str, columns: &[&str]) -> String {
    let columns = columns.iter().map(|column| format!("<th scope=\"col\">{column}</th>"));
    format!(
        "<div class=\"figures\" tabindex=\"0\" role=\"region\" aria-label=\"{title}\">\n<table>\n\
         <caption>{title}</caption>\n<thead><tr>{}</tr></thead>\n<tbody>\n",
        columns.collect::<String>()
    )
}

/// The first cell of a row: the style, in its colour and with its sign, which the theme adds.
fn name(style: &str) -> String {
    format!("<th scope=\"row\"><span class=\"style-{style}\">{style}</span></th>")
}
