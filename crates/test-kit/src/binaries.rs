use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::Style;

/// Where the server `name` of this workspace is, built from the sources as they are now.
///
/// The tests of a package cannot have the binaries of another one built for them, so the first
/// test of each process that wants one has cargo build the servers, for the profile that it was
/// itself built for. All at once, since to find nothing to do takes cargo as long for one as for
/// all; and nothing but servers, since no other program should keep a test of theirs waiting.
pub(crate) fn binary(name: &str) -> PathBuf {
    static SERVERS: Built = Built::new();
    let of_styles = Style::ALL.map(|style| style.process_name);
    let servers = of_styles.into_iter().chain(["faulty-server"]).flat_map(|name| ["--bin", name]);
    SERVERS.directory(servers).join(name)
}

/// Where the examples of this workspace are, built like the servers.
pub fn examples() -> PathBuf {
    static EXAMPLES: Built = Built::new();
    EXAMPLES.directory(["--examples"].into_iter()).join("examples")
}

/// Where the one program is, built like the servers: for tests of what it does that stand in another
/// package than its own.
pub fn program() -> PathBuf {
    static PROGRAM: Built = Built::new();
    PROGRAM.directory(["--bin", "after-accept"].into_iter()).join("after-accept")
}

/// Has the tests in these examples built, and gives for each the program that `cargo test --example
/// NAME` runs. `cargo test` alone runs none of them.
///
/// # Errors
///
/// What cargo says if one of them cannot be built.
pub fn example_tests(examples: &[&str]) -> Result<Vec<PathBuf>, String> {
    let named = examples.iter().flat_map(|example| ["--example", example]);
    let said = cargo(["test", "--no-run", "--message-format=json"].into_iter().chain(named))?;
    let program = |example: &&str| {
        let name = format!("\"name\":\"{example}\"");
        let is_it = |line: &&str| line.contains(&name) && line.contains("\"executable\":\"");
        let (_, path) = said.lines().find(is_it)?.split_once("\"executable\":\"")?;
        Some(PathBuf::from(path.split_once('"')?.0))
    };
    let programs = examples.iter().map(program).collect::<Option<_>>();
    programs
        .ok_or_else(|| format!("cargo does not say where the tests of {examples:?} are:\n{said}"))
}

/// Has the servers built now, so that none that is started later has to wait for it: for a process
/// that is about to pin itself to a processor, which the compiler would inherit.
pub fn build() {
    binary("");
}

/// What has been built, or why it could not be.
struct Built(OnceLock<Result<PathBuf, String>>);

impl Built {
    const fn new() -> Built {
        Built(OnceLock::new())
    }

    /// Where it is, once cargo has been told to build it.
    fn directory<'a>(&self, what: impl Iterator<Item = &'a str>) -> &Path {
        let build = || {
            cargo(["build"].into_iter().chain(what))?;
            let test = env::current_exe().map_err(|error| error.to_string())?;
            let (target, profile) = target_and_profile(&test)?;
            Ok(target.join(profile))
        };
        match self.0.get_or_init(build) {
            Ok(directory) => directory,
            Err(error) => panic!("{error}"),
        }
    }
}

/// Runs cargo for the profile that this test was itself built for. Gives its output.
fn cargo<'a>(arguments: impl Iterator<Item = &'a str>) -> Result<String, String> {
    let test = env::current_exe().map_err(|error| error.to_string())?;
    let (target, profile) = target_and_profile(&test)?;
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(arguments)
        .arg("--quiet")
        .arg("--target-dir")
        .arg(target)
        .args(["--profile", if profile == "debug" { "dev" } else { profile }])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    if !built.status.success() {
        let said = String::from_utf8_lossy(&built.stderr);
        return Err(format!("cannot build what a test needs:\n{said}"));
    }
    Ok(String::from_utf8_lossy(&built.stdout).into_owned())
}

/// The target directory and the name of the profile's own in it, for a test at
/// `target/PROFILE/deps/NAME-HASH`.
fn target_and_profile(test: &Path) -> Result<(&Path, &str), String> {
    let found = || {
        let profile = test.parent()?.parent()?;
        Some((profile.parent()?, profile.file_name()?.to_str()?))
    };
    found().ok_or_else(|| format!("{} is not in target/PROFILE/deps", test.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_knows_its_profile() {
        let test = Path::new("/work/target/release/deps/echo-0123");
        assert_eq!(target_and_profile(test), Ok((Path::new("/work/target"), "release")));
    }
}
