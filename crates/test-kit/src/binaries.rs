use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::{Style, repository};

/// The path of the server `name` of this workspace, built from the current sources.
///
/// Cargo does not build the binaries of another package for the tests of a package. So the first
/// test of a process that needs a server lets cargo build the servers, for the test's own profile.
/// It builds all servers at once, since finding nothing to do takes cargo as long for one as for
/// all. It builds only servers, so that their tests do not wait for other programs.
pub(crate) fn binary(name: &str) -> PathBuf {
    static SERVERS: Built = Built::new();
    let of_styles = Style::ALL.map(|style| style.process_name);
    let servers = of_styles.into_iter().chain(["faulty-server"]).flat_map(|name| ["--bin", name]);
    SERVERS.directory(servers).join(name)
}

/// The directory of this workspace's examples, built like the servers.
pub fn examples() -> PathBuf {
    static EXAMPLES: Built = Built::new();
    EXAMPLES.directory(["--examples"].into_iter()).join("examples")
}

/// The path of the one program, built like the servers, for tests in other packages.
pub fn program() -> PathBuf {
    static PROGRAM: Built = Built::new();
    PROGRAM.directory(["--bin", "after-accept"].into_iter()).join("after-accept")
}

/// Builds the tests in these examples, and returns for each the program that `cargo test --example
/// NAME` runs. `cargo test` alone runs none of them.
///
/// # Errors
///
/// One of them cannot be built. The error is cargo's output.
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

/// Builds the servers now, so that starting one later does not wait. Call it in a process that is
/// about to pin itself to one processor: the compiler would inherit that.
pub fn build() {
    binary("");
}

/// The place of the built programs, or why they could not be built.
struct Built(OnceLock<Result<PathBuf, String>>);

impl Built {
    const fn new() -> Built {
        Built(OnceLock::new())
    }

    /// The directory, once cargo has built the programs.
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

/// Runs cargo for the profile of this test. Returns its output.
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
        .current_dir(repository())
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    if !built.status.success() {
        let said = String::from_utf8_lossy(&built.stderr);
        return Err(format!("cannot build what a test needs:\n{said}"));
    }
    Ok(String::from_utf8_lossy(&built.stdout).into_owned())
}

/// The target directory and the name of the profile's directory in it, for a test at
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
