//! The page shows exactly the sources.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use launch::{Own, Style};
use side_by_side::items::{Item, items};
use side_by_side::pair::{rows, steps};
use side_by_side::{parts, repository};

#[test]
fn the_books_files_are_up_to_date() {
    let parts = parts(repository()).unwrap_or_else(|error| panic!("{error}"));
    for part in parts {
        let kept = fs::read_to_string(repository().join(part.path)).unwrap_or_default();
        let mut lines = kept.lines().zip(part.text.lines());
        let differs = lines.position(|(kept, made)| kept != made);
        assert!(
            kept == part.text,
            "{} is out of date (line {}): cargo run -p side-by-side",
            part.path,
            differs.map_or(kept.lines().count(), |line| line + 1)
        );
    }
}

/// The items of all styles, in the order of the styles.
fn all() -> Vec<Vec<Item>> {
    let items = Style::ALL.iter().map(|style| items(repository(), style));
    items.map(|items| items.unwrap_or_else(|error| panic!("{error}"))).collect()
}

#[test]
fn every_line_of_the_sources_is_in_an_item() {
    for (style, items) in Style::ALL.iter().zip(all()) {
        let mut shown: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for item in &items {
            let lines = item.text.lines().map(str::trim);
            let lines = lines.filter(|line| !line.is_empty());
            shown.entry(&item.file).or_default().extend(lines);
        }
        let directory = format!("{}/src", style.folder());
        for entry in fs::read_dir(repository().join(&directory)).expect("it is there") {
            let name = entry.expect("it is readable").file_name();
            if name == "tests.rs" {
                continue;
            }
            let file = format!("{directory}/{}", name.display());
            let source = fs::read_to_string(repository().join(&file)).expect("it is UTF-8");
            let shown = shown.remove(&file[..]).unwrap_or_default();
            assert_eq!(shown, said(&source), "{file}");
        }
        assert!(shown.is_empty(), "{:?}", shown.keys());
    }
}

/// The lines of a source without anchors and without the braces around methods, which the names of
/// the items replace.
fn said(source: &str) -> Vec<&str> {
    let mut said = Vec::new();
    let mut is_in_methods = false;
    for line in source.lines().filter(|line| !line.contains("// ANCHOR")) {
        if line.starts_with("impl") && !line.contains(" for ") {
            is_in_methods = true;
        } else if line == "}" && is_in_methods {
            is_in_methods = false;
        } else if !line.trim().is_empty() {
            said.push(line.trim());
        }
    }
    said
}

#[test]
fn no_two_items_of_a_style_have_the_same_name() {
    for items in all() {
        let mut names = BTreeSet::new();
        let twice = items.iter().filter(|item| !names.insert(&item.name));
        assert_eq!(twice.collect::<Vec<_>>(), Vec::<&Item>::new());
    }
}

/// ARCHITECTURE.md makes the same claim.
#[test]
fn the_styles_have_their_items_under_the_same_names_in_the_same_order() {
    for (style, items) in Style::ALL.iter().zip(all()) {
        let mut expected = match style.own {
            Own::Nothing => vec!["serve", "wait", "converse"],
            _ => vec![
                "serve",
                "Server",
                "Ready",
                "wait",
                "new_connection",
                "end_connections",
                "stop",
                "keep_time",
                "is_over",
            ],
        };
        if style.own == Own::Slot {
            // For styles with a table, these two are in `drivers::table`.
            expected.retain(|name| !["end_connections", "keep_time"].contains(name));
        }
        if style.needs_ring {
            // It hears of what is done, and not of what is ready.
            expected.retain(|name| *name != "Ready");
        }
        let names = items.iter().map(|item| &item.name[..]);
        let names: Vec<_> = names.filter(|name| expected.contains(name)).collect();
        assert_eq!(
            names,
            expected,
            "{}/src: these items have to be there, under these names and in this order",
            style.folder()
        );
    }
}

#[test]
fn each_item_of_both_styles_is_in_one_row() {
    let all = all();
    for (left, right) in all.iter().flat_map(|left| all.iter().map(move |right| (left, right))) {
        let rows = rows(left, right);
        let of_left: Vec<&Item> = rows.iter().filter_map(|row| row.left).collect();
        let of_right: Vec<&Item> = rows.iter().filter_map(|row| row.right).collect();
        for (mut shown, all) in [(of_left, left), (of_right, right)] {
            shown.sort_by_key(|item| all.iter().position(|other| other == *item));
            assert_eq!(shown, all.iter().collect::<Vec<_>>());
        }
        for row in rows {
            if let (Some(left), Some(right)) = (row.left, row.right) {
                assert_eq!(left.name, right.name);
            }
        }
    }
}

#[test]
fn steps_lead_from_one_text_to_the_other() {
    let all = all();
    let pairs = all.iter().flat_map(|left| all.iter().map(move |right| (left, right)));
    for row in pairs.flat_map(|(left, right)| rows(left, right)) {
        let (Some(left), Some(right)) = (row.left, row.right) else {
            continue;
        };
        let (mut old, mut new) = (left.text.lines(), right.text.lines());
        for step in steps(&left.text, &right.text) {
            for _ in 0..step.same {
                let line = old.next();
                assert!(line.is_some() && line == new.next(), "{line:?} of {left:#?}");
            }
            for (side, lines) in [(step.left, &mut old), (step.right, &mut new)] {
                for marks in side {
                    let line = lines.next().expect("there is a line for each entry");
                    let length = line.encode_utf16().count();
                    assert!(marks.iter().all(|mark| mark.end <= length), "{marks:?}: {line}");
                }
            }
        }
        assert_eq!((old.next(), new.next()), (None, None), "{}", left.name);
    }
}

#[test]
fn the_words_that_differ_are_marked_in_lines_that_are_much_alike() {
    let steps = steps("a\nlet x = wait(&stop)?;\n}\n", "a\nlet y = wait(&stop)?;\n}\n");
    let [first, last] = &steps[..] else {
        panic!("{steps:?}");
    };
    assert_eq!((first.same, last.same), (1, 1));
    for marks in [&first.left[0], &first.right[0]] {
        let marked = marks.iter().map(|mark| (mark.start, mark.end));
        assert_eq!(marked.collect::<Vec<_>>(), [(4, 5)]);
    }
}

#[test]
fn braces_between_two_changes_are_no_common_ground() {
    let steps = steps("if a {\n    b\n}\nc\nd\n", "while 1 {\n    2\n}\n3\nd\n");
    let [first, last] = &steps[..] else {
        panic!("{steps:?}");
    };
    assert_eq!((first.left.len(), first.right.len(), last.same), (4, 4, 1));
}
