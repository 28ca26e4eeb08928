//! The tables of *The failures that a server survives* show the records of the tests.
//!
//! Each test that belongs to a row leaves a record when it passes. Cargo runs the packages, and the
//! test files of each, in the order of their names. So this file of `conformance` is the last one of
//! those that leave records, and finds all of them. If you run only this file, it finds those of the
//! last run, if there are any.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;

use test_kit::records::{Record, Shown, records};
use test_kit::{repository, skip};

const CHAPTER: &str = "lessons/styles/failures.md";
const REASONS: &str = "## Why a failure cannot happen\n";
const TESTS: &str = "## The test of each row\n";

#[test]
fn the_tables_show_the_records_of_the_tests() {
    let path = repository().join(CHAPTER);
    let chapter = fs::read_to_string(&path).expect("it is a chapter");
    let table = Table::of(records());
    let missing = table.missing(&chapter);
    if !missing.is_empty() {
        let missing = missing.join(", ");
        return skip(&format!("run the tests of these rows first, with `cargo test`: {missing}"));
    }
    assert_eq!(table.unknown(&chapter), BTreeSet::new(), "{CHAPTER} does not have these rows");
    let written = table.write_into(&chapter);
    if env::var("BLESS").as_deref() == Ok("1") {
        return fs::write(path, written).expect("it is writable");
    }
    let differs = chapter.lines().zip(written.lines()).find(|(old, new)| old != new);
    assert_eq!(differs, None, "`BLESS=1 cargo test` rewrites {CHAPTER}");
    assert_eq!(chapter.len(), written.len(), "`BLESS=1 cargo test` rewrites {CHAPTER}");
}

/// The results of the tests for each row and server.
type Cells = BTreeMap<(String, String), BTreeSet<Shown>>;

/// The contents of all records.
struct Table {
    cells: Cells,
    /// The tests of each row.
    tests: BTreeMap<String, BTreeMap<String, BTreeSet<String>>>,
    /// The reasons why failures cannot happen to a server, in the order of their letters.
    reasons: Vec<String>,
}

impl Table {
    fn of(records: Vec<Record>) -> Table {
        let mut table = Table { cells: Cells::new(), tests: BTreeMap::new(), reasons: Vec::new() };
        for Record { row, server, shown, file, test } in records {
            let files = table.tests.entry(row.clone()).or_default();
            files.entry(file).or_default().insert(test);
            table.cells.entry((row, server)).or_default().insert(shown);
        }
        // If one test of a cell shows that the server survives, the failure applies.
        let first = |shown: &BTreeSet<Shown>| shown.first().cloned();
        let reasons: BTreeSet<_> = table.cells.values().filter_map(first).collect();
        let reason = |shown| match shown {
            Shown::DoesNotApply(why) => Some(why),
            Shown::Survived => None,
        };
        table.reasons = reasons.into_iter().filter_map(reason).collect();
        table
    }

    /// The cells of the chapter without a record.
    fn missing(&self, chapter: &str) -> Vec<String> {
        let cells = rows(chapter).flat_map(|(row, servers)| {
            servers.into_iter().map(move |server| (row.to_owned(), server.to_owned()))
        });
        let missing = cells.filter(|cell| !self.cells.contains_key(cell));
        missing.map(|(row, server)| format!("{row} {server}")).collect()
    }

    /// The rows of the records that the chapter does not have.
    fn unknown(&self, chapter: &str) -> BTreeSet<&str> {
        let known: BTreeSet<&str> = rows(chapter).map(|(row, _)| row).collect();
        let rows = self.cells.keys().map(|(row, _)| row.as_str());
        rows.filter(|row| !known.contains(row)).collect()
    }

    /// The chapter with the cells, reasons and tests from the records.
    fn write_into(&self, chapter: &str) -> String {
        let (tables, rest) = chapter.split_once(REASONS).expect("the heading is there");
        let (_, end) = rest.split_once(TESTS).expect("the heading is there");
        let (introduction, example) = end.split_once("\n```sh\n").expect("an example");
        let (command, _) = example.split_once("```\n").expect("its end");
        let mut servers = Vec::new();
        let tables: String = tables.lines().map(|line| self.line(line, &mut servers)).collect();
        let reasons = self.reasons.iter().zip('a'..);
        let reasons = reasons.map(|(why, letter)| format!("- **{letter}**: {why}\n"));
        let reasons: String = reasons.collect();
        let tests: String = rows(chapter).map(|(row, _)| self.tests_of(row)).collect();
        format!(
            "{tables}{REASONS}\n{reasons}\n{TESTS}{introduction}\n```sh\n{command}```\n\n{tests}"
        )
    }

    /// A line of the chapter; if it is a row of a table, with its cells.
    fn line<'a>(&self, line: &'a str, servers: &mut Vec<&'a str>) -> String {
        match row(line, servers) {
            None => format!("{line}\n"),
            Some(row) => {
                let failure = line.split('|').nth(2).unwrap_or_default();
                let cells = servers.iter().map(|server| self.cell(row, server));
                let cells: String = cells.map(|cell| format!(" {cell} |")).collect();
                format!("| {row} |{failure}|{cells}\n")
            }
        }
    }

    fn cell(&self, row: &str, server: &str) -> String {
        let shown = self.cells.get(&(row.to_owned(), server.to_owned()));
        match shown.and_then(BTreeSet::first) {
            Some(Shown::DoesNotApply(why)) => {
                let place = self.reasons.iter().position(|reason| reason == why);
                ('a'..).nth(place.expect("it is listed")).expect("few reasons").to_string()
            }
            Some(Shown::Survived) => "✓".to_owned(),
            None => String::new(),
        }
    }

    /// An item of the list of tests.
    fn tests_of(&self, row: &str) -> String {
        let files = self.tests.get(row).into_iter().flatten();
        let file = |(file, tests): (&String, &BTreeSet<String>)| {
            let tests: Vec<_> = tests.iter().map(|test| format!("`{test}`")).collect();
            format!("`{file}` {}", tests.join(", "))
        };
        format!("- **{row}**: {}\n", files.map(file).collect::<Vec<_>>().join("; "))
    }
}

/// The rows of the chapter's tables: the number of each, and the servers that have a cell in it.
fn rows(chapter: &str) -> impl Iterator<Item = (&str, Vec<&str>)> {
    let mut servers = Vec::new();
    chapter.lines().filter_map(move |line| Some((row(line, &mut servers)?, servers.clone())))
}

/// The number of a row. The head of a table names the servers of the rows that follow.
fn row<'a>(line: &'a str, servers: &mut Vec<&'a str>) -> Option<&'a str> {
    let mut cells = line.strip_prefix("| ")?.strip_suffix('|')?.split('|').map(str::trim);
    let first = cells.next()?;
    if first == "row" {
        *servers = cells.skip(1).collect();
        return None;
    }
    first.starts_with(|first: char| first.is_ascii_digit()).then_some(first)
}
