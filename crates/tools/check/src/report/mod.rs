//! Reports: for people, and in the forms that other programs read.

mod text;

pub(crate) use text::{Reveal, Text};

use crate::judge::Verdict;

/// A report is told of each verdict as soon as there is one, and of the end.
pub(crate) trait Report {
    /// Returns what is to be printed now.
    fn verdict(&mut self, verdict: &Verdict) -> String;

    /// Returns what is to be printed at the end.
    fn end(&mut self) -> String;
}
