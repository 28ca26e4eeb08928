//! Each style is in every file that lists the styles and cannot be generated.
//!
//! This test shows what is left to do for a new style.

use std::fs;
use std::path::Path;

use launch::Style;
use regex::{Regex, escape};

#[test]
fn every_style_is_in_every_file_that_lists_the_styles() {
    let missing: Vec<String> = Style::ALL.into_iter().flat_map(missing).collect();
    assert!(missing.is_empty(), "\n{}\n", missing.join("\n"));
}

/// An entry of a style: a file, a pattern and the number of its matches, and the text to add
/// otherwise.
type Place = (String, String, usize, String);

/// A line for each missing entry of a style: the file, and the text to add.
fn missing(style: &Style) -> Vec<String> {
    let is_missing = |(file, pattern, times, _): &Place| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let text = fs::read_to_string(path).unwrap_or_default();
        Regex::new(pattern).expect("it is valid").find_iter(&text).count() < *times
    };
    let places = places(style).into_iter().filter(is_missing);
    places.map(|(file, _, _, what)| format!("{file}: the style {:?} {what}", style.name)).collect()
}

fn places(style: &Style) -> Vec<Place> {
    let Style { name, sign, thousand, .. } = style;
    let line = |file: &str, line: String, lacks: &str| -> Place {
        (file.to_owned(), format!("(?m)^{}", escape(&line)), 1, format!("{lacks}: add `{line}`"))
    };
    let file = |file: String, lacks: &str, what: String| -> Place {
        (file, ".".to_owned(), 1, format!("{lacks}: {what}"))
    };
    let (row, server) = (name.to_uppercase(), style.process_name.replace('-', "_"));
    let timelines = "lessons/figures/timelines";
    vec![
        (
            "crates/all-styles/src/lib.rs".to_owned(),
            format!("(?m)^ +{name}_? {row} {server};$"),
            1,
            format!("is not served: add the line `{name} {row} {server};` to each!"),
        ),
        (
            "lessons/theme/colours.css".to_owned(),
            format!(r"(?m)^ +--{name}: #[0-9a-f]{{6}};$"),
            2,
            format!("has no colour: add --{name} twice, for light themes and for dark ones"),
        ),
        line(
            "lessons/theme/book.css",
            format!(".style-{name} {{ color: var(--{name}); }}"),
            "is written in no colour",
        ),
        line(
            "lessons/theme/book.css",
            format!(".style-{name}::before {{ content: \"{sign} \" / \"\"; }}"),
            "has no sign",
        ),
        line(
            "lessons/widgets/side-by-side.css",
            format!(".side-{name} {{ --own: var(--{name}); --sign: \"{sign}\"; }}"),
            "has neither colour nor sign",
        ),
        file(
            format!("lessons/styles/{name}.md"),
            "has no chapter",
            "write one, and name it in lessons/SUMMARY.md and in each_chapter!".to_owned(),
        ),
        file(
            format!("{timelines}/{name}.jsonl"),
            "has no timeline",
            format!("cargo run -- timelines {name} --into {timelines} writes it"),
        ),
        (
            "crates/book/side-by-side/system_calls.txt".to_owned(),
            format!("(?m)^{name} "),
            1,
            "has no system calls: BLESS=1 cargo test --test system_calls the_book counts them"
                .to_owned(),
        ),
        (
            "README.md".to_owned(),
            format!(r"(?m)^\| {name} \|.*\| {thousand}0xx \|$"),
            1,
            format!("has no row in the table: add `| {name} | … | {thousand}0xx |`"),
        ),
        (
            "lessons/styles/failures.md".to_owned(),
            format!(r"(?m)^\| row \| failure, .* {name} \|"),
            5,
            "has no column in five tables: add it, empty; after a whole cargo test, \
             BLESS=1 cargo test --test whole_table_of_failures fills it"
                .to_owned(),
        ),
        (
            "ARCHITECTURE.md".to_owned(),
            format!(r"(?m)^\| {name} \|"),
            1,
            format!("has no row in the table of who owns what: add `| {name} | …`"),
        ),
    ]
}
