//! The report for people.

use std::fmt::Write;

use crate::case::{Act, both};
use crate::judge::{Failed, Status, Verdict};
use crate::report::Report;
use crate::text::{escaped, quoted};

/// A line for each case; for a failure, its steps, what came instead, and what that may mean.
pub(crate) struct Text {
    /// How to play a case again: the words before and after its name.
    again: [String; 2],
    reveal: Reveal,
    counts: Counts,
}

/// How much of a failure a report shows.
#[derive(Clone, Copy, Debug, PartialEq, clap::ValueEnum)]
pub(crate) enum Reveal {
    /// What was expected, what came, and the likely cause
    Full,
    /// What came
    Actual,
    /// Only that it failed
    None,
}

#[derive(Default)]
struct Counts {
    passed: usize,
    failed: usize,
    errors: usize,
    skipped: usize,
}

/// The width of the line of a case, without its result.
const WIDTH: usize = 60;

impl Text {
    pub(crate) fn new(again: [String; 2], reveal: Reveal) -> Text {
        Text { again, reveal, counts: Counts::default() }
    }
}

impl Report for Text {
    fn verdict(&mut self, verdict: &Verdict) -> String {
        let case = verdict.case;
        let line = format!("{:10} {}", case.name(), case.title);
        let (count, result, more) = match &verdict.status {
            Status::Passed => (&mut self.counts.passed, "ok".to_owned(), String::new()),
            Status::Skipped(why) => {
                (&mut self.counts.skipped, format!("not run: {why}"), String::new())
            }
            Status::Error(why) => {
                let why = why.replace('\n', "\n             ");
                (&mut self.counts.errors, "not checked".to_owned(), format!("  because    {why}\n"))
            }
            Status::Failed(failed) => {
                let (step, all) = (failed.failure.step, case.steps.len());
                let result = format!("FAIL after {step} of {all} steps");
                let more = match self.reveal {
                    Reveal::None => String::new(),
                    _ => {
                        story(verdict, failed, self.reveal)
                            + &format!(
                                "  again    {}{}{}\n\n",
                                self.again[0],
                                case.name(),
                                self.again[1]
                            )
                    }
                };
                (&mut self.counts.failed, result, more)
            }
        };
        *count += 1;
        format!("{line:WIDTH$} {result}\n{more}")
    }

    fn end(&mut self) -> String {
        let Counts { passed, failed, errors, skipped } = self.counts;
        let parts =
            [(passed, "passed"), (failed, "failed"), (errors, "not checked"), (skipped, "not run")];
        let parts = parts.iter().filter(|(count, _)| *count > 0);
        let parts: Vec<String> = parts.map(|(count, what)| format!("{count} {what}")).collect();
        format!("\n{}\n", parts.join(", "))
    }
}

/// The steps up to the one that failed, with what came.
pub(crate) fn story(verdict: &Verdict, failed: &Failed, reveal: Reveal) -> String {
    let failure = &failed.failure;
    let mut text = String::new();
    for (number, step) in verdict.case.steps.iter().enumerate().take(failure.step + 1) {
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
                let bytes = text.bytes(&crate::text::Names::new());
                bytes.map_or(step.written.clone(), |bytes| format!("sends    {}", both(&bytes)))
            }
            _ if is_last && reveal == Reveal::Actual => "expects something else".to_owned(),
            Act::Expect(_) if is_last && failure.expected.is_some() => {
                format!("expects  {}", quoted(failure.expected.as_deref().unwrap_or_default()))
            }
            _ => step.written.clone(),
        };
        let ok = if is_last { "" } else { "  ok" };
        let line = format!("{:3} {:4} {written}", number + 1, step.who);
        let _ = writeln!(text, "{}{ok}", line.trim_end());
    }
    text += &came(failed, reveal);
    if let Some(ended) = &failed.ended {
        let _ = writeln!(text, "  server   it has ended: {}", ended.replace('\n', "\n           "));
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

/// The part of what came that shows the difference: to the end of its line.
fn around(got: &[u8], at: Option<usize>, expected: usize) -> (&[u8], Option<usize>) {
    let from = at.unwrap_or(0).max(expected.min(got.len()));
    let end = got[from.min(got.len())..].iter().position(|byte| *byte == b'\n');
    let end = match at {
        Some(at) => {
            let line = got[at.min(got.len())..].iter().position(|byte| *byte == b'\n');
            line.map_or(got.len(), |line| at + line + 1)
        }
        None => end.map_or(got.len(), |end| from + end + 1),
    };
    (&got[..end], at)
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
        (Some(skip), _) if wanted.len() - skip > 1 => {
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
