//! Both programs, ours and net-snmp's, and their output.

// Each file of tests uses only a part of this file.
#![allow(dead_code)]

use std::net::SocketAddr;
use std::process::Command;

use snmp_agent::{Agent, Frozen, Question, Row};
use test_kit::{Directory, program};

/// The output of a program, and how it ended.
#[derive(Debug, PartialEq)]
pub(crate) struct Said {
    pub(crate) status: Option<i32>,
    pub(crate) rows: String,
    pub(crate) errors: String,
}

impl Said {
    /// Checks that nothing went wrong and that these rows were printed.
    #[track_caller]
    pub(crate) fn expect_rows(&self, rows: &[&str]) {
        assert_eq!(self.errors, "");
        assert_eq!(self.rows.lines().collect::<Vec<_>>(), rows);
        assert_eq!(self.status, Some(0));
    }

    /// Checks that it failed after this many rows, and said so in one line with these words.
    #[track_caller]
    pub(crate) fn expect_failure(&self, rows: usize, words: &[&str]) {
        assert_eq!(self.status, Some(1), "{self:#?}");
        assert_eq!(self.rows.lines().count(), rows, "{self:#?}");
        assert_eq!(self.errors.lines().count(), 1, "{self:#?}");
        for word in words {
            assert!(self.errors.contains(word), "no {word:?}: {self:#?}");
        }
    }
}

/// Our program with these arguments.
#[track_caller]
pub(crate) fn ours(arguments: &[&str]) -> Said {
    let mut command = Command::new(program());
    command.arg("snmp-walk").args(arguments);
    said(command)
}

/// Runs our program against this agent, with a timeout that is long enough on a busy machine,
/// unless the arguments say otherwise.
#[track_caller]
pub(crate) fn walk(agent: SocketAddr, arguments: &[&str]) -> Said {
    let agent = agent.to_string();
    let patience = ["--timeout", "30"];
    let patience = if arguments.contains(&"--timeout") { &[][..] } else { &patience };
    ours(&[&[&*agent], arguments, patience].concat())
}

/// Options for a walk that gets no answer.
pub(crate) const IMPATIENT: [&str; 4] = ["--timeout", "0.2", "--retries", "1"];

/// A program of net-snmp, without MIB files and configuration.
#[track_caller]
pub(crate) fn theirs(program: &str, arguments: &[&str]) -> Said {
    let directory = Directory::default();
    let mut command = Command::new(program);
    command
        .args(["-On", "-c", "public"])
        .args(arguments)
        .env("MIBS", "")
        .env("SNMPCONFPATH", directory.path())
        .env("SNMP_PERSISTENT_DIR", directory.file("state"));
    let said = said(command);
    // It reports each directory that it makes.
    let errors = said.errors.lines().filter(|line| !line.starts_with("Created directory: "));
    Said { errors: errors.map(|line| format!("{line}\n")).collect(), ..said }
}

#[track_caller]
fn said(mut command: Command) -> Said {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = |bytes| String::from_utf8(bytes).expect("it is UTF-8");
    Said { status: output.status.code(), rows: text(output.stdout), errors: text(output.stderr) }
}

/// An agent with these rows.
pub(crate) fn frozen(rows: impl IntoIterator<Item = Row>) -> Agent {
    let tree = Frozen::new(rows);
    agent(move |question| tree.answer(question))
}

/// An agent that follows a script.
pub(crate) fn agent(script: impl FnMut(&Question) -> Vec<Vec<u8>> + Send + 'static) -> Agent {
    Agent::start(script).expect("there is a free port")
}
