//! The expected output of a command: lines, with placeholders for text that differs each time.
//!
//! - `...`, alone on a line, means any number of lines that are left out.
//! - `<pid>`, `<port>`, `<time>`, `<mac>`, `<count>`, `<latency>`, `<memory>` and `<n>` mean what
//!   their names say. Since columns move with the width of their contents, the number of spaces
//!   beside a placeholder does not matter.

use std::sync::LazyLock;

use regex::{Captures, Regex};

/// The placeholders, and the patterns that they stand for.
const PLACEHOLDERS: [(&str, &str); 8] = [
    ("<pid>", r"[0-9]+"),
    ("<port>", r"[0-9]+"),
    ("<time>", r"[0-9][0-9:.TZ-]*"),
    ("<mac>", r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}"),
    ("<count>", r"[0-9]{1,3}(?:,[0-9]{3})*"),
    ("<latency>", r"[0-9]+(?:\.[0-9]+)? (?:ns|µs|ms|s)"),
    ("<memory>", r"[0-9]+(?:\.[0-9]+)? (?:[kMG]|[KMG]i)?B"),
    ("<n>", r"-?[0-9]+(?:\.[0-9]+)?"),
];

/// The result of a comparison.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Comparison {
    /// This many lines are as expected.
    Same(usize),
    /// The output so far is right, but incomplete.
    Unfinished,
    /// The output is wrong, whatever follows.
    Different,
}

/// Compares the beginning of the output with the expected lines.
pub fn begins(expected: &[String], printed: &[String]) -> Comparison {
    compare(expected, printed, |_| true)
}

/// Compares the whole output with the expected lines.
pub fn is(expected: &[String], printed: &[String]) -> bool {
    matches!(compare(expected, printed, <[String]>::is_empty), Comparison::Same(_))
}

/// Whether a line is as expected.
pub fn line_is(expected: &str, printed: &str) -> bool {
    if !expected.contains('<') {
        return expected == printed;
    }
    static WORD: LazyLock<Regex> = LazyLock::new(|| {
        let words = PLACEHOLDERS.map(|(word, _)| word).join("|");
        Regex::new(&format!("( *)({words})( *)")).expect("it is valid")
    });
    let escaped = regex::escape(expected);
    let pattern = WORD.replace_all(&escaped, |found: &Captures<'_>| {
        let stands_for = PLACEHOLDERS.iter().find(|(word, _)| *word == &found[2]);
        let (_, stands_for) = stands_for.expect("these are the words");
        let begins = found.get(0).is_some_and(|found| found.start() == 0);
        let spaces = |spaces: &str| if spaces.is_empty() { "" } else { " +" };
        let before = if begins { " *" } else { spaces(&found[1]) };
        format!("{before}{stands_for}{}", spaces(&found[3]))
    });
    let pattern = Regex::new(&format!("^{pattern}$")).expect("it is valid");
    pattern.is_match(printed)
}

fn compare(
    expected: &[String],
    printed: &[String],
    is_end: impl Fn(&[String]) -> bool + Copy,
) -> Comparison {
    let Some((first, others)) = expected.split_first() else {
        return if is_end(printed) { Comparison::Same(0) } else { Comparison::Different };
    };
    if first == "..." {
        let found = (0..=printed.len()).find_map(|left_out| {
            match compare(others, &printed[left_out..], is_end) {
                Comparison::Same(count) => Some(Comparison::Same(left_out + count)),
                _ => None,
            }
        });
        return found.unwrap_or(Comparison::Unfinished);
    }
    match printed.split_first() {
        None => Comparison::Unfinished,
        Some((line, rest)) if line_is(first, line) => match compare(others, rest, is_end) {
            Comparison::Same(count) => Comparison::Same(count + 1),
            other => other,
        },
        Some(_) => Comparison::Different,
    }
}

/// Expected and actual output as a diff: `-` is only in the chapter, `+` was only printed.
pub fn difference(expected: &[String], printed: &[String]) -> String {
    let alike = |(expected, printed): &(&String, &String)| line_is(expected, printed);
    let begin = expected.iter().zip(printed).take_while(alike).count();
    let (expected_left, printed_left) = (&expected[begin..], &printed[begin..]);
    let end = expected_left.iter().rev().zip(printed_left.iter().rev()).take_while(alike).count();
    let (missing, after) = expected_left.split_at(expected_left.len() - end);
    let surplus = &printed_left[..printed_left.len() - end];
    let marked = |mark: char, lines: &[String]| {
        let lines = lines.iter().map(|line| format!("{mark} {line}\n"));
        lines.collect::<String>()
    };
    let parts = [
        marked(' ', &expected[..begin]),
        marked('-', missing),
        marked('+', surplus),
        marked(' ', after),
    ];
    parts.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn placeholders_match_varying_text() {
        #[track_caller]
        fn check(expected: &str, printed: &str, is_same: bool) {
            assert_eq!(line_is(expected, printed), is_same, "{expected:?} {printed:?}");
        }
        check("fork(2) = <pid>.", "fork(2) = 4711.", true);
        check("fork(2) = <pid>.", "fork(2) = 4711!", false);
        check("fork(2) = <pid>.", "fork(2) = x.", false);
        check("  <pid> pts/0", "12345 pts/0", true);
        check("a <port> b", "a    7 b", true);
        check("a <port> b", "a7 b", false);
        check("127.0.0.1:<port>", "127.0.0.1:40312", true);
        check("<time> INFO <n>", "2026-01-02T03:04:05.678Z INFO -1.5", true);
        check("lladdr <mac> STALE", "lladdr 3a:00:5e:4a:14:1e STALE", true);
        check("<count> in all", "1,234,567 in all", true);
        check("<count> in all", "1234 in all", false);
        check("max <latency>, p50", "max 1.02 s, p50", true);
        check("max <latency>, p50", "max 13.4 µs, p50", true);
        check("max <latency>, p50", "max 13.4, p50", false);
        check("peak <memory>", "peak 3.07 MiB", true);
        check("<memory> a second", "512 B a second", true);
        check("what <name>?", "what <name>?", true);
        check("what <name>?", "what Ann?", false);
        check("a.b", "axb", false);
    }

    #[test]
    fn three_dots_are_any_lines() {
        #[track_caller]
        fn check(expected: &str, printed: &str, wanted: bool) {
            assert_eq!(is(&lines(expected), &lines(printed)), wanted, "{expected:?} {printed:?}");
        }
        check("a\n...\nd", "a\nb\nc\nd", true);
        check("a\n...\nd", "a\nd", true);
        check("a\n...\nd", "a\nb\nc", false);
        check("...", "", true);
        check("...\nd\n...", "a\nd\nd\ne", true);
        check("a", "a\nb", false);
        check("a\nb", "a", false);
        check("", "", true);
    }

    #[test]
    fn a_beginning_may_be_unfinished() {
        #[track_caller]
        fn check(expected: &str, printed: &str, wanted: Comparison) {
            assert_eq!(begins(&lines(expected), &lines(printed)), wanted);
        }
        check("a\nb", "a", Comparison::Unfinished);
        check("a\nb", "a\nb\nc", Comparison::Same(2));
        check("a\nb", "a\nc", Comparison::Different);
        check("...\nb", "a\nc", Comparison::Unfinished);
        check("...\nb", "a\nc\nb\nb", Comparison::Same(3));
    }

    #[test]
    fn a_difference_shows_where() {
        let shown = difference(&lines("a\nb\nc"), &lines("a\nx\ny\nc"));
        assert_eq!(shown, "  a\n- b\n+ x\n+ y\n  c\n");
    }
}
