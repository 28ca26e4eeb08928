//! Reports: for people, and in the forms that other programs read.

mod classroom;
pub(crate) mod csv;
mod gradescope;
mod json;
mod junit;
mod record;
mod tap;
mod text;

pub(crate) use csv::Line;
pub(crate) use record::Record;
pub(crate) use text::{Text, story};

use clap::ValueEnum;

use crate::case::Case;
use crate::judge::Verdict;

/// A report is told of the beginning, of each verdict as soon as there is one, and of the end. It
/// returns what is to be printed each time.
pub(crate) trait Report {
    fn begin(&mut self, _cases: &[&Case]) -> String {
        String::new()
    }

    fn verdict(&mut self, verdict: &Verdict, record: &Record) -> String;

    fn end(&mut self) -> String;
}

/// The form of a report.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// An object a line, a line for each case
    Json,
    /// JUnit's XML, which most services that build and test can show
    Junit,
    /// The Test Anything Protocol, version 14
    Tap,
    /// The results.json of Gradescope
    Gradescope,
    /// The result.json of Classroom 50
    Classroom50,
}

/// How much of a failure a report shows.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(crate) enum Reveal {
    /// What was expected, what came, and the likely cause
    Full,
    /// What came
    Actual,
    /// Only that it failed
    None,
}

impl Format {
    pub(crate) fn report(self, reveal: Reveal) -> Box<dyn Report> {
        match self {
            Format::Text => Box::new(Text::new(reveal)),
            Format::Json => Box::new(json::Json),
            Format::Junit => Box::new(junit::Junit::default()),
            Format::Tap => Box::new(tap::Tap::default()),
            Format::Gradescope => Box::new(gradescope::Gradescope::default()),
            Format::Classroom50 => Box::new(classroom::Classroom::default()),
        }
    }
}
