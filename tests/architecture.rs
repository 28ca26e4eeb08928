//! The first picture of ARCHITECTURE.md draws the workspace as cargo sees it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use test_kit::repository;

/// The largest number of folders that a reader can see at a glance.
const AT_A_GLANCE: usize = 10;

const PROGRAM: &str = "after-accept";

#[test]
fn crates_has_few_enough_folders_for_a_glance() {
    let folders = folders();
    assert!(folders.len() <= AT_A_GLANCE, "crates has {} folders: {folders:?}", folders.len());
}

#[test]
fn the_picture_has_a_box_for_each_folder() {
    let drawn = Picture::read().boxes;
    let there = folders().into_iter().chain([PROGRAM.to_owned()]).collect();
    expect_same("box", &drawn, &there);
}

#[test]
fn the_picture_has_an_arrow_for_each_dependency() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().expect("cargo lists packages");
    let of =
        |package: &Value| folder(package["manifest_path"].as_str().expect("it has a manifest"));
    let mut there = BTreeSet::new();
    for package in packages {
        let Some(from) = of(package) else { continue };
        let dependencies = package["dependencies"].as_array().expect("they are listed");
        for dependency in dependencies.iter().filter(|dependency| dependency["kind"].is_null()) {
            let named = packages.iter().find(|package| package["name"] == dependency["name"]);
            if let Some(to) = named.and_then(of).filter(|to| *to != from) {
                there.insert(format!("{from} --> {to}"));
            }
        }
    }
    expect_same("arrow", &Picture::read().arrows, &there);
}

#[test]
fn the_readme_has_a_row_for_each_bench() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().expect("cargo lists packages");
    let targets = packages.iter().flat_map(|package| package["targets"].as_array());
    let is_bench = |target: &&Value| target["kind"][0] == "bench";
    let names = targets.flatten().filter(is_bench).map(|target| target["name"].as_str());
    let there: BTreeSet<_> = names.map(|name| name.expect("it has a name").to_owned()).collect();
    let readme = fs::read_to_string(repository().join("README.md")).expect("it is readable");
    let (_, table) = readme.split_once("| bench |").expect("it has the table");
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let told = rows.filter_map(|row| Some(row.split('`').nth(1)?.to_owned())).collect();
    assert_eq!(there, told, "the table of benches in README.md");
}

/// The contents of the first picture.
#[derive(Default)]
struct Picture {
    boxes: BTreeSet<String>,
    arrows: BTreeSet<String>,
}

impl Picture {
    fn read() -> Picture {
        let text =
            fs::read_to_string(repository().join("ARCHITECTURE.md")).expect("it is readable");
        let (_, picture) = text.split_once("```mermaid\n").expect("it has a picture");
        let (picture, _) = picture.split_once("```").expect("the picture ends");
        let mut read = Picture::default();
        for line in picture.lines().skip(1) {
            let (from, rest) = line.trim().split_once('[').expect("a line begins with a box");
            let (_, to) = rest.split_once(']').expect("the box is closed");
            read.boxes.insert(from.to_owned());
            let to = to.trim().strip_prefix("--> ").unwrap_or_default();
            let to = to.split(" & ").filter(|to| !to.is_empty());
            read.arrows.extend(to.map(|to| format!("{from} --> {to}")));
        }
        read
    }
}

#[track_caller]
fn expect_same(what: &str, drawn: &BTreeSet<String>, there: &BTreeSet<String>) {
    let missing: Vec<_> = there.difference(drawn).collect();
    let wrong: Vec<_> = drawn.difference(there).collect();
    assert!(
        missing.is_empty() && wrong.is_empty(),
        "the first picture of ARCHITECTURE.md: add each {what} of {missing:?}, remove each {what} of {wrong:?}"
    );
}

/// The folders that `ls crates` shows.
fn folders() -> BTreeSet<String> {
    let entries = fs::read_dir(repository().join("crates")).expect("it is readable");
    let names = entries.map(|entry| entry.expect("it is readable").file_name());
    names.map(|name| name.into_string().expect("our names are UTF-8")).collect()
}

/// The folder of `crates` that contains a package, or the program.
fn folder(manifest: &str) -> Option<String> {
    let below = Path::new(manifest).strip_prefix(repository()).expect("it is one of ours");
    let mut parts = below.iter().map(|part| part.to_str().expect("our names are UTF-8"));
    match parts.next()? {
        "crates" => parts.next().map(str::to_owned),
        "Cargo.toml" => Some(PROGRAM.to_owned()),
        _ => None,
    }
}

fn metadata() -> Value {
    let said = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .current_dir(repository())
        .output()
        .expect("cargo runs");
    serde_json::from_slice(&said.stdout).expect("it prints JSON")
}
