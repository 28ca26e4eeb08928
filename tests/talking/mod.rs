//! Runs `talk` as a user does.

use std::io::Write;
use std::process::{Command, Stdio};
use std::thread;

/// The program with the subcommand `talk`.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_after-accept");

/// The result of `talk`, with its output.
#[derive(Debug)]
pub(crate) struct Talked {
    pub(crate) status: Option<i32>,
    pub(crate) output: String,
    pub(crate) errors: Vec<String>,
}

/// Runs `talk` under a program, with this input. It gives up by itself.
pub(crate) fn talk_under(wrapper: &[&str], arguments: &[&str], input: &[u8]) -> Talked {
    let words = [wrapper, &[PROGRAM, "talk"], arguments].concat();
    let mut child = Command::new(words[0])
        .args(&words[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut stdin = child.stdin.take().expect("piped");
    let ended = thread::scope(|scope| {
        // If it fails at once, it does not read the input.
        scope.spawn(move || drop(stdin.write_all(input)));
        child.wait_with_output().expect("it ends")
    });
    let errors = String::from_utf8(ended.stderr).expect("UTF-8");
    Talked {
        status: ended.status.code(),
        output: String::from_utf8(ended.stdout).expect("UTF-8"),
        errors: errors.lines().map(str::to_owned).collect(),
    }
}
