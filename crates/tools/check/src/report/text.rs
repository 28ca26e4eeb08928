//! The report for people.

use std::fmt::Write;

use crate::case::{Act, Case, both};
use crate::judge::{Failed, Status, Verdict};
use crate::report::{Record, Report, Reveal};
use crate::text::{Names, SHOWN, escaped, quoted};

/// A line for each case; for a failure, its steps, what came instead, and what that may mean.
pub(crate) struct Text {
    reveal: Reveal,
    /// The columns of the line of a case before its result.
    width: usize,
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    passed: usize,
    failed: usize,
    errors: usize,
    skipped: usize,
    not_reached: usize,
}

/// The most columns of the line of a case before its result.
const WIDEST: usize = 57;

impl Text {
    pub(crate) fn new(reveal: Reveal) -> Text {
        Text { reveal, width: 0, counts: Counts::default() }
    }
}

impl Report for Text {
    fn begin(&mut self, cases: &[&Case]) -> String {
        let widths = cases.iter().map(|case| 11 + case.title.chars().count());
        self.width = widths.max().unwrap_or(0).min(WIDEST);
        String::new()
    }

    fn verdict(&mut self, verdict: &Verdict, record: &Record) -> String {
        let case = verdict.case;
        let line = format!("{:10} {}", case.name(), case.title);
        let (count, result, more) = match &verdict.status {
            Status::Passed => (&mut self.counts.passed, "ok".to_owned(), String::new()),
            Status::NotReached => {
                self.counts.not_reached += 1;
                return String::new();
            }
            Status::Skipped(why) => {
                (&mut self.counts.skipped, format!("not run: {why}"), String::new())
            }
            Status::Error(why) => {
                let why = why.replace('\n', "\n             ");
                let more = format!("  because    {why}\n");
                (&mut self.counts.errors, "not checked".to_owned(), more)
            }
            Status::Failed(failed) => {
                let (step, all) = (failed.failure.step, case.steps.len());
                let more = match self.reveal {
                    Reveal::None => String::new(),
                    _ => format!("{}  again    {}\n\n", record.story, record.again),
                };
                (&mut self.counts.failed, format!("FAIL after {step} of {all} steps"), more)
            }
        };
        *count += 1;
        let width = self.width;
        format!("{line:width$} {result}\n{more}")
    }

    fn end(&mut self) -> String {
        let Counts { passed, failed, errors, skipped, not_reached } = self.counts;
        let parts = [
            (passed, "passed"),
            (failed, "failed"),
            (errors, "not checked"),
            (skipped, "not run"),
            (not_reached, "not reached (--all goes on after a failure)"),
        ];
        let parts = parts.iter().filter(|(count, _)| *count > 0);
        let parts: Vec<String> = parts.map(|(count, what)| format!("{count} {what}")).collect();
        // A failure that ends the report has an empty line below it already.
        let space = if not_reached > 0 { "" } else { "\n" };
        format!("{space}{}\n", parts.join(", "))
    }
}

/// The steps up to the one that failed, with what came.
pub(crate) fn story(case: &Case, failed: &Failed, reveal: Reveal) -> String {
    let failure = &failed.failure;
    let mut text = String::new();
    for (number, step) in case.steps.iter().enumerate().take(failure.step + 1) {
        let is_last = number == failure.step;
        // The first steps and the last ones tell the story.
        if failure.step > 6 && (1..failure.step - 2).contains(&number) {
            if number == 1 {
                text += "  …\n";
            }
            continue;
        }
        let written = match &step.act {
            Act::Send { text, pieces: None } if step.turns.is_none() => {
                let bytes = text.bytes(&Names::new());
                bytes.map_or(step.written.clone(), |bytes| format!("sends {}", both(&bytes)))
            }
            _ if is_last && reveal == Reveal::Actual => "expects something else".to_owned(),
            Act::Expect(_) if is_last && failure.expected.is_some() => {
                format!("expects {}", quoted(failure.expected.as_deref().unwrap_or_default()))
            }
            _ => step.written.clone(),
        };
        let (verb, rest) = written.split_once(' ').unwrap_or((&written, ""));
        let written = match verb {
            "sends" | "expects" if !rest.starts_with("and ") => format!("{verb:8} {rest}"),
            _ => written,
        };
        let ok = if is_last { "" } else { "  ok" };
        let line = format!("{:3} {:4} {written}", number + 1, step.who);
        let _ = writeln!(text, "{}{ok}", line.trim_end());
    }
    // An expectation that the step does not show by itself.
    let is_shown = matches!(case.steps[failure.step].act, Act::Expect(_) | Act::WaitFor(_));
    if let Some(expected) =
        failure.expected.as_deref().filter(|_| reveal == Reveal::Full && !is_shown)
    {
        let _ = writeln!(text, "         wants    {}", quoted(expected));
    }
    text += &came(failed, reveal);
    if let Some(words) = &failed.server {
        let _ = writeln!(text, "  server   {}", words.replace('\n', "\n           "));
    }
    if let Some(cause) = failure.cause.as_ref().filter(|_| reveal == Reveal::Full) {
        let _ = writeln!(text, "  likely   {}\n  page     {}", cause.text, cause.page);
    }
    text
}

/// What came instead, and where it differs.
fn came(failed: &Failed, reveal: Reveal) -> String {
    let failure = &failed.failure;
    let expected = failure.expected.as_deref().filter(|_| reveal == Reveal::Full);
    let (got, at) = around(&failure.got, failure.at, expected.map_or(0, <[u8]>::len));
    let mut text = String::new();
    let then = &failure.then;
    match (got.is_empty(), then.is_empty()) {
        (true, _) => {
            let _ = writeln!(
                text,
                "         got      {}",
                if then.is_empty() { "nothing" } else { then }
            );
        }
        (false, true) => {
            let _ = writeln!(text, "         got      {}", quoted(got));
        }
        (false, false) => {
            let _ = writeln!(text, "         got      {}, {then}", quoted(got));
        }
    }
    if let (Some(at), Some(expected)) = (at, expected)
        && !got.is_empty()
        && quoted(got).len() == escaped(got).len() + 2
    {
        let place = escaped(&got[..at]).chars().count();
        let space = " ".repeat(place);
        let _ = writeln!(
            text,
            "                   {space}^ byte {}: {}",
            at + 1,
            difference(expected, got, at)
        );
    }
    text
}

/// The part of what came that shows the difference: all of it, if it is short, and otherwise up to the
/// end of the line.
fn around(got: &[u8], at: Option<usize>, expected: usize) -> (&[u8], Option<usize>) {
    if escaped(got).chars().count() <= SHOWN {
        return (got, at);
    }
    let from = at.unwrap_or(expected).min(got.len());
    let end = got[from..].iter().position(|byte| *byte == b'\n');
    (&got[..end.map_or(got.len(), |end| from + end + 1)], at)
}

/// How the bytes differ from there on.
fn difference(expected: &[u8], got: &[u8], at: usize) -> String {
    let (wanted, came) = (&expected[at.min(expected.len())..], &got[at.min(got.len())..]);
    if came.is_empty() {
        return format!("{} is missing", quoted(wanted));
    }
    if wanted.is_empty() {
        return format!("{} is too much", quoted(came));
    }
    let missing = (1..wanted.len()).find(|skip| came.starts_with(&wanted[*skip..]));
    let more = (1..came.len()).find(|skip| came[*skip..].starts_with(wanted));
    match (missing, more) {
        // One byte that is there anyway may be chance.
        (Some(skip), _) if wanted.len() - skip > 1 || came.len() == 1 => {
            format!("{} is missing", quoted(&wanted[..skip]))
        }
        (_, Some(skip)) => format!("{} is too much", quoted(&came[..skip])),
        _ => {
            let one = |bytes: &[u8]| {
                let length = str::from_utf8(bytes).ok().and_then(|text| text.chars().next());
                quoted(&bytes[..length.map_or(1, char::len_utf8)])
            };
            format!("{} should be {}", one(came), one(wanted))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_named() {
        for (expected, got, at, named) in [
            ("[ana] hello\r\n", "[ana] lo\r\n", 6, r#""hel" is missing"#),
            ("hello\r\n", "hello\n", 5, r#""\r" is missing"#),
            ("hello", "hello!", 5, r#""!" is too much"#),
            ("hello\r\n", "hello\r\r\n", 6, r#""\r" is too much"#),
            ("Hànyǔ", "Hanyǔ", 1, r#""a" should be "à""#),
        ] {
            assert_eq!(difference(expected.as_bytes(), got.as_bytes(), at), named);
        }
    }
}
