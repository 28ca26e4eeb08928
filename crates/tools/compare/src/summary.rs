//! Summaries of many measurements of the same thing.

use launch::Style;
use load::Report;
use serde::{Deserialize, Serialize};

use crate::about::About;
use crate::code::{Code, code};
use crate::loads::{FIGURES, Figure, Load};
use crate::measure::Outcome;
use crate::runs::Runs;

/// A figure of several rounds: the median, and the spread of the others.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// As many values are below it as above.
    pub median: f64,
    /// The least value.
    pub min: f64,
    /// The greatest value.
    pub max: f64,
}

impl Spread {
    /// `None` if there is nothing to summarize.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Spread> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let middle = values.len() / 2;
        let median = match values.len() % 2 {
            0 => (values[middle - 1] + values[middle]) / 2.0,
            _ => values[middle],
        };
        Some(Spread { median, min, max })
    }
}

/// One style under one load: the results of its rounds, and the reasons why some of them failed.
///
/// If all have failed, the style cannot do it; without results and failures, it has not been
/// measured yet.
#[derive(Default)]
pub(crate) struct Cell<'a> {
    reports: Vec<&'a Report>,
    pub(crate) failures: Vec<&'a str>,
}

impl<'a> Cell<'a> {
    pub(crate) fn of(runs: &'a Runs, load: &Load, style: &Style) -> Cell<'a> {
        let mut cell = Cell::default();
        for sample in runs.of(&load.name, style.name) {
            match &sample.outcome {
                Outcome::Measured(report) => cell.reports.push(report),
                Outcome::Cannot(why) => cell.failures.push(why),
            }
        }
        cell
    }

    /// The reason why the style cannot do it, if it cannot.
    pub(crate) fn cannot(&self) -> Option<&'a str> {
        let first = self.failures.first().copied();
        first.filter(|_| self.reports.is_empty())
    }

    pub(crate) fn figure(&self, figure: &Figure) -> Option<Spread> {
        let values = self.reports.iter().filter_map(|report| (figure.of)(report));
        Spread::of(values)
    }
}

/// All results of a comparison, in the form for programs.
#[derive(Debug, Serialize)]
pub(crate) struct Summary<'a> {
    about: &'a About,
    rounds: usize,
    styles: Vec<StyleSummary>,
    cells: Vec<CellSummary<'a>>,
}

#[derive(Debug, Serialize)]
struct StyleSummary {
    style: &'static str,
    code: Option<Code>,
}

#[derive(Debug, Serialize)]
struct CellSummary<'a> {
    load: &'a str,
    style: &'static str,
    cannot: Option<&'a str>,
    failed_rounds: usize,
    figures: Vec<FigureSummary>,
}

#[derive(Debug, Serialize)]
struct FigureSummary {
    figure: &'static str,
    #[serde(flatten)]
    spread: Spread,
}

impl<'a> Summary<'a> {
    /// Times are in nanoseconds, memory in bytes.
    pub(crate) fn new(
        about: &'a About,
        rounds: usize,
        runs: &'a Runs,
        loads: &'a [Load],
        styles: &'a [&'static Style],
    ) -> Summary<'a> {
        let all = loads.iter().flat_map(|load| styles.iter().map(move |style| (load, *style)));
        let cells = all.map(|(load, style)| {
            let cell = Cell::of(runs, load, style);
            let figures = FIGURES.iter().filter_map(|figure| {
                let spread = cell.figure(figure)?;
                let figure = figure.name;
                Some(FigureSummary { figure, spread })
            });
            CellSummary {
                load: &load.name,
                style: style.name,
                figures: figures.collect(),
                cannot: cell.cannot(),
                failed_rounds: cell.failures.len(),
            }
        });
        let styles =
            styles.iter().map(|style| StyleSummary { style: style.name, code: code(style) });
        Summary { about, rounds, styles: styles.collect(), cells: cells.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_stands_in_the_middle() {
        let spread = |values: &[f64]| Spread::of(values.iter().copied());
        assert_eq!(spread(&[]), None);
        let expected = Spread { median: 2.0, min: 1.0, max: 9.0 };
        assert_eq!(spread(&[9.0, 1.0, 2.0]), Some(expected));
        let expected = Spread { median: 2.5, min: 1.0, max: 9.0 };
        assert_eq!(spread(&[9.0, 3.0, 1.0, 2.0]), Some(expected));
    }
}
