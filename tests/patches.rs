//! The mutants themselves take minutes, and are built only when they are asked for. That their
//! patches still fit the tree is found out here, in no time.

use std::fs;
use std::path::Path;
use std::process::Command;

use test_kit::require_tool;

#[test]
fn every_mutant_fits_the_tree() {
    if !require_tool("git") {
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let entries = fs::read_dir(root.join("tests/mutants")).expect("there are mutants");
    let patches = entries.map(|entry| entry.expect("it is readable").path());
    let patches: Vec<_> = patches.collect();
    assert!(patches.len() > 20);
    for patch in patches {
        let mut git = Command::new("git");
        git.args(["apply", "--check"]).arg(&patch).current_dir(root);
        let checked = git.output().expect("it is installed");
        let said = String::from_utf8_lossy(&checked.stderr);
        assert!(checked.status.success(), "{}: {said}", patch.display());
    }
}
