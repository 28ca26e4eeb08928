//! The mutants themselves take minutes, and are built only when they are asked for. That their
//! patches still fit the tree is found out here, in no time.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use test_kit::require_tool;

#[test]
fn every_mutant_fits_the_tree() {
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

/// The crates that a server is made of.
const SERVERS: [&str; 5] = ["drivers", "launch", "protocol", "sockets", "styles"];

#[test]
fn every_mutant_of_a_server_is_an_exhibit_of_the_museum() {
    let museum = fs::read_to_string(root().join("lessons/styles/museum.md"));
    let museum = museum.expect("it is a chapter");
    for patch in patches() {
        let text = fs::read_to_string(&patch).expect("it is readable");
        let changes = |crates: &&str| text.contains(&format!("+++ b/crates/{crates}/"));
        // What is no fault of a server turns no test of one red.
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
