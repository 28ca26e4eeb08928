//! The expected output of a command: lines, in which values that differ each time are marked.
//!
//! - `...`, alone on a line, means any number of lines that are left out.
//! - `‹4711›` means any value of the same kind: a number, a duration with its unit, an amount of
//!   memory, a time of the day or a date, or a MAC address. Since columns move with the width of a
//!   value, the number of spaces beside it does not matter.

use std::sync::LazyLock;

use regex::{Captures, Regex};

/// The kinds of values that differ each time. The first one that a value matches is its kind.
const KINDS: [&str; 5] = [
    r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}",
    r"[0-9]+(?:\.[0-9]+)? (?:ns|µs|ms|s)",
    r"[0-9]+(?:\.[0-9]+)? (?:[kMG]|[KMG]i)?B",
    r"-?[0-9]+(?:,[0-9]{3})*(?:\.[0-9]+)?",
    r"[0-9][0-9:.TZ-]*",
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

/// Whether a printed line agrees with a line of the chapter.
pub fn line_is(shown: &str, printed: &str) -> bool {
    if !shown.contains('‹') {
        return shown == printed;
    }
    static VALUE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new("( *)‹([^›]*)›( *)").expect("it is valid"));
    let escaped = regex::escape(shown);
    let pattern = VALUE.replace_all(&escaped, |found: &Captures<'_>| {
        let kind = kind(&found[2].replace('\\', ""));
        let begins = found.get(0).is_some_and(|found| found.start() == 0);
        let spaces = |spaces: &str| if spaces.is_empty() { "" } else { " +" };
        let before = if begins { " *" } else { spaces(&found[1]) };
        format!("{before}(?:{kind}){}", spaces(&found[3]))
    });
    let pattern = Regex::new(&format!("^{pattern}$")).expect("it is valid");
    pattern.is_match(printed)
}

/// The pattern for the kind of a value; a value without a kind matches only itself.
fn kind(value: &str) -> String {
    static PATTERNS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
        let whole = |kind| Regex::new(&format!("^(?:{kind})$")).expect("it is valid");
        KINDS.into_iter().map(whole).collect()
    });
    let place = PATTERNS.iter().position(|pattern| pattern.is_match(value));
    place.map_or_else(|| regex::escape(value), |place| KINDS[place].to_owned())
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
    fn a_marked_value_stands_for_its_kind() {
        #[track_caller]
        fn check(shown: &str, printed: &str, is_same: bool) {
            assert_eq!(line_is(shown, printed), is_same, "{shown:?} {printed:?}");
        }
        check("fork(2) = ‹12›.", "fork(2) = 4711.", true);
        check("fork(2) = ‹12›.", "fork(2) = 4711!", false);
        check("fork(2) = ‹12›.", "fork(2) = x.", false);
        check("  ‹1› pts/0", "12345 pts/0", true);
        check("a ‹7› b", "a    7 b", true);
        check("a ‹7› b", "a7 b", false);
        check("127.0.0.1:‹12345›", "127.0.0.1:40312", true);
        check("‹2026-01-02T03:04:05.678Z› INFO ‹7›", "2027-11-12T13:14:15.000Z INFO -1.5", true);
        check("after ‹0:00:01.07›", "after 12:00:00.00", true);
        check("lladdr ‹00:00:5e:00:00:00› STALE", "lladdr 3a:00:5e:4a:14:1e STALE", true);
        check("‹12› in all", "1,234,567 in all", true);
        check("‹1,234› in all", "12 in all", true);
        check("max ‹12 ms›, p50", "max 1.02 s, p50", true);
        check("max ‹12 ms›, p50", "max 13.4 µs, p50", true);
        check("max ‹12 ms›, p50", "max 13.4, p50", false);
        check("peak ‹12 kB›", "peak 3.07 MiB", true);
        check("‹3.07 MiB› a second", "512 B a second", true);
        check("what ‹name›?", "what name?", true);
        check("what ‹name›?", "what Ann?", false);
        check("a.b", "axb", false);
        check("a.b ‹1›", "axb 1", false);
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
