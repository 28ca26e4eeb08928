//! The tests of the mutants take minutes, and are built only on request. This test quickly checks
//! that their patches still apply to the tree, and that the museum shows the kept results.
//!
//! With `BLESS=1` in the environment it writes the museum's table.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

use serde_json::Value;
use test_kit::{repository, require_tool};

#[test]
fn every_mutant_applies_to_the_tree() {
    if !require_tool("git") {
        return;
    }
    for patch in patches() {
        let mut git = Command::new("git");
        git.args(["apply", "--check"]).arg(&patch).current_dir(repository());
        let checked = git.output().expect("it is installed");
        let said = String::from_utf8_lossy(&checked.stderr);
        assert!(checked.status.success(), "{}: {said}", patch.display());
    }
}

/// The crates that make up a server.
const SERVERS: [&str; 5] = ["drivers", "launch", "protocol", "sockets", "styles"];

#[test]
fn every_mutant_of_a_server_is_an_exhibit_of_the_museum() {
    let museum = fs::read_to_string(repository().join("lessons/styles/museum.md"));
    let museum = museum.expect("it is a chapter");
    for patch in patches() {
        let text = fs::read_to_string(&patch).expect("it is readable");
        let changes = |crates: &&str| text.contains(&format!("+++ b/crates/{crates}/"));
        // A patch that is not a fault of a server breaks none of its tests.
        let is_of_a_page = text.contains("\nRed: side_by_side ");
        let name = patch.file_name().unwrap_or_default().to_string_lossy();
        let is_shown = museum.contains(&format!("tests/mutants/{name}}}}}"));
        let is_of_a_server = SERVERS.iter().any(changes) && !is_of_a_page;
        assert_eq!(is_shown, is_of_a_server, "{name} has an exhibit: {is_shown}");
    }
}

/// The tests that notice each mutant, as the command `cross_table` of `tests/mutants.rs` found them.
const FOUND: &str = "lessons/styles/cross-table.json";

/// The table that the museum includes.
const TABLE: &str = "lessons/widgets/cross-table.html";

#[test]
fn the_cross_table_has_the_mutants_of_the_museum_and_tests_that_exist() {
    let found = found();
    let shown: BTreeSet<_> = exhibits().into_iter().map(|exhibit| exhibit.mutant).collect();
    let ran = found.keys().filter(|mutant| *mutant != "none").cloned();
    assert_eq!(ran.collect::<BTreeSet<_>>(), shown);
    for (mutant, Found { noticed, not_ended }) in &found {
        for (file, test) in noticed {
            let source = test_file(file).and_then(|path| fs::read_to_string(path).ok());
            let function = test.split("::").next().unwrap_or_default();
            let is_there = source.is_some_and(|source| source.contains(&format!("fn {function}(")));
            assert!(is_there, "{mutant}: there is no test {test} in {file}");
        }
        for file in not_ended {
            assert!(test_file(file).is_some(), "{mutant}: no {file}");
        }
    }
    for Exhibit { mutant, red, .. } in exhibits() {
        assert!(found[&mutant].noticed.contains(&red), "{mutant} is not noticed by {red:?}");
    }
}

#[test]
fn the_museum_shows_what_the_command_found() {
    let expected = table();
    if env::var_os("BLESS").is_some() {
        fs::write(repository().join(TABLE), &expected).expect("it is writable");
    }
    let shown = fs::read_to_string(repository().join(TABLE)).expect("it is there");
    assert!(shown == expected, "{TABLE} is old: BLESS=1 cargo test --test patches writes it");
}

/// The table: a row for each exhibit, in the order of the museum. The file of the test that the patch
/// names comes first.
fn table() -> String {
    let found = found();
    let mut table = "<table class=\"about\">\n<thead><tr><th scope=\"col\">mistake</th>\
        <th scope=\"col\">tests that notice it</th></tr></thead>\n<tbody>\n"
        .to_owned();
    for Exhibit { title, mutant, red } in exhibits() {
        let Found { noticed, not_ended } = &found[&mutant];
        let mut tests: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        // A test that also fails without a mutant does not notice one.
        for (file, test) in noticed.difference(&found["none"].noticed) {
            let function = test.split("::").next().unwrap_or_default();
            tests.entry(file).or_default().insert(function);
        }
        let first = tests.remove_entry(red.0.as_str());
        let mut cell: Vec<_> = first.into_iter().chain(tests).map(number_of_tests).collect();
        cell.extend(not_ended.iter().map(|file| format!("<code>{file}</code> does not end")));
        let link = format!("<a href=\"#{}\">{title}</a>", anchor(&title));
        let row = format!("<tr><th scope=\"row\">{link}</th><td>{}</td></tr>", cell.join(", "));
        writeln!(table, "{row}").expect("a string takes all");
    }
    table + "</tbody>\n</table>\n"
}

fn number_of_tests((file, tests): (&str, BTreeSet<&str>)) -> String {
    format!("{} of <code>{file}</code>", tests.len())
}

/// The tests that notice a mutant, each with its file.
struct Found {
    noticed: BTreeSet<(String, String)>,
    /// The test files that did not end in time.
    not_ended: BTreeSet<String>,
}

fn found() -> BTreeMap<String, Found> {
    let text = fs::read_to_string(repository().join(FOUND)).expect("it is there");
    let found: BTreeMap<String, Value> = serde_json::from_str(&text).expect("it is JSON");
    let strings = |value: &Value| -> Vec<String> {
        let values = value.as_array().expect("a list").iter();
        values.map(|value| value.as_str().expect("a name").to_owned()).collect()
    };
    let found = found.into_iter().map(|(mutant, found)| {
        let noticed = strings(&found["noticed"]).iter().map(|test| file_and_test(test)).collect();
        let not_ended = strings(&found["not_ended"]).into_iter().collect();
        (mutant, Found { noticed, not_ended })
    });
    found.collect()
}

fn file_and_test(text: &str) -> (String, String) {
    let (file, test) = text.split_once(' ').expect("FILE TEST");
    (file.to_owned(), test.to_owned())
}

/// A mistake in the museum.
struct Exhibit {
    title: String,
    mutant: String,
    red: (String, String),
}

fn exhibits() -> Vec<Exhibit> {
    let museum = fs::read_to_string(repository().join("lessons/styles/museum.md"));
    let museum = museum.expect("it is a chapter");
    let mut exhibits = Vec::new();
    let mut title = "";
    for line in museum.lines() {
        title = line.strip_prefix("### ").unwrap_or(title);
        let patch = line.strip_prefix("{{#include ../../tests/mutants/");
        let Some(mutant) = patch.and_then(|patch| patch.strip_suffix(".patch}}")) else { continue };
        let text = fs::read_to_string(repository().join(format!("tests/mutants/{mutant}.patch")));
        let text = text.expect("it is readable");
        let red = text.lines().find_map(|line| line.strip_prefix("Red: "));
        let red = file_and_test(red.expect("it names a test"));
        exhibits.push(Exhibit { title: title.to_owned(), mutant: mutant.to_owned(), red });
    }
    exhibits
}

/// The anchor that mdBook gives a heading.
fn anchor(title: &str) -> String {
    let kept = title.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

/// The path of the test file of this name.
fn test_file(name: &str) -> Option<PathBuf> {
    let folders = ["tests", "conformance/tests"];
    let paths = folders.map(|folder| repository().join(format!("{folder}/{name}.rs")));
    paths.into_iter().find(|path| path.exists())
}

fn patches() -> Vec<PathBuf> {
    let entries = fs::read_dir(repository().join("tests/mutants")).expect("there are mutants");
    let patches = entries.map(|entry| entry.expect("it is readable").path());
    let patches: Vec<_> = patches.collect();
    assert!(patches.len() > 20);
    patches
}
