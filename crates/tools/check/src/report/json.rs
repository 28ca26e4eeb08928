//! JSON: one object a line, and one line for each case.

use crate::judge::Verdict;
use crate::report::{Record, Report};

pub(crate) struct Json;

impl Report for Json {
    fn verdict(&mut self, _verdict: &Verdict, record: &Record) -> String {
        serde_json::to_string(record).expect("it has no map") + "\n"
    }

    fn end(&mut self) -> String {
        String::new()
    }
}
