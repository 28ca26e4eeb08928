//! `after-accept check`, as people use it: right servers in three languages pass, each broken one of
//! the zoo is caught by the right case with the right cause, and reports are what other programs read.

use std::collections::BTreeSet;
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;

use check::CAUSES;
use nix::unistd::Uid;
use serde_json::{Value, json};
use tempfile::TempDir;
use test_kit::{Ended, Running, Style, node, repository, require_tool, wait_until};

const PROGRAM: &str = env!("CARGO_BIN_EXE_after-accept");

/// The servers of the zoo that are right.
const RIGHT: [&str; 6] = ["echo", "fortune", "lines", "frames", "upload", "chat"];

fn zoo() -> PathBuf {
    repository().join("tests/zoo")
}

/// Runs `after-accept check` in a directory. A machine that does something else meanwhile may be slow.
fn check_in(directory: &Path, arguments: &[&str]) -> Ended {
    let mut command = Command::new(PROGRAM);
    let own = arguments.contains(&"--timeout");
    command.arg("check").args(["--seed", "7"]).args(arguments.iter().take(1));
    command.args(["--timeout", "10"].iter().filter(|_| !own)).args(&arguments[1..]);
    command.current_dir(directory).stdin(Stdio::null());
    // Many cases may take longer than a single wait of other tests; each of their steps has its own.
    let output = command.output().expect("it can be started");
    let lines = |bytes: &[u8]| String::from_utf8_lossy(bytes).lines().map(str::to_owned).collect();
    Ended { status: output.status, output: lines(&output.stdout), errors: lines(&output.stderr) }
}

#[test]
fn right_servers_in_python_pass() {
    if !require_tool("python3") {
        return;
    }
    thread::scope(|scope| {
        for service in RIGHT {
            scope.spawn(move || {
                let file = format!("{service}.py");
                let server = ["--", "python3", &file, "{port}", "{directory}"];
                let ended = check_in(&zoo().join("right"), &[&[service][..], &server].concat());
                assert!(ended.status.success(), "{}", ended.output.join("\n"));
            });
        }
    });
}

/// A program that we did not write.
#[test]
fn an_echo_of_socat_passes() {
    if !require_tool("socat") {
        return;
    }
    let listen = "TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr,fork,backlog=128";
    let ended = check_in(repository(), &["echo", "--", "socat", listen, "EXEC:cat"]);
    assert!(ended.status.success(), "{}", ended.output.join("\n"));
}

/// A broken server: a patch for a right one. Its first line says what is wrong, and its second one
/// names the case that fails, and the cause.
struct Broken {
    name: String,
    case: String,
    cause: String,
    patch: PathBuf,
}

fn broken() -> Vec<Broken> {
    let entries = fs::read_dir(zoo().join("broken")).expect("there is a zoo");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("it is readable");
        let second = text.lines().nth(1).expect("a case and a cause");
        let (case, cause) = second.split_once(' ').expect("a case and a cause");
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Broken { name, case: case.to_owned(), cause: cause.to_owned(), patch: path }
    };
    paths.into_iter().map(read).collect()
}

impl Broken {
    fn named(name: &str) -> Broken {
        let found = broken().into_iter().find(|server| server.name == name);
        found.unwrap_or_else(|| panic!("the zoo has no {name}"))
    }

    /// The server, in a directory of its own.
    fn directory(&self) -> TempDir {
        let directory = TempDir::new().expect("there is room");
        for entry in fs::read_dir(zoo().join("right")).expect("there is a zoo") {
            let path = entry.expect("readable").path();
            if let Some(name) = path.file_name().filter(|_| path.is_file()) {
                fs::copy(&path, directory.path().join(name)).expect("there is room");
            }
        }
        let mut apply = Command::new("git");
        apply.arg("apply").arg(&self.patch).current_dir(&directory);
        apply.env("GIT_CEILING_DIRECTORIES", directory.path().parent().expect("a parent"));
        let applied = apply.output().expect("git is installed");
        let said = String::from_utf8_lossy(&applied.stderr);
        assert!(applied.status.success(), "{}: {said}", self.name);
        directory
    }

    /// Checks the server, and returns what is wrong with the report.
    fn check(&self) -> Result<(), String> {
        let directory = self.directory();
        let service = self.case.split('/').next().expect("a service");
        let file = format!("{service}.py");
        let server = ["--", "python3", &file, "{port}", "{directory}"];
        let ended = check_in(directory.path(), &[&[service][..], &server].concat());
        let report = ended.output.join("\n") + "\n";
        let likely = CAUSES.iter().find(|cause| cause.id == self.cause);
        let likely = &likely.ok_or(format!("there is no cause {}", self.cause))?.text;
        let first = ended.output.iter().find(|line| line.contains(" FAIL ")).cloned();
        let first = first.unwrap_or_default();
        if !first.starts_with(&format!("{} ", self.case)) || !report.contains(likely) {
            let Broken { name, case, cause, .. } = self;
            return Err(format!("{name}: not {case} and {cause}:\n{report}"));
        }
        assert_eq!(ended.status.code(), Some(1));
        self.compare_with_golden(&report)
    }

    /// The text of the failure is kept, so that people can read it as prose. The step at which it
    /// fails and the bytes that came may depend on the machine, but not what the text says about them.
    fn compare_with_golden(&self, report: &str) -> Result<(), String> {
        let begin = report.find(&format!("{} ", self.case)).expect("it has failed");
        let end = report[begin..].find("\n\n").expect("a failure has an end");
        let text = report[begin..begin + end].to_owned() + "\n";
        let file = zoo().join(format!("golden/{}.txt", self.name));
        if env::var_os("BLESS").is_some() {
            fs::write(&file, &text).expect("it can be written");
        }
        match said(&fs::read_to_string(&file).unwrap_or_default()) == said(&text) {
            true => Ok(()),
            false => Err(format!(
                "{}: another text; BLESS=1 cargo test --test check keeps this one:\n{text}",
                self.name
            )),
        }
    }
}

/// What a report says, wherever it has failed: the case, the cause, its page, and how to see it again.
fn said(text: &str) -> Vec<&str> {
    let first = text.lines().next().and_then(|line| line.split("  FAIL").next());
    let is_said = |line: &&str| {
        ["  likely ", "  page ", "  again "].iter().any(|begin| line.starts_with(begin))
    };
    first.into_iter().chain(text.lines().filter(is_said)).map(str::trim_end).collect()
}

/// All of the zoo, eight at a time.
#[test]
fn each_broken_server_is_caught_by_the_right_case_with_the_right_cause() {
    if !require_tool("python3") || !require_tool("git") {
        return;
    }
    let all = Mutex::new(broken());
    let wrong = Mutex::new(Vec::new());
    let next = || all.lock().expect("no panic").pop();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while let Some(server) = next() {
                    if let Err(text) = server.check() {
                        wrong.lock().expect("no panic").push(text);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().expect("no panic");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// A cause that no server has is a cause that nobody has seen.
#[test]
fn the_zoo_has_every_cause() {
    let had: BTreeSet<String> = broken().into_iter().map(|server| server.cause).collect();
    let known: BTreeSet<String> = CAUSES.iter().map(|cause| cause.id.clone()).collect();
    assert_eq!(known.difference(&had).collect::<Vec<_>>(), Vec::<&String>::new());
}

/// A server that serves one client at a time, checked with these options to the end.
fn one_at_a_time(options: &[&str]) -> Ended {
    let directory = Broken::named("echo_of_one_client").directory();
    let server = ["--", "python3", "echo.py", "{port}"];
    check_in(directory.path(), &[&["echo", "--all", "--timeout", "1"], options, &server].concat())
}

/// Runs a program with this text as its input, and returns the JSON that it prints.
fn read_by(mut command: Command, text: &str) -> Value {
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("it is installed");
    child.stdin.take().expect("piped").write_all(text.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{command:?} does not understand:\n{text}");
    serde_json::from_slice(&output.stdout).expect("it prints JSON")
}

/// Reads a report with a parser from npm. `None` if node is missing.
fn read_by_node(form: &str, text: &str) -> Option<Value> {
    let mut command = node("reports.mjs")?;
    command.env("FORM", form);
    Some(read_by(command, text))
}

/// The zoo, and what reads a report.
fn can_read(tools: &[&str]) -> bool {
    ["python3", "git"].iter().chain(tools).all(|tool| require_tool(tool))
}

#[test]
fn json_has_a_line_for_each_case() {
    if !can_read(&[]) {
        return;
    }
    let ended = one_at_a_time(&["--format", "json"]);
    assert_eq!(ended.status.code(), Some(1));
    let records: Vec<Value> = ended
        .output
        .iter()
        .map(|line| serde_json::from_str(line).expect("an object a line"))
        .collect();
    let status = |wanted: &str| records.iter().filter(|record| record["status"] == wanted).count();
    assert_eq!((records.len(), status("pass"), status("fail")), (14, 10, 4), "{records:#?}");
    let failed = records.iter().find(|record| record["case"] == "echo/6").expect("it is there");
    for (field, value) in [
        ("version", json!(1)),
        ("status", json!("fail")),
        ("points", json!(0)),
        ("max_points", json!(1)),
        ("sent", json!("is anybody there?")),
        ("expected", json!("is anybody there?")),
        ("got", json!("nothing in 1 s")),
        ("at_byte", json!(null)),
        ("cause", json!("one-at-a-time")),
        ("page", json!("styles/iterative.html#a-client-that-says-nothing")),
        ("seed", json!(7)),
        ("again", json!("after-accept check echo/6 --seed 7 -- python3 echo.py {port}")),
    ] {
        assert_eq!(failed[field], value, "{field}");
    }
    assert!(failed["seconds"].as_f64().is_some_and(|seconds| seconds >= 1.0));
    let page = fs::read_to_string(repository().join("lessons/styles/check.md")).unwrap();
    for field in failed.as_object().expect("an object").keys() {
        assert!(page.contains(&format!("`{field}`")), "the page does not explain {field}");
    }
}

#[test]
fn tap_is_what_another_parser_expects() {
    if !can_read(&[]) {
        return;
    }
    let report = one_at_a_time(&["--format", "tap"]).output.join("\n") + "\n";
    let Some(read) = read_by_node("tap", &report) else { return };
    assert_eq!((&read["count"], &read["pass"], &read["fail"]), (&json!(14), &json!(10), &json!(4)));
    assert_eq!(read["failures"][0]["diag"]["cause"], "one-at-a-time", "{read:#}");
}

#[test]
fn junit_is_what_another_reader_expects() {
    if !can_read(&["xmllint"]) {
        return;
    }
    let report = one_at_a_time(&["--format", "junit"]).output.join("\n") + "\n";
    let mut command = Command::new("xmllint");
    // The number of failures, if all is well-formed.
    command.args(["--xpath", "count(/testsuites/testsuite/testcase/failure)", "-"]);
    assert_eq!(read_by(command, &report), json!(4));
    let Some(read) = read_by_node("junit", &report) else { return };
    let suite = &read["testsuite"][0];
    assert_eq!((&read["tests"], &suite["failures"]), (&json!(14), &json!(4)), "{read:#}");
    let failed = &suite["testcase"][5]["failure"][0];
    assert_eq!(failed["type"], "one-at-a-time");
    assert!(failed["inner"].as_str().unwrap().contains("4 bob  expects"), "{failed:#}");
}

#[test]
fn the_points_of_gradescope_and_of_classroom_50_are_added_up() {
    if !can_read(&[]) {
        return;
    }
    let read = |format| -> Value {
        let ended = one_at_a_time(&["--format", format]);
        serde_json::from_str(&ended.output.join("\n")).expect("one object")
    };
    let sum = |tests: &Value, field: &str| -> u64 {
        tests.as_array().expect("a list").iter().map(|test| test[field].as_u64().unwrap()).sum()
    };
    let gradescope = read("gradescope");
    assert_eq!(gradescope["score"], sum(&gradescope["tests"], "score"));
    assert_eq!(gradescope["tests"][5]["number"], "echo/6");
    assert_eq!(gradescope["tests"][5]["status"], "failed");
    assert!(gradescope["tests"][5]["output"].as_str().unwrap().contains("likely"));
    let classroom = read("classroom50");
    assert_eq!(classroom["schema"], "classroom50/result/v1");
    assert_eq!(classroom["score"], sum(&classroom["tests"], "score"));
    assert_eq!(classroom["max-score"], sum(&classroom["tests"], "max-score"));
    assert_eq!(classroom["tests"][5]["cause"], "one-at-a-time");
}

/// A teacher may keep the answer back. Then no form of the report contains it.
#[test]
fn what_is_not_to_be_revealed_is_in_no_report() {
    if !can_read(&[]) {
        return;
    }
    let check = |format: &str| {
        let ended = one_at_a_time(&["--format", format, "--reveal", "none"]);
        let report = ended.output.join("\n");
        assert!(!report.contains("one-at-a-time") && !report.contains("anybody"), "{report}");
        let ended = one_at_a_time(&["--format", format, "--reveal", "actual"]);
        let report = ended.output.join("\n");
        assert!(report.contains("nothing in 1 s"), "{report}");
        assert!(!report.contains("iterative.html"), "{report}");
    };
    thread::scope(|scope| {
        for format in ["text", "json", "junit", "tap", "gradescope", "classroom50"] {
            scope.spawn(move || check(format));
        }
    });
}

#[test]
fn cases_and_points_of_ones_own_are_used() {
    if !can_read(&[]) {
        return;
    }
    let directory = TempDir::new().unwrap();
    let file = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let cases = file(
        "cases",
        "echo/15: held back\n  ana connects\n  ana sends \"x\"\n  ana expects \"y\"\n",
    );
    let points = file("points", "[points]\necho = 3\n\"echo/15\" = 5\n");
    let server = zoo().join("right/echo.py");
    let server = ["--", "python3", server.to_str().unwrap(), "{port}"];
    let options = ["--hold-back", &cases, "--points", &points, "--format", "gradescope"];
    let ended = check_in(directory.path(), &[&["echo"], &options[..], &server].concat());
    let report: Value = serde_json::from_str(&ended.output.join("\n")).unwrap();
    assert_eq!(report["score"], 42);
    assert_eq!(report["tests"][14]["max_score"], 5);
    assert_eq!(report["tests"][14]["status"], "failed");
    for (file, wrong) in [(&cases, "echo"), (&points, "[points]\nnothing = 1")] {
        fs::write(file, wrong).unwrap();
        let ended = check_in(directory.path(), &[&["echo"], &options[..], &server].concat());
        assert_eq!(ended.status.code(), Some(2), "{:?}", ended.errors);
    }
}

#[test]
fn each_of_many_servers_has_its_line() {
    if !can_read(&[]) {
        return;
    }
    let repositories = TempDir::new().unwrap();
    let place = |name: &str| repositories.path().join(name);
    for (name, from) in [("ada", None), ("bob, the 2nd", Some("echo_of_one_client")), ("cyd", None)]
    {
        fs::create_dir(place(name)).unwrap();
        let own = from.map(|from| Broken::named(from).directory());
        let from = own.as_ref().map_or(zoo().join("right"), |own| own.path().to_owned());
        fs::copy(from.join("echo.py"), place(name).join("echo.py")).unwrap();
    }
    fs::write(place("cyd").join("echo.py"), "raise SystemExit('I am not ready')\n").unwrap();
    let each = repositories.path().join("*");
    let options = ["echo", "--each", each.to_str().unwrap(), "--", "python3", "echo.py", "{port}"];
    let ended = check_in(repositories.path(), &options);
    assert_eq!(ended.status.code(), Some(2));
    let script = "import csv, json, sys; print(json.dumps(list(csv.DictReader(sys.stdin))))";
    let table = ended.output.join("\n") + "\n";
    let mut command = Command::new("python3");
    command.args(["-c", script]);
    let rows = read_by(command, &table);
    let of = |row: usize, column: &str| rows[row][column].as_str().unwrap_or_default().to_owned();
    assert!(of(0, "server").ends_with("ada") && of(1, "server").ends_with("bob, the 2nd"));
    assert_eq!([of(0, "passed"), of(1, "passed"), of(2, "passed")], ["14", "5", "0"]);
    assert_eq!(of(0, "points"), of(0, "max points"));
    assert!(of(1, "first failure").starts_with("echo/6 "));
    assert!(
        of(2, "likely cause").starts_with("the server ended before it listened: exit status 1")
    );
    assert_eq!(of(2, "not checked"), "1");
}

#[test]
fn a_server_that_does_not_start_is_not_checked_and_its_words_are_shown() {
    if !can_read(&[]) {
        return;
    }
    let script = "print('no such module: sockets'); raise SystemExit(3)";
    let ended = check_in(repository(), &["echo", "--", "python3", "-c", script]);
    assert_eq!(ended.status.code(), Some(2));
    let report = ended.output.join("\n");
    for words in ["not checked", "exit status 3", "no such module: sockets", "13 not reached"] {
        assert!(report.contains(words), "{report}");
    }
}

#[test]
fn a_server_that_dies_is_shown_with_its_last_words() {
    if !can_read(&[]) {
        return;
    }
    let directory = Broken::named("echo_that_asks_for_the_peer").directory();
    let server = ["--", "python3", "echo.py", "{port}"];
    let ended = check_in(directory.path(), &[&["echo/11"][..], &server].concat());
    let report = ended.output.join("\n");
    assert!(report.contains("it has ended: exit status 1"), "{report}");
    assert!(report.contains("Transport endpoint is not connected"), "{report}");
}

/// A server may start other programs, and forget them.
#[test]
fn all_that_a_server_has_started_ends_with_the_check() {
    if !can_read(&[]) {
        return;
    }
    let server = zoo().join("right/echo.py");
    let started = format!("sleep 98761 & exec python3 {} {{port}}", server.display());
    let ended = check_in(repository(), &["echo/1", "--", "sh", "-c", &started]);
    assert!(ended.status.success(), "{:?}", ended.output);
    wait_until("nothing of it runs", || {
        let running = fs::read_dir("/proc").unwrap().flatten();
        let mut commands = running.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
        !commands.any(|command| command == b"sleep\098761\0")
    });
}

#[test]
fn a_server_that_runs_already_is_checked_again_and_again() {
    if !can_read(&[]) {
        return;
    }
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = Command::new("python3");
    command.arg(zoo().join("right/chat.py")).arg(free.port().to_string());
    let _server = Running::spawn(command);
    wait_until("it listens", || TcpStream::connect(free).is_ok());
    for _ in 0..2 {
        let ended = check_in(repository(), &["chat", &free.to_string()]);
        assert!(ended.status.success(), "{}", ended.output.join("\n"));
    }
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ended = check_in(repository(), &["echo", &gone.to_string()]);
    assert_eq!(ended.status.code(), Some(2));
    assert!(ended.output.join("\n").contains("Connection refused"), "{:?}", ended.output);
}

#[test]
fn the_style_of_a_server_is_seen_from_outside() {
    if !can_read(&[]) {
        return;
    }
    let styles = ["iterative", "fork", "thread", "prefork", "pool", "loop"];
    for style in Style::ALL {
        let is = match style.name {
            name if styles.contains(&name) => name,
            // Its runtime has as many threads as the machine has processors.
            "async" => "pool",
            _ => "loop",
        };
        let server = ["--", PROGRAM, style.name, "echo", "--listen", "127.0.0.1:{port}"];
        for asked in styles {
            let ended =
                check_in(repository(), &[&["echo/1", "--style", asked][..], &server].concat());
            let fits = asked == is
                || (is, asked) == ("iterative", "loop")
                || (is, asked) == ("loop", "iterative");
            let first = &ended.output[0];
            assert_eq!(first.starts_with(&format!("style {asked}: yes (")), fits, "{is}: {first}");
            assert_eq!(ended.status.success(), fits);
        }
    }
}

#[test]
fn a_learners_server_can_have_the_rights_of_somebody_else() {
    if !can_read(&[]) {
        return;
    }
    let server = format!(
        "import os, sys; sys.argv[0] = 'echo.py'; assert os.getuid() != 0 and not os.getgroups(); \
         exec(open({:?}).read())",
        zoo().join("right/echo.py")
    );
    let command = ["echo", "--as-user", "nobody", "--", "python3", "-c", &server, "{port}"];
    let ended = check_in(Path::new("/"), &command);
    match Uid::effective().is_root() {
        true => assert!(ended.status.success(), "{}", ended.output.join("\n")),
        false => assert_eq!(ended.status.code(), Some(2)),
    }
}

#[test]
fn a_server_under_test_reaches_nobody() {
    if !can_read(&["ip"]) {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let outside = listener.local_addr().unwrap().port();
    let server = format!(
        "import socket, sys\ntry:\n    socket.create_connection(('127.0.0.1', {outside}), 5)\n\
         except OSError:\n    exec(open({:?}).read())",
        zoo().join("right/echo.py")
    );
    let ended = check_in(repository(), &["echo/1", "--", "python3", "-c", &server, "{port}"]);
    assert!(ended.status.success(), "{}", ended.output.join("\n"));
    let command = ["echo/1", "--network", "--", "python3", "-c", &server, "{port}"];
    assert_eq!(check_in(repository(), &command).status.code(), Some(2));
}

#[test]
fn wrong_usage_is_explained() {
    for (arguments, words) in [
        (&["gopher", "127.0.0.1:7"][..], "there are no cases for gopher, only for echo, "),
        (&["echo/99", "127.0.0.1:7"], "there is no case echo/99: echo has 1 to 14"),
        (&["echo"], "which server?"),
        (&["echo", "127.0.0.1:7", "--", "true"], "cannot be used with"),
        (&["echo", "--hold-back", "/nothing", "--", "true"], "cannot read /nothing"),
        (&["echo", "--as-user", "no-such-user", "--", "true"], "no-such-user"),
    ] {
        let ended = check_in(repository(), arguments);
        assert_eq!(ended.status.code(), Some(2), "{arguments:?}");
        let said = ended.errors.join("\n");
        let root = words == "no-such-user" && !Uid::effective().is_root();
        assert!(root || said.contains(words), "{arguments:?}: {said}");
    }
}

/// The page that lists the cases and the causes is made from them.
#[test]
fn the_book_lists_the_cases() {
    let file = repository().join("lessons/styles/check-cases.md");
    let page = page_of_cases();
    if env::var_os("BLESS").is_some() {
        fs::write(&file, &page).expect("it can be written");
    }
    let there = fs::read_to_string(&file).unwrap_or_default();
    assert!(there == page, "BLESS=1 cargo test --test check makes {} again", file.display());
}

fn page_of_cases() -> String {
    let mut page = String::from(
        "# What each case asks\n\n\
         These are the conversations of [`after-accept check`](check.md), from simple to hard, and the \
         reason for each.\n`check chat/5 --list` shows the steps of one.\n",
    );
    let cases = check::all_cases();
    for service in RIGHT {
        let count = cases.iter().filter(|case| case.service == service).count();
        let _ = write!(
            page,
            "\n## {}{}\n\n{count} cases.\n\n| case | what happens | why |\n|---|---|---|\n",
            service[..1].to_uppercase(),
            &service[1..]
        );
        for case in cases.iter().filter(|case| case.service == service) {
            let _ = writeln!(page, "| {} | {} | {} |", case.name(), case.title, case.why);
        }
    }
    page += "\n## The causes\n\n\
         A report names the cause that the failure makes likely, and the place in this book.\n\
         Each cause has a server in the zoo (`tests/zoo/broken`) that is wrong in this way alone, and a \
         test that the checker finds it.\n\n| cause | what is likely wrong with the server | more |\n\
         |---|---|---|\n";
    let mut causes: Vec<_> = CAUSES.iter().collect();
    causes.sort_by_key(|cause| &cause.id);
    for cause in causes {
        let place =
            cause.page.strip_prefix("styles/").map_or(format!("../{}", cause.page), str::to_owned);
        let place = place.replace(".html", ".md");
        let _ = writeln!(page, "| `{}` | {} | [more]({place}) |", cause.id, cause.text);
    }
    page
}
