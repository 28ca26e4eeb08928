use std::env;
use std::io::{self, Write};
use std::path::Path;

use crate::records::shows_nothing;

/// Whether the program `name` is installed, or the file exists if `name` is an absolute path. If
/// not, this says that the test is skipped, and the test has to return. With `CI=true` in the
/// environment, it fails the test instead.
#[track_caller]
pub fn require_tool(name: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    if env::split_paths(&path).any(|directory| is_file(&directory.join(name))) {
        return true;
    }
    skip(&format!("{name} is not installed"));
    false
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

fn is_file(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.is_file())
}
