//! `after-accept compare` as people run it: the page, its words if a style cannot do something, and
//! an interrupted run.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use test_kit::{Directory, Running, Signal, can_open, node, require_tool, wait_until};

const PROGRAM: &str = env!("CARGO_BIN_EXE_after-accept");

/// A comparison that is over soon, and whose speeds mean nothing.
fn start(directory: &Path, duration: &str) -> Running {
    let mut command = Command::new(PROGRAM);
    command.args(["compare", "--quick", "--rounds", "1"]);
    command.args(["--duration", duration, "--into"]).arg(directory);
    Running::spawn(command)
}

fn lines(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

fn kill(mut running: Running) {
    running.process().signal(Signal::SIGKILL);
    running.wait();
}

#[test]
fn an_interrupted_comparison_goes_on_and_ends_in_a_page() {
    // The server needs this many descriptors for a thousand idle clients.
    if !can_open(1_100) {
        return;
    }
    let directory = Directory::default();
    let runs = directory.file("runs.jsonl");
    let running = start(directory.path(), "0.1");
    wait_until("some measurements are there", || lines(&runs).len() > 5);
    kill(running);
    let kept = lines(&runs);
    // As if the power had failed in the middle of a line.
    let mut file = OpenOptions::new().append(true).open(&runs).unwrap();
    file.write_all(br#"{"load":"echo, "#).unwrap();

    let mut running = start(directory.path(), "0.1");
    // It takes longer than the other waits in these tests.
    while !matches!(running.process().state(), None | Some('Z')) {
        let before = lines(&runs).len();
        wait_until("it goes on, or ends", || {
            lines(&runs).len() > before || matches!(running.process().state(), None | Some('Z'))
        });
    }
    assert!(running.wait().success(), "{:#?}", running.output());
    assert_eq!(lines(&runs)[..kept.len()], kept);

    let results = fs::read_to_string(directory.file("results.json")).unwrap();
    check_results(&serde_json::from_str(&results).unwrap());
    check_page(&fs::read_to_string(directory.file("index.html")).unwrap());
    check_switches(&directory.file("index.html"));
    let table = running.output().join("\n");
    assert!(table.contains("\necho, 10 clients "), "{table}");
    assert!(table.contains("cannot") && !table.contains("missing"), "{table}");

    // The kept measurements become the parts of a page, without measuring again.
    let done = lines(&runs);
    let mut parts = Command::new(PROGRAM);
    parts.args(["compare", "--parts-of"]).arg(directory.path());
    assert!(Running::spawn(parts).wait().success());
    assert_eq!(lines(&runs), done);
    let rate = fs::read_to_string(directory.path().join("rate.html")).unwrap();
    assert!(rate.contains("echo, 10 clients</th><td class=\"cannot\">cannot</td><td"));
    let plot = fs::read_to_string(directory.path().join("rate-chat.svg")).unwrap();
    assert!(plot.starts_with("<svg ") && plot.ends_with("</svg>\n"));

    // With another duration it is another comparison, and the first one is renamed.
    let running = start(directory.path(), "0.2");
    wait_until("it has begun again", || (2..done.len()).contains(&lines(&runs).len()));
    kill(running);
    assert_eq!(lines(&directory.file("runs.before.jsonl")), done);
}

#[test]
fn an_interrupted_comparison_says_how_to_go_on_and_has_a_page() {
    let directory = Directory::default();
    let runs = directory.file("runs.jsonl");
    let running = start(directory.path(), "0.1");
    wait_until("some measurements are there", || lines(&runs).len() > 2);
    running.process().signal(Signal::SIGINT);
    let ended = running.end();
    assert_eq!(ended.status.code(), Some(1), "{ended:#?}");
    let told = "error: interrupted; the same command goes on with what is missing";
    assert_eq!(ended.errors, [told], "{ended:#?}");
    let table = ended.output.join("\n");
    assert!(table.contains("missing"), "{table}");
    assert!(directory.file("index.html").exists());
    assert!(lines(&runs).iter().all(|line| !line.contains("interrupted")));
}

#[test]
fn an_unreadable_file_is_renamed_and_not_overwritten() {
    let directory = Directory::default();
    let kept = b"{\"commit\":\"\xff";
    fs::write(directory.file("runs.jsonl"), kept).unwrap();
    let running = start(directory.path(), "0.1");
    wait_until("it has begun again", || lines(&directory.file("runs.jsonl")).len() > 1);
    kill(running);
    assert_eq!(fs::read(directory.file("runs.before.jsonl")).unwrap(), kept);
}

#[test]
fn parts_are_made_only_from_a_comparison() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("runs.jsonl");
    let refused = |why: &str| {
        let mut command = Command::new(PROGRAM);
        command.args(["compare", "--parts-of"]).arg(directory.path());
        let ended = Running::spawn(command).end();
        assert_eq!(ended.status.code(), Some(1));
        assert_eq!(ended.errors, [format!("error: {why}")]);
    };
    let shown = file.display();
    refused(&format!("cannot read {shown}: No such file or directory"));
    fs::write(&file, "{}\n").unwrap();
    refused(&format!("{shown} is not the runs.jsonl of a comparison"));
}

fn check_results(results: &Value) {
    let cells = results["cells"].as_array().unwrap();
    let cell = |load: &str, style: &str| {
        let is_it = |cell: &&Value| cell["load"] == load && cell["style"] == style;
        let found = cells.iter().find(is_it);
        found.unwrap_or_else(|| panic!("no {style} under {load}"))
    };
    for cell in cells {
        let (cannot, figures) = (&cell["cannot"], cell["figures"].as_array().unwrap());
        assert_eq!(cannot.is_null(), !figures.is_empty(), "{cell:#}");
        for figure in figures {
            let [min, median, max] = ["min", "median", "max"].map(|key| figure[key].as_f64());
            assert!(min <= median && median <= max && min.is_some(), "{cell:#}");
        }
    }
    for style in ["iterative", "fork", "thread", "select", "async"] {
        let alone = &cell("echo, 1 client", style)["cannot"];
        assert!(alone.is_null(), "{style}: {alone}");
    }
    let busy = "let 1 of 10 clients in, and no more";
    assert_eq!(cell("echo, 10 clients", "iterative")["cannot"], busy);
    let full = "let 1000 of 1010 clients in, and no more";
    assert_eq!(cell("echo, 10 clients and 1000 idle ones", "select")["cannot"], full);
    for key in ["commit", "built", "processor", "kernel", "placement", "seconds"] {
        assert!(!results["about"][key].is_null(), "{key}");
    }
}

/// In a browser, a reader can hide each style and show it again.
fn check_switches(page: &Path) {
    if !require_tool("chromium") {
        return;
    }
    let Some(mut node) = node("switches.mjs") else { return };
    let page = format!("file://{}", page.display());
    let said = node.env("PAGE", page).env("LEAST", "11").output().expect("node runs");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
}

fn check_page(page: &str) {
    for part in [
        "cannot: let 1 of 10 clients in, and no more",
        "Answers a second",
        "How long answers took",
        "Memory a client",
        "Processor time an answer",
        "Code to read",
        "<dt>placement</dt>",
        "prefers-color-scheme: dark",
        "width=device-width",
    ] {
        assert!(page.contains(part), "{part}");
    }
    // Three services, the latencies of six loads, and bars.
    assert!(page.matches("<svg ").count() > 12);
    assert_eq!(page.matches("<svg ").count(), page.matches("</svg>").count());
    for foreign in ["http:", "https:", "src=", "url(", "@import", "<script", "NaN", "inf"] {
        assert!(!page.contains(foreign), "{foreign}");
    }
}
