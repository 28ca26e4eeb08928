//! The appendix agrees with the chapters and with this machine.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::io::Error;
use std::net::Ipv4Addr;
use std::process::Command;
use std::sync::LazyLock;

use addresses::byte_order::{self, Integer, Order};
use addresses::subnet;
use chapter_checks::chapter::{Chapter, chapters, lessons};
use nix::errno::Errno;
use regex::Regex;
use test_kit::require_tool;

/// Makes each check report all its findings, with file and line.
#[track_caller]
fn nothing(found: Vec<String>) {
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

/// The rows of a chapter's tables without their headings: for each cell, the text between the bars.
fn rows(chapter: &Chapter) -> Vec<Vec<String>> {
    let is_rule = |line: &&str| line.starts_with("|--");
    let lines: Vec<_> = chapter.text.lines().collect();
    let heads = lines.iter().skip(1).map(is_rule).chain([false]);
    let rows = lines
        .iter()
        .zip(heads)
        .filter(|(line, is_head)| line.starts_with('|') && !is_rule(line) && !is_head);
    let cells = |line: &str| {
        let cells = line.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().to_owned()).collect()
    };
    rows.map(|(line, _)| cells(line)).collect()
}

/// Everything that a reader sees of a chapter, including its includes.
fn shown(chapter: &Chapter) -> String {
    lines(chapter, |_, line| Some(line))
}

/// A chapter's own words, and the comments in the code that it shows.
fn said(chapter: &Chapter) -> String {
    lines(chapter, |kind, line| match kind {
        Kind::Text => Some(line),
        Kind::Code => line.split_once("//").map(|(_, comment)| comment.to_owned()),
        Kind::Picture => None,
    })
}

/// The kind of a line of a chapter.
enum Kind {
    Text,
    Code,
    /// Or a widget: an include outside of code.
    Picture,
}

/// The lines of a chapter with its includes, each changed or dropped by `keep`.
fn lines(chapter: &Chapter, keep: impl Fn(Kind, String) -> Option<String>) -> String {
    let blocks = chapter.blocks();
    let includes = chapter.includes();
    let mut kept = String::new();
    for (number, line) in (1..).zip(chapter.text.lines()) {
        let is_code = blocks.iter().any(|block| {
            let lines = block.line + 1..=block.line + block.lines.len();
            lines.contains(&number)
        });
        let include = includes.iter().find(|include| include.line == number);
        let lines = match include {
            Some(include) => chapter.resolve(include).unwrap_or_default(),
            None => vec![line.to_owned()],
        };
        for line in lines {
            let kind = match include {
                _ if is_code => Kind::Code,
                Some(_) => Kind::Picture,
                None => Kind::Text,
            };
            kept.extend(keep(kind, line).map(|line| line + "\n"));
        }
    }
    kept
}

mod the_list_of_sources {
    use super::*;

    const FILE: &str = "appendix/manual-pages.md";

    /// The manual pages and RFCs that a text names.
    fn named(text: &str) -> BTreeSet<String> {
        static NAME: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"\b[a-z_][a-zA-Z0-9_.-]*\([1-8]\)|\bRFC [0-9]+").expect("it is valid")
        });
        let names = NAME.find_iter(text).map(|name| name.as_str().to_owned());
        names.chain(in_columns(text)).collect()
    }

    /// The RFCs in the last column of tables, if its heading is "RFC".
    fn in_columns(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut is_column = false;
        for line in text.lines() {
            let last = line.trim_end_matches('|').rsplit('|').next().unwrap_or_default().trim();
            is_column = line.starts_with('|') && (is_column || last == "RFC");
            let numbers = last.split(", ").filter(|number| number.parse::<u32>().is_ok());
            found.extend(numbers.filter(|_| is_column).map(|number| format!("RFC {number}")));
        }
        found
    }

    #[test]
    fn lists_exactly_the_names_in_the_chapters() {
        let list = Chapter::read(FILE);
        let listed: BTreeSet<_> = rows(&list).iter().flat_map(|row| named(&row[0])).collect();
        assert!(!listed.is_empty());
        let mut found = Vec::new();
        let mut used = BTreeSet::new();
        for chapter in chapters().iter().filter(|chapter| chapter.file != FILE) {
            for name in named(&said(chapter)) {
                if !listed.contains(&name) {
                    found.push(format!(
                        "lessons/{FILE} lacks {name}, which lessons/{} names",
                        chapter.file
                    ));
                }
                used.insert(name);
            }
        }
        let unused = listed.difference(&used);
        found.extend(unused.map(|name| format!("lessons/{FILE}: no chapter names {name}")));
        nothing(found);
    }

    #[test]
    fn links_to_chapters_that_contain_its_names() {
        let link = Regex::new(r"\]\(([^)#]+)").expect("it is valid");
        let chapters = chapters();
        let by_path: BTreeMap<_, _> = chapters
            .iter()
            .map(|chapter| (fs::canonicalize(chapter.path()).expect("it is there"), chapter))
            .collect();
        let mut found = Vec::new();
        for row in rows(&Chapter::read(FILE)) {
            let [names, _, places] = &row[..] else { panic!("three columns: {row:?}") };
            assert!(link.is_match(places), "{names} leads nowhere");
            for place in link.captures_iter(places) {
                let path = lessons().join("appendix").join(&place[1]);
                let chapter =
                    by_path[&fs::canonicalize(path).expect("links are checked elsewhere")];
                let used = named(&said(chapter));
                if named(names).is_disjoint(&used) {
                    found.push(format!("lessons/{} does not name {names}", chapter.file));
                }
            }
        }
        nothing(found);
    }

    #[test]
    fn finds_names_wherever_they_are() {
        let text = "read(2), signal-safety(7) and RFC 862\n\n| a | RFC |\n|---|---|\n| b | 1, 22 |\n\n| c | 3 |";
        let names = ["RFC 1", "RFC 22", "RFC 862", "read(2)", "signal-safety(7)"];
        assert_eq!(named(text), names.map(str::to_owned).into());
    }
}

mod the_sheet_of_errors {
    use super::*;

    const FILE: &str = "appendix/errno.md";

    /// This machine's name for an error, and its text.
    fn known() -> BTreeMap<String, (i32, String)> {
        let numbers = (1..=133).filter(|&number| Errno::from_raw(number) != Errno::UnknownErrno);
        let told = |number: i32| {
            let text = Error::from_raw_os_error(number).to_string();
            let text = text.replace(&format!(" (os error {number})"), "");
            (format!("{:?}", Errno::from_raw(number)), (number, text))
        };
        numbers.map(told).collect()
    }

    #[test]
    fn has_the_numbers_and_texts_of_this_machine() {
        let known = known();
        let rows = rows(&Chapter::read(FILE));
        assert!(!rows.is_empty());
        for row in &rows {
            let (number, text) = &known[&row[0]];
            assert_eq!(row[1..3], [number.to_string(), text.clone()], "{}", row[0]);
            let kind = format!("`{:?}`", Error::from_raw_os_error(*number).kind());
            // Some have no `ErrorKind`, or none that is stable.
            assert!(row[3].is_empty() || row[3] == kind, "{} is {kind}", row[0]);
        }
        let numbers: Vec<_> = rows.iter().map(|row| known[&row[0]].0).collect();
        assert!(numbers.is_sorted(), "{numbers:?}");
    }

    /// By its name, its number or its text.
    #[test]
    fn has_every_error_that_the_book_meets() {
        let known = known();
        let by_number: BTreeMap<_, _> =
            known.iter().map(|(name, (number, _))| (number.to_string(), name)).collect();
        let by_text: BTreeMap<_, _> =
            known.iter().map(|(name, (_, text))| (text.clone(), name)).collect();
        // If two texts begin alike, the longer one is meant.
        let mut texts: Vec<_> = by_text.keys().map(|text| regex::escape(text)).collect();
        texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
        let pattern = format!(r"\bE[A-Z0-9]+\b|(?:os error|code:) ([0-9]+)|{}", texts.join("|"));
        let error = Regex::new(&pattern).expect("it is valid");
        let mut met: BTreeMap<String, String> = BTreeMap::new();
        for chapter in chapters().iter().filter(|chapter| chapter.file != FILE) {
            for found in error.captures_iter(&shown(chapter)) {
                let word = found.get(1).map_or(&found[0], |number| number.as_str());
                let name = by_number.get(word).or(by_text.get(word)).copied();
                let name = name.cloned().unwrap_or(word.to_owned());
                if known.contains_key(&name) {
                    met.entry(name).or_insert(chapter.file.clone());
                }
            }
        }
        let listed: BTreeSet<_> =
            rows(&Chapter::read(FILE)).into_iter().map(|row| row[0].clone()).collect();
        let lacking = met.iter().filter(|(name, _)| !listed.contains(*name));
        let mut found: Vec<_> = lacking
            .map(|(name, file)| format!("lessons/{FILE} lacks {name}, which lessons/{file} meets"))
            .collect();
        let unmet = listed.iter().filter(|name| !met.contains_key(*name));
        found.extend(unmet.map(|name| format!("lessons/{FILE}: no chapter meets {name}")));
        nothing(found);
    }
}

/// Each call on the sheet occurs in a lesson, in its text or in the output that it shows.
#[test]
fn the_sheet_of_system_calls_has_calls_of_the_book() {
    let name = Regex::new(r"([a-z_]+)\(2\)").expect("it is valid");
    let lessons = chapters().into_iter().filter(|chapter| !chapter.file.starts_with("appendix/"));
    let lessons: String = lessons.map(|chapter| shown(&chapter)).collect();
    let words: HashSet<_> =
        lessons.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
    let rows = rows(&Chapter::read("appendix/system-calls.md"));
    let calls: Vec<_> = rows.iter().flat_map(|row| name.captures_iter(&row[0])).collect();
    assert!(calls.len() >= rows.len());
    let strange = calls.iter().filter(|call| !words.contains(&call[1]));
    nothing(strange.map(|call| format!("no lesson has {}", &call[0])).collect());
}

mod the_sheet_of_states {
    use super::*;

    const FILE: &str = "appendix/tcp-states.md";

    #[test]
    fn has_names_that_ss_understands() {
        if !require_tool("ss") {
            return;
        }
        let rows = rows(&Chapter::read(FILE));
        assert_eq!(rows.len(), 11, "RFC 9293, 3.3.2");
        for row in rows {
            let name = row[2].trim_matches('`');
            let said = Command::new("ss").args(["-tna", "state", name]).output();
            let said = said.expect("it is there");
            let error = String::from_utf8_lossy(&said.stderr);
            assert!(said.status.success(), "{name}: {error}");
        }
    }

    #[test]
    fn has_the_states_of_the_figure() {
        let figure =
            fs::read_to_string(lessons().join("figures/tcp-states.svg")).expect("it is there");
        let box_of = Regex::new(r#"font-weight="600">([A-Z0-9-]+)<"#).expect("it is valid");
        let drawn: BTreeSet<_> =
            box_of.captures_iter(&figure).map(|found| found[1].to_owned()).collect();
        let listed: BTreeSet<_> =
            rows(&Chapter::read(FILE)).into_iter().map(|row| row[0].clone()).collect();
        assert_eq!(drawn, listed);
    }
}

#[test]
fn the_sheet_of_byte_order_is_computed() {
    let integer = |name: &str| Integer::ALL.into_iter().find(|integer| integer.name() == name);
    let hex = |bytes: Vec<u8>| {
        let bytes: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        bytes.join(" ")
    };
    let rows = rows(&Chapter::read("appendix/byte-order.md"));
    let numbers = rows.iter().filter_map(|row| Some((row, row[0].parse::<i128>().ok()?)));
    let mut count = 0;
    for (row, number) in numbers {
        let integer = integer(&row[1]).expect("it is a type of numbers");
        let computed = [
            hex(byte_order::bytes(number, integer, Order::Big)),
            hex(byte_order::bytes(number, integer, Order::Little)),
            byte_order::swapped(number, integer).to_string(),
        ];
        assert_eq!(row[2..], computed, "{number} as {}", row[1]);
        count += 1;
    }
    assert!(count > 0);
}

#[test]
fn the_sheet_of_masks_is_computed() {
    let rows = rows(&Chapter::read("appendix/masks.md"));
    assert_eq!(rows.len(), 33, "from /0 to /32");
    for (prefix, row) in (0..).zip(rows) {
        let mask = subnet::mask(prefix);
        let octets = mask.to_be_bytes();
        let cut = octets.iter().rposition(|&octet| octet != 0);
        let distance =
            cut.map(|cut| format!("{} in byte {}", 256 - u32::from(octets[cut]), cut + 1));
        let computed = [
            format!("/{prefix}"),
            Ipv4Addr::from_bits(mask).to_string(),
            Ipv4Addr::from_bits(!mask).to_string(),
            distance.unwrap_or("–".to_owned()),
            in_thousands(subnet::addresses(prefix)),
            in_thousands(subnet::hosts(prefix)),
        ];
        assert_eq!(row, computed);
    }
}

/// A number as people write it: 65,536.
fn in_thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev();
    let groups: Vec<_> = groups.map(|group| String::from_utf8_lossy(group)).collect();
    groups.join(",")
}
