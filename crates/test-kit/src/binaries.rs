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
    let test = env::current_exe().map_err(|error| error.to_string())?;
    let (target, profile) = target_and_profile(&test)
        .ok_or_else(|| format!("{} is not in target/PROFILE/deps", test.display()))?;
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--quiet", "--workspace", "--bins", "--examples"])
        .arg("--target-dir")
        .arg(target)
        .args([
            "--profile",
            if profile == "debug" { "dev" } else { profile },
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    if !built.status.success() {
        let said = String::from_utf8_lossy(&built.stderr);
        return Err(format!("cannot build the servers:\n{said}"));
    }
    Ok(target.join(profile))
}

/// The target directory and the name of the profile's own in it, for a test at
/// `target/PROFILE/deps/NAME-HASH`.
fn target_and_profile(test: &Path) -> Option<(&Path, &str)> {
    let profile = test.parent()?.parent()?;
    Some((profile.parent()?, profile.file_name()?.to_str()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_knows_its_profile() {
        let test = Path::new("/work/target/release/deps/echo-0123");
        assert_eq!(
            target_and_profile(test),
            Some((Path::new("/work/target"), "release"))
        );
    }
}
