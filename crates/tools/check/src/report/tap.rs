//! The Test Anything Protocol, version 14: <https://testanything.org/tap-version-14-specification.html>

use std::fmt::Write;

use crate::case::Case;
use crate::judge::Verdict;
use crate::report::{Record, Report};

#[derive(Default)]
pub(crate) struct Tap {
    number: usize,
}

impl Report for Tap {
    fn begin(&mut self, cases: &[&Case]) -> String {
        format!("TAP version 14\n1..{}\n", cases.len())
    }

    fn verdict(&mut self, _verdict: &Verdict, record: &Record) -> String {
        self.number += 1;
        let (is_ok, directive) = match record.status {
            "pass" => ("ok", String::new()),
            "skipped" => {
                let why = record.because.as_deref().unwrap_or_default();
                ("ok", format!(" # SKIP {}", why.lines().next().unwrap_or_default()))
            }
            _ => ("not ok", String::new()),
        };
        let title = record.title.replace('\\', "\\\\").replace('#', "\\#");
        let mut text = format!("{is_ok} {} - {} {title}{directive}\n", self.number, record.case);
        if is_ok == "not ok" {
            text += &block(record);
        }
        text
    }

    fn end(&mut self) -> String {
        String::new()
    }
}

/// What a failure has to say, as YAML: strings are written as in JSON, which YAML contains.
fn block(record: &Record) -> String {
    let mut text = String::from("  ---\n");
    let value = serde_json::to_value(record).expect("it has no map");
    let names =
        ["sent", "expected", "got", "at_byte", "cause", "likely", "page", "because", "again"];
    for name in names {
        if !value[name].is_null() {
            let _ = writeln!(text, "  {name}: {}", value[name]);
        }
    }
    text + "  ...\n"
}
