//! A record as bars in a terminal: the same rows as in the pictures, one line each.

use launch::Style;

use crate::draw::axis;
use crate::record::{Client, Lane, Record};

/// The width of a narrow terminal.
const WIDTH: usize = 80;

/// The columns for the name of a row.
const NAMES: usize = 20;

/// The columns for the time.
const TIME: usize = WIDTH - NAMES - 1;

/// The fewest columns from one label of the axis to the next.
const APART: usize = 10;

const WAITS: char = '░';
const SERVED: char = '█';
const ASLEEP: char = '─';
const SENDS: char = '>';
const ANSWERED: char = '<';

const LEGEND: &str = "\
░ connected, waits to be accepted   █ is served   > sends   < is answered
A the server has A in hand          ─ it waits for any client";

/// The clients of a record and the threads that served them, as rows of at most 80 columns. Time
/// runs to the right.
pub fn bars(style: &Style, record: &Record) -> String {
    let scale = Scale { axis: axis(&[(style, record.clone())]) };
    let clients = record.clients().iter().map(|client| scale.client(style, client));
    let lanes = record.lanes().iter().map(|lane| scale.lane(style, record, lane));
    let rows: String = clients.chain(lanes).collect();
    format!("{}{rows}{LEGEND}\n", scale.labels())
}

/// The columns for the time, and the time that they stand for.
struct Scale {
    /// In milliseconds.
    axis: f64,
}

impl Scale {
    fn column(&self, time: f64) -> usize {
        ((time / self.axis * TIME as f64) as usize).min(TIME - 1)
    }

    /// The row of times above the bars, each above its column.
    fn labels(&self) -> String {
        let steps = [100, 200, 500, 1000, 2000, 5000];
        let is_wide = |step: &usize| self.column(*step as f64) >= APART;
        let step = steps.into_iter().find(is_wide).unwrap_or(10_000);
        let mut row = " ".repeat(NAMES + 1);
        for time in (0..).step_by(step) {
            let column = self.column(time as f64);
            if column + APART > TIME {
                break;
            }
            row += &" ".repeat(NAMES + 1 + column - row.len());
            row += &format!("{time} ms");
        }
        row + "\n"
    }

    fn client(&self, style: &Style, client: &Client) -> String {
        let mut row = Row::default();
        let columns = [client.connects, client.accepted, client.ends].map(|time| self.column(time));
        let [connects, accepted, ends] = columns;
        row.fill(connects, accepted, WAITS);
        row.fill(accepted, ends + 1, SERVED);
        client.sends.iter().for_each(|(at, _)| row.fill_one(self.column(*at), SENDS));
        // A client that is answered at once has both marks, one behind the other.
        let answered = self.column(client.answered);
        let is_taken = row.0[answered] == SENDS;
        row.fill_one((answered + usize::from(is_taken)).min(TIME - 1), ANSWERED);
        row.named(style, &client.name)
    }

    fn lane(&self, style: &Style, record: &Record, lane: &Lane) -> String {
        let mut row = Row::default();
        row.fill(self.column(lane.from), self.column(lane.to) + 1, ASLEEP);
        for spell in record.spells(lane) {
            let sign = spell.client.chars().next().unwrap_or('?');
            row.fill(self.column(spell.from), self.column(spell.to) + 1, sign);
        }
        row.named(style, &lane.name)
    }
}

/// A row of bars, without its name.
struct Row([char; TIME]);

impl Default for Row {
    fn default() -> Row {
        Row([' '; TIME])
    }
}

impl Row {
    fn fill(&mut self, from: usize, to: usize, sign: char) {
        let to = to.min(TIME);
        self.0[from.min(to)..to].fill(sign);
    }

    fn fill_one(&mut self, at: usize, sign: char) {
        self.0[at] = sign;
    }

    fn named(&self, style: &Style, name: &str) -> String {
        let bars: String = self.0.iter().collect();
        let name: String = name.chars().take(NAMES).collect();
        format!("{name:NAMES$} {}\n", style.painted(bars.trim_end()))
    }
}
