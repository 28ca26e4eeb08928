//! Namespaces (namespaces(7)): a part of the system for one test only.

use std::io::{self, BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use nix::unistd::Uid;

use crate::Process;

/// New namespaces. They are gone when the last process in them has ended.
///
/// An ordinary user becomes root in a user namespace, if the system allows that.
#[derive(Debug)]
pub struct Namespaces {
    /// Their kinds, as options of unshare(1) and nsenter(1): `--net`, `--pid`, `--mount`.
    own: &'static [&'static str],
    /// The process that keeps them until its standard input ends.
    keeper: Child,
    /// The first process inside, by its number outside.
    first: i32,
}

impl Namespaces {
    /// Whether this system allows such namespaces.
    pub fn are_possible(own: &[&'static str]) -> bool {
        let mut tried = Command::new("unshare");
        tried.args(unsharing(own)).args(becoming_root()).arg("true");
        let status = tried.stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    }

    /// Opens namespaces. A network namespace contains only 127.0.0.1. In a PID namespace, processes
    /// see only each other, and none of them outlives the namespace.
    ///
    /// # Errors
    ///
    /// The system does not allow it.
    pub fn open(own: &'static [&'static str]) -> io::Result<Namespaces> {
        let mut unshare = Command::new("unshare");
        unshare.args(becoming_root());
        Namespaces::open_by(unshare, own)
    }

    /// Opens more of the same kind, with the same root user, so that the two can be joined.
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
            // bash reaps orphans while it waits for `cat`, which ends when this process does.
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
            *children.first().ok_or_else(|| io::Error::other("no process is inside"))?
        } else {
            keeping
        };
        Ok(Namespaces { own, keeper, first: first.0 })
    }

    /// The command that runs a program inside. The program is its next argument.
    ///
    /// Without `--pid`, the command becomes the program itself, so that signals reach it.
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

    /// The first process inside, by its number outside.
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
