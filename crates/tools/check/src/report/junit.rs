//! JUnit's XML, in the form that most programs read: a suite for each service.

use std::fmt::Write;

use crate::judge::Verdict;
use crate::report::{Record, Report};

#[derive(Default)]
pub(crate) struct Junit {
    records: Vec<Record>,
}

impl Report for Junit {
    fn verdict(&mut self, _verdict: &Verdict, record: &Record) -> String {
        self.records.push(record.clone());
        String::new()
    }

    fn end(&mut self) -> String {
        let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        let all: Vec<&Record> = self.records.iter().collect();
        let _ = writeln!(text, "<testsuites name=\"after-accept check\"{}>", counts(&all));
        let mut services: Vec<&str> = self.records.iter().map(service).collect();
        services.dedup();
        for name in services {
            let own: Vec<&Record> =
                self.records.iter().filter(|record| service(record) == name).collect();
            let _ = writeln!(text, "  <testsuite name=\"{}\"{}>", escape(name), counts(&own));
            own.iter().for_each(|record| text += &case(record));
            text += "  </testsuite>\n";
        }
        text + "</testsuites>\n"
    }
}

fn service(record: &Record) -> &str {
    record.case.split('/').next().unwrap_or_default()
}

fn counts(records: &[&Record]) -> String {
    let count = |status| records.iter().filter(|record| record.status == status).count();
    let seconds: f64 = records.iter().map(|record| record.seconds).sum();
    format!(
        " tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{seconds:.3}\"",
        records.len(),
        count("fail"),
        count("error"),
        count("skipped")
    )
}

fn case(record: &Record) -> String {
    let head = format!(
        "    <testcase classname=\"{}\" name=\"{} {}\" time=\"{:.3}\"",
        escape(service(record)),
        escape(&record.case),
        escape(&record.title),
        record.seconds
    );
    let because = escape(record.because.as_deref().unwrap_or_default());
    let inside = match record.status {
        "pass" => return head + "/>\n",
        "skipped" => format!("<skipped message=\"{because}\"/>"),
        "error" => format!("<error type=\"not checked\" message=\"{because}\"/>"),
        _ => format!(
            "<failure type=\"{}\" message=\"{}\">{}</failure>",
            escape(record.cause.as_deref().unwrap_or("failed")),
            escape(record.likely.as_deref().unwrap_or(&record.title)),
            escape(&format!("{}  again    {}", record.story, record.again))
        ),
    };
    format!("{head}>\n      {inside}\n    </testcase>\n")
}

/// A text between tags, or in quotation marks. It has no control characters: bytes are escaped.
fn escape(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\n', "&#10;")
}
