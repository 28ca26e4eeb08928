//! The shape of the code: the length of functions, and the dependencies between crates.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use syn::spanned::Spanned;
use syn::{Block, ImplItem, Item, Signature, TraitItem};
use test_kit::repository;

/// The largest number of lines of a function, without blank lines and comments.
const LONGEST: usize = 60;

/// The same for styles, whose functions stand beside their counterparts on a page.
const LONGEST_IN_A_STYLE: usize = 45;

/// Half of all functions have at most this many lines.
const MEDIAN: usize = 8;

/// A function with a body.
#[derive(Debug)]
struct Function {
    file: String,
    line: usize,
    name: String,
    /// Without blank lines and comments, from the signature to the last brace.
    length: usize,
}

#[test]
fn no_function_is_too_long() {
    let functions = functions();
    let most = |function: &&Function| match function.file.starts_with("crates/styles/") {
        true => LONGEST_IN_A_STYLE,
        false => LONGEST,
    };
    let too_long = functions.iter().filter(|function| function.length > most(function));
    let told: Vec<String> = too_long
        .map(|Function { file, line, name, length }| {
            format!("{file}:{line}: {name} has {length} lines")
        })
        .collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
}

#[test]
fn half_of_all_functions_are_short() {
    let mut lengths: Vec<usize> = functions().iter().map(|function| function.length).collect();
    assert!(lengths.len() > 1000, "{} functions", lengths.len());
    lengths.sort();
    let median = lengths[lengths.len() / 2];
    assert!(median <= MEDIAN, "the median is {median}");
}

/// Servers share `sockets`, but it is not a collection of helpers. Only tools that listen may use
/// it.
#[test]
fn only_tools_that_listen_depend_on_sockets() {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--no-deps", "--format-version=1"]).current_dir(repository());
    let metadata = cargo.output().expect("cargo runs this test").stdout;
    let metadata: Value = serde_json::from_slice(&metadata).expect("it is JSON");
    let packages = metadata["packages"].as_array().expect("there are packages").iter();
    let is_tool = |package: &&Value| {
        let manifest = package["manifest_path"].as_str().expect("a path");
        manifest.contains("/crates/tools/") || package["name"] == env!("CARGO_PKG_NAME")
    };
    let leans = |package: &&Value| {
        let mut dependencies = package["dependencies"].as_array().expect("a list").iter();
        dependencies.any(|needed| needed["name"] == "sockets" && needed["kind"].is_null())
    };
    let leaning = packages.filter(is_tool).filter(leans);
    assert_eq!(
        leaning.map(|package| &package["name"]).collect::<Vec<_>>(),
        ["compare", "datagrams"]
    );
}

/// All functions in the sources of the crates, including those of unit tests.
fn functions() -> Vec<Function> {
    let mut functions = Vec::new();
    for file in sources(&repository().join("crates")) {
        let source = fs::read_to_string(&file).expect("it is readable");
        let shown = file.strip_prefix(repository()).expect("it is in there").display().to_string();
        let parsed = syn::parse_file(&source).unwrap_or_else(|error| panic!("{shown}: {error}"));
        let lines: Vec<&str> = source.lines().collect();
        for (signature, body) in parsed.items.iter().flat_map(bodies) {
            let (begin, end) = (signature.span().start().line, body.span().end().line);
            let is_code = |line: &&&str| !line.trim().is_empty() && !line.trim().starts_with("//");
            functions.push(Function {
                file: shown.clone(),
                line: begin,
                name: signature.ident.to_string(),
                length: lines[begin - 1..end].iter().filter(is_code).count(),
            });
        }
    }
    functions
}

/// The functions of an item. A function inside another one is a part of that.
fn bodies(item: &Item) -> Vec<(&Signature, &Block)> {
    match item {
        Item::Fn(function) => vec![(&function.sig, &function.block)],
        Item::Impl(block) => {
            let functions = block.items.iter().filter_map(|item| match item {
                ImplItem::Fn(function) => Some((&function.sig, &function.block)),
                _ => None,
            });
            functions.collect()
        }
        Item::Trait(block) => {
            let functions = block.items.iter().filter_map(|item| match item {
                TraitItem::Fn(function) => Some((&function.sig, function.default.as_ref()?)),
                _ => None,
            });
            functions.collect()
        }
        Item::Mod(module) => {
            let items = module.content.iter().flat_map(|(_, items)| items);
            items.flat_map(bodies).collect()
        }
        _ => Vec::new(),
    }
}

/// All Rust files in a folder and its subfolders, except for those of tests, which have their own
/// folder beside `src`.
fn sources(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).expect("it is readable");
    let paths = entries.map(|entry| entry.expect("it is readable").path());
    let found = paths.flat_map(|path| match path.extension() {
        None if path.is_dir() && !path.ends_with("tests") => sources(&path),
        Some(extension) if extension == "rs" => vec![path],
        _ => Vec::new(),
    });
    found.collect()
}
