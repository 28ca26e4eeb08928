//! The tests of the mutants take minutes, and are built only on request. This test quickly checks
//! that their patches still apply to the tree.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use test_kit::require_tool;

#[test]
fn every_mutant_applies_to_the_tree() {
    if !require_tool("git") {
        return;
    }
    for patch in patches() {
        let mut git = Command::new("git");
        git.args(["apply", "--check"]).arg(&patch).current_dir(root());
        let checked = git.output().expect("it is installed");
        let said = String::from_utf8_lossy(&checked.stderr);
        assert!(checked.status.success(), "{}: {said}", patch.display());
    }
}

/// The crates that make up a server.
const SERVERS: [&str; 5] = ["drivers", "launch", "protocol", "sockets", "styles"];

#[test]
fn every_mutant_of_a_server_is_an_exhibit_of_the_museum() {
    let museum = fs::read_to_string(root().join("lessons/styles/museum.md"));
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

fn patches() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("tests/mutants")).expect("there are mutants");
    let patches = entries.map(|entry| entry.expect("it is readable").path());
    let patches: Vec<_> = patches.collect();
    assert!(patches.len() > 20);
    patches
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
