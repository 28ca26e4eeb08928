use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Where the binary `name` of this workspace is, built from the sources as they are now.
///
/// The tests of a package cannot have the binaries of another one built for them, so the first
/// test of each process that wants one has cargo build them all, for the profile that it was
/// itself built for.
pub(crate) fn binary(name: &str) -> PathBuf {
    directory().join(name)
}

/// Where the examples of this workspace are, built like the binaries.
pub fn examples() -> PathBuf {
    binary("examples")
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

/// Has the binaries built now, so that no server that is started later has to wait for it: for a
/// process that is about to pin itself to a processor, which the compiler would inherit.
pub fn build() {
    directory();
}

fn directory() -> &'static Path {
    static DIRECTORY: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match DIRECTORY.get_or_init(try_build) {
        Ok(directory) => directory,
        Err(error) => panic!("{error}"),
    }
}

fn try_build() -> Result<PathBuf, String> {
    cargo(["build", "--workspace", "--bins", "--examples"].into_iter())?;
    let test = env::current_exe().map_err(|error| error.to_string())?;
    let (target, profile) = target_and_profile(&test)?;
    Ok(target.join(profile))
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
