//! An isolated place for the commands of one chapter.
//!
//! It has its own network, in which every port is free and 127.0.0.1 is the only host, and its own
//! processes, none of which is left when it ends: both are namespaces (namespaces(7)). Its
//! directory looks like the top of the repository, and files that a command writes there are
//! deleted afterwards.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, process};

use test_kit::{Namespaces, Style, example_tests, examples};

use crate::chapter::repository;
use crate::terminal::{PROMPT, Terminal};

/// The lab. Dropping it ends every process in it.
#[derive(Debug)]
pub struct Lab {
    namespaces: Namespaces,
    directory: PathBuf,
}

/// The programs that a lab needs.
pub const TOOLS: [&str; 5] = ["bash", "ip", "nsenter", "setsid", "unshare"];

/// The namespaces of a lab.
const OWN: &[&str] = &["--net", "--pid", "--mount"];

impl Lab {
    /// Whether this system allows a lab.
    pub fn is_possible() -> bool {
        Namespaces::are_possible(OWN)
    }

    /// Opens a lab in which `cargo run` and `after-accept` start `program`.
    ///
    /// # Errors
    ///
    /// A namespace, a directory or a link cannot be made.
    pub fn open(name: &str, program: &Path) -> io::Result<Lab> {
        let directory = env::temp_dir().join(format!("after-accept-{}-{name}", process::id()));
        furnish(&directory, program)?;
        let namespaces = Namespaces::open(OWN)?;
        Ok(Lab { namespaces, directory })
    }

    /// Builds the tests in these examples, so that `cargo test --example NAME` runs them here.
    ///
    /// # Errors
    ///
    /// One of them cannot be built or linked.
    pub fn furnish_tests(&self, names: &[&str]) -> Result<(), String> {
        for (name, program) in names.iter().zip(example_tests(names)?) {
            let link = self.directory.join(format!("target/tests/{name}"));
            symlink(program, link).map_err(|error| format!("cannot link {name}: {error}"))?;
        }
        Ok(())
    }

    /// Opens a terminal with an interactive shell, like a reader's.
    ///
    /// # Errors
    ///
    /// There is no free terminal, or the shell cannot be started.
    pub fn terminal(&self) -> io::Result<Terminal> {
        // A test that was started in the background ignores Ctrl-C, and its children inherit that
        // (bash(1)).
        let wrapper = ["env", "--default-signal", "setsid", "--ctty", "--wait", "bash", "-c"];
        // Readers can edit a line before they send it; the test sends complete lines.
        let shell = "cd \"$HOME\" && \
                     PS1=$PROMPT PS2= HISTFILE= exec bash --noprofile --norc --noediting -i";
        let mut shell = self.inside(&[&wrapper[..], &[shell]].concat());
        shell.env("PROMPT", PROMPT);
        Terminal::open(shell)
    }

    /// The command line that starts a program inside.
    fn inside(&self, program: &[&str]) -> Command {
        let mut inside = self.namespaces.enter();
        let path = env::var("PATH").unwrap_or_default();
        let bin = self.directory.join("bin");
        inside
            .args(program)
            .env_clear()
            .env("PATH", format!("{}:{path}:/usr/sbin:/sbin", bin.display()))
            .env("HOME", &self.directory)
            .env("LANG", "C.UTF-8")
            .env("TERM", "dumb");
        inside
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // Close them before the directory is deleted.
        self.namespaces.close();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// Makes the directory: links to the files at the top of the repository, and the programs.
fn furnish(directory: &Path, program: &Path) -> io::Result<()> {
    let _ = fs::remove_dir_all(directory);
    let (bin, target) = (directory.join("bin"), directory.join("target/debug"));
    fs::create_dir_all(&bin)?;
    fs::create_dir_all(&target)?;
    fs::create_dir_all(directory.join("target/tests"))?;
    for entry in fs::read_dir(repository())? {
        let entry = entry?;
        let name = entry.file_name();
        if name != "target" && !name.to_string_lossy().starts_with('.') {
            symlink(entry.path(), directory.join(name))?;
        }
    }
    // Under the name of a server, the one program is that server.
    let servers = Style::ALL.map(|style| style.process_name);
    for name in ["after-accept"].into_iter().chain(servers) {
        symlink(program, target.join(name))?;
    }
    symlink(examples(), target.join("examples"))?;
    symlink(program, bin.join("after-accept"))?;
    let cargo = bin.join("cargo");
    fs::write(&cargo, CARGO)?;
    fs::set_permissions(&cargo, Permissions::from_mode(0o755))
}

/// `cargo run` and `cargo test --example`, with everything built already. A quiet cargo prints
/// nothing then, and the book does not show cargo's own output.
const CARGO: &str = r#"#!/bin/sh
case "$1 $2" in
"run "*) name=debug/after-accept ;;
"build "*) exit 0 ;;
"test --example") exec "target/tests/$3" ;;
*) echo "cargo $1: there is no such thing here" >&2; exit 101 ;;
esac
shift
while [ $# -gt 0 ]; do
    case $1 in
    -q | --quiet | --release) shift ;;
    -p | --package) name=debug/$2; shift 2 ;;
    --example) name=debug/examples/$2; shift 2 ;;
    --) shift; break ;;
    *) echo "cargo run: there is no $1" >&2; exit 101 ;;
    esac
done
CARGO_MANIFEST_DIR=$HOME
export CARGO_MANIFEST_DIR
exec "target/$name" "$@"
"#;
