//! Namespaces (namespaces(7)): a part of the system that a test has for itself.

use std::io::{self, BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use nix::unistd::Uid;

use crate::Process;

/// Namespaces of our own. They are gone when the last process in them has ended.
///
/// Who is not root becomes root in a user namespace, where the system allows that.
#[derive(Debug)]
pub struct Namespaces {
    /// What they are, as unshare(1) and nsenter(1) call them: `--net`, `--pid`, `--mount`.
    own: &'static [&'static str],
    /// Keeps them until its standard input ends.
    keeper: Child,
    /// The first process inside, as it is numbered outside.
    first: i32,
}

impl Namespaces {
    /// Whether this system lets us have such ones.
    pub fn are_possible(own: &[&'static str]) -> bool {
        let mut tried = Command::new("unshare");
        tried.args(unsharing(own)).args(becoming_root()).arg("true");
        let status = tried.stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    }

    /// Opens them. A network has nobody in it but 127.0.0.1; processes see their own kind only, and
    /// none of them outlives the namespace.
    ///
    /// # Errors
    ///
    /// The system does not allow it.
    pub fn open(own: &'static [&'static str]) -> io::Result<Namespaces> {
        let mut unshare = Command::new("unshare");
        unshare.args(becoming_root());
        Namespaces::open_by(unshare, own)
    }

    /// Opens more of the same kind, of which the same root is master, so that the two can be
    /// joined.
    ///
    /// # Errors
    ///
    /// The system does not allow it.
    pub fn open_beside(&self) -> io::Result<Namespaces> {
        if Uid::effective().is_root() {
            return Namespaces::open(self.own);
        }
        let mut unshare = self.enter_some(&[]);
        unshare.arg("unshare");
        Namespaces::open_by(unshare, self.own)
    }

    fn open_by(mut unshare: Command, own: &'static [&'static str]) -> io::Result<Namespaces> {
        let mut keeper = unshare
            .args(unsharing(own))
            // It reaps whatever is orphaned while it waits for `cat`, which ends when we do.
            .args(["bash", "-c", "ip link set lo up && echo ready && cat; :"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut ready = String::new();
        BufReader::new(keeper.stdout.take().expect("piped")).read_line(&mut ready)?;
        if ready != "ready\n" {
            return Err(io::Error::other("the namespaces cannot be set up"));
        }
        let keeping = Process(keeper.id().cast_signed());
        let first = if own.contains(&"--pid") {
            // The keeper itself stays outside.
            let children = keeping.children();
            *children.first().ok_or_else(|| io::Error::other("nobody is inside"))?
        } else {
            keeping
        };
        Ok(Namespaces { own, keeper, first: first.0 })
    }

    /// What runs a program inside, given as the next argument.
    ///
    /// Without `--pid` it is the program's own process, so that signals reach it.
    pub fn enter(&self) -> Command {
        self.enter_some(self.own)
    }

    fn enter_some(&self, own: &[&str]) -> Command {
        let mut enter = Command::new("nsenter");
        enter.args(["--target", &self.first.to_string()]).args(own);
        if !Uid::effective().is_root() {
            enter.args(["--user", "--preserve-credentials"]);
        }
        enter
    }

    /// The first process inside, as it is numbered outside.
    pub fn first(&self) -> Process {
        Process(self.first)
    }

    /// Ends the first process inside, and with `--pid` every other one.
    pub fn close(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        self.close();
    }
}

fn unsharing(own: &[&'static str]) -> Vec<&'static str> {
    let mut options = own.to_vec();
    if own.contains(&"--pid") {
        options.extend(["--mount-proc", "--fork", "--kill-child"]);
    }
    options
}

fn becoming_root() -> &'static [&'static str] {
    if Uid::effective().is_root() { &[] } else { &["--user", "--map-root-user"] }
}
