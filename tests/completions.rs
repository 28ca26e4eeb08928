//! The completions as people use them: Tab in a real shell on a terminal.

use std::collections::BTreeSet;
use std::env;
use std::path::Path;
use std::process::Command;

use test_kit::{Directory, Running, deadline, require_tool};

const PROGRAM: &str = env!("CARGO_BIN_EXE_after-accept");

/// The beginning of a command line, and words that Tab has to show.
const TYPED: &[(&str, &str)] = &[
    ("after-accept ", "fork talk addresses datagrams doctor completions"),
    ("after-accept fork ", "echo fortune chat lines frames upload"),
    ("after-accept select ", "echo fortune chat lines frames upload"),
    ("after-accept iterative --", "--listen --max-clients --idle-timeout"),
    ("after-accept --styles ", "iterative fork thread select async all"),
    ("after-accept --styles fork,", "iterative thread select async"),
    ("after-accept --styles fork,thread,as", "fork,thread,async"),
    ("after-accept --styles=", "iterative fork thread select async all"),
    ("after-accept --styles=fork,thread,as", "fork,thread,async"),
    ("after-accept addresses bytes 7 --as=", "u16 u32 u64 i16 i32 i64"),
    ("after-accept talk 127.0.0.1:7 --clean=", "auto always never"),
    ("after-accept timelines ", "iterative fork thread select async"),
    ("after-accept completions ", "bash elvish fish powershell zsh"),
    ("after-accept addresses ", "bytes subnet same split drill"),
    ("after-accept addresses drill ", "bytes subnet ipv6 mac"),
    ("after-accept addresses bytes 7 --as ", "u16 u32 u64 i16 i32 i64"),
    ("after-accept datagrams multicast ", "send receive"),
    ("after-accept talk ", "echo increment frames upload"),
    ("after-accept talk echo --", "--udp --timeout"),
    ("after-accept load ", "echo fortune chat"),
    ("after-accept snmp-walk --", "--bulk --numeric"),
    ("after-accept hls-relay --", "--ingest"),
    ("after-accept book --", "--listen"),
];

#[test]
fn bash_shows_commands_services_and_values() {
    check("bash");
}

#[test]
fn zsh_shows_commands_services_and_values() {
    check("zsh");
}

#[test]
fn fish_shows_commands_services_and_values() {
    check("fish");
}

fn check(shell: &str) {
    if !require_tool(shell) || !require_tool("expect") {
        return;
    }
    let programs = Path::new(PROGRAM).parent().expect("it is in a directory");
    let path = env::var("PATH").expect("there is a path");
    let home = Directory::default();
    // Shorter than the test's own, so that the script can say what is missing.
    let patience = deadline().as_secs() / 2;
    let mut command = Command::new("expect");
    command
        .args(["tests/completions/tab.exp", &patience.to_string(), shell])
        .args(TYPED.iter().flat_map(|(typed, words)| [typed, words]))
        .env("PATH", format!("{}:{path}", programs.display()))
        // Shells keep a history, and fish makes directories.
        .env("HOME", home.path())
        .env("XDG_CONFIG_HOME", home.path())
        .env("XDG_DATA_HOME", home.path())
        .env("HISTFILE", "/dev/null");
    let ended = Running::spawn(command).end();
    assert_eq!(ended.output, ["all shown"], "{shell}: {ended:#?}");
}

/// With names that differ, bash finds the completions of no command.
#[test]
fn bash_looks_each_state_up_by_the_name_under_which_it_is_entered() {
    let script = script("bash");
    let lines = || script.lines().map(str::trim);
    let entered: BTreeSet<_> = lines()
        .filter_map(|line| line.strip_prefix("cmd=\"")?.strip_suffix('"'))
        .filter(|state| !state.is_empty())
        .collect();
    let labels: BTreeSet<_> = lines().filter_map(|line| line.strip_suffix(')')).collect();
    let lost: Vec<_> = entered.difference(&labels).collect();
    assert!(entered.len() > 20, "{entered:?}");
    assert!(lost.is_empty(), "{lost:?}");
}

#[test]
fn no_shell_offers_what_only_the_program_gives() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        assert!(!script(shell).contains("ends-with"), "{shell}");
    }
}

fn script(shell: &str) -> String {
    let output = Command::new(PROGRAM).args(["completions", shell]).output().expect("it runs");
    String::from_utf8(output.stdout).expect("text")
}
