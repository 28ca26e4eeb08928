//! On other systems than Linux, the build of the workspace ends with one sentence that says why.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Output};

use serde_json::{Value, json};

/// The crate whose build script prints the sentence.
const GUARD: &str = "linux-only";

/// The members that do not need Linux: protocols and arithmetic. They make no system calls.
const PURE: [&str; 2] = ["addresses", "protocol"];

#[test]
fn on_other_systems_the_build_ends_with_one_sentence() {
    let systems = [
        ("x86_64-pc-windows-msvc", "windows"),
        ("aarch64-apple-darwin", "macos"),
        ("x86_64-unknown-freebsd", "freebsd"),
    ];
    for (target, system) in systems {
        let built = cargo(&["check", "--quiet", "-p", GUARD, "--target", target]);
        assert!(!built.status.success(), "{target}");
        let said = String::from_utf8_lossy(&built.stderr);
        let errors: Vec<_> = said.lines().filter(|line| line.starts_with("error: ")).collect();
        let [sentence, "error: build script logged errors"] = errors[..] else {
            panic!("{target}: {said}");
        };
        let reason = format!("cannot be built for {system}: use a Linux machine");
        assert!(sentence.contains(&reason), "{sentence}");
        assert_eq!(said.lines().count(), 2, "{said}");
    }
}

/// Otherwise a crate would be compiled beside the script, and its errors would hide the sentence.
#[test]
fn every_crate_that_needs_linux_depends_on_the_guard() {
    let metadata = cargo(&["metadata", "--no-deps", "--format-version=1"]);
    let metadata: Value = serde_json::from_slice(&metadata.stdout).expect("it is JSON");
    let packages = metadata["packages"].as_array().expect("there are packages");
    let is_built = |package: &&Value| {
        let targets = package["targets"].as_array().expect("there are targets");
        let later = [json!(["bench"]), json!(["test"])];
        targets.iter().any(|target| !later.contains(&target["kind"]))
    };
    let dependencies: BTreeMap<&str, Vec<&str>> = packages
        .iter()
        // Benches and tests are built after all that they need, so they need no guard of their own.
        .filter(is_built)
        .map(|package| (text(&package["name"]), needed(package).collect()))
        .collect();
    assert!(dependencies.len() > 15, "{dependencies:?}");
    let unguarded: BTreeSet<&str> =
        dependencies.keys().copied().filter(|name| !reaches(&dependencies, name)).collect();
    assert_eq!(unguarded, BTreeSet::from(PURE));
    for name in PURE {
        let is_pure = |name: &&&str| !["nix", "libc", "socket2", "signal-hook"].contains(*name);
        let needs = &dependencies[name];
        assert_eq!(needs.iter().filter(is_pure).count(), needs.len(), "{name}: {needs:?}");
    }
}

/// The names of the crates that a package needs for its build, without those for its tests.
fn needed(package: &Value) -> impl Iterator<Item = &str> {
    let dependencies = package["dependencies"].as_array().expect("a list").iter();
    let is_needed = |dependency: &&Value| dependency["kind"].is_null();
    // An optional dependency, or one for some systems only, guards nothing.
    let is_sure = |dependency: &&Value| {
        dependency["optional"] == Value::Bool(false) && dependency["target"].is_null()
    };
    dependencies.filter(is_needed).filter(is_sure).map(|dependency| text(&dependency["name"]))
}

/// Whether this member is the guard, or depends on it, directly or indirectly.
fn reaches(dependencies: &BTreeMap<&str, Vec<&str>>, name: &str) -> bool {
    let needs = dependencies.get(name).into_iter().flatten();
    name == GUARD || needs.into_iter().any(|name| reaches(dependencies, name))
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a name")
}

fn cargo(arguments: &[&str]) -> Output {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR"));
    cargo.env("CARGO_TARGET_DIR", env!("CARGO_TARGET_TMPDIR")).env("CARGO_TERM_COLOR", "never");
    cargo.output().expect("cargo runs this test")
}
