use std::env;
use std::io::{self, Write};
use std::path::Path;

use crate::records::shows_nothing;

/// Whether the program `name` is installed, or the file, if `name` is an absolute path. If not, the
/// test that wants it has to be skipped, and this says so; where the environment says `CI=true` it
/// fails the test instead.
#[track_caller]
pub fn require_tool(name: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    if env::split_paths(&path).any(|directory| is_file(&directory.join(name))) {
        return true;
    }
    skip(&format!("{name} is not installed"));
    false
}

/// Says that a test is skipped, and why, so that it is seen. Where the environment says `CI=true`,
/// everything has to be there, and it fails.
#[track_caller]
pub fn skip(why: &str) {
    assert!(env::var("CI").as_deref() != Ok("true"), "{why}");
    // Not eprintln!, which the test harness keeps to itself when a test passes.
    let _ = writeln!(io::stderr(), "skipped: {why}");
    shows_nothing();
}

fn is_file(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.is_file())
}
