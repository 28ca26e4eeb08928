use std::env;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use launch::NoRing;

use crate::records::shows_nothing;
use crate::repository;

/// Whether the program `name` is installed, or the file exists if `name` is an absolute path. If
/// not, this says that the test is skipped, and the test has to return. With `CI=true` in the
/// environment, it fails the test instead.
#[track_caller]
pub fn require_tool(name: &str) -> bool {
    let is_installed = path_of(name).is_some();
    if !is_installed {
        skip(&format!("{name} is not installed"));
    }
    is_installed
}

/// A command that runs a script of `tests/browser` with node. Its environment names Chromium, if that
/// is installed. `None` if node or the packages of the scripts are missing; then it says so as
/// [`require_tool`] does.
#[track_caller]
pub fn node(script: &str) -> Option<Command> {
    let scripts = repository().join("tests/browser");
    if !require_tool("node") {
        return None;
    }
    if !scripts.join("node_modules").is_dir() {
        skip(
            "the packages of tests/browser are not installed: type `npm ci --prefix tests/browser`",
        );
        return None;
    }
    let mut node = Command::new("node");
    node.arg(script).current_dir(scripts);
    node.envs(path_of("chromium").map(|chromium| ("CHROMIUM", chromium)));
    Some(node)
}

fn path_of(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).map(|directory| directory.join(program)).find(|path| is_file(path))
}

/// Says that a test is skipped, and why. With `CI=true` in the environment, it fails the test
/// instead, since all tools must be there.
#[track_caller]
pub fn skip(why: &str) {
    assert!(env::var("CI").as_deref() != Ok("true"), "{why}");
    // Not eprintln!, since the test harness hides its output if a test passes.
    let _ = writeln!(io::stderr(), "skipped: {why}");
    shows_nothing();
}

/// Whether this system has what a style needs. If not, says so as [`require_tool`] does.
#[track_caller]
pub fn can_run(style: launch::Style) -> bool {
    if style.needs_ring
        && let Err(NoRing { why, try_this }) = launch::expect_ring()
    {
        skip(&format!("io_uring: {why}; try this: {try_this}"));
        return false;
    }
    true
}

fn is_file(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.is_file())
}
