//! Every command in the book prints the output that the book shows.
//!
//! The commands of a chapter run one after the other in a [`Lab`], as a reader types them. With
//! `BLESS=1` in the environment, their output is written into the chapter instead.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};
use std::{fs, mem};

use chapter_checks::chapter::{Block, Chapter};
use chapter_checks::console::{self, Console, Turn};
use chapter_checks::lab::{Lab, TOOLS};
use chapter_checks::needs;
use chapter_checks::terminal::Terminal;
use chapter_checks::transcript;
use chapter_checks::{each_chapter, terminal};
use nix::sched::sched_getaffinity;
use nix::unistd::Pid;
use test_kit::{Style, deadline, require_tool, skip, wait_until};

/// Makes a test of each chapter.
macro_rules! commands_of {
    ($($name:ident $file:literal,)+) => {
        $(
            #[test]
            fn $name() {
                check(stringify!($name), $file);
            }
        )+
    };
}

each_chapter!(commands_of);

/// A processor that the chapter uses with taskset, and that this process may not use.
fn foreign_processor(text: &str) -> Option<usize> {
    let allowed = sched_getaffinity(Pid::from_raw(0)).expect("it is this process");
    let commands = text.lines().filter(|line| line.starts_with("$ "));
    let pinned = commands.flat_map(|line| line.split("taskset -c ").skip(1));
    let processors = pinned.filter_map(|rest| rest.split(' ').next()?.parse().ok());
    let is_foreign = |processor: &usize| !allowed.is_set(*processor).unwrap_or(false);
    processors.into_iter().find(is_foreign)
}

fn check(name: &str, file: &str) {
    let chapter = Chapter::read(file);
    let blocks: Vec<_> = chapter.blocks().into_iter().filter(console::is_console).collect();
    // If one of its programs is missing, the chapter is skipped.
    let needed = needs::programs(&chapter);
    if blocks.is_empty() || !TOOLS.into_iter().chain(needed).all(require_tool) {
        return;
    }
    if !Lab::is_possible() {
        return skip("namespaces are not allowed here");
    }
    if let Some(processor) = foreign_processor(&chapter.text) {
        return skip(&format!("processor {processor} is not for this process"));
    }
    let lab = Lab::open(name, Path::new(env!("CARGO_BIN_EXE_after-accept"))).expect("a lab");
    let tests: BTreeSet<_> = tested_examples(&chapter.text).collect();
    if !tests.is_empty() {
        let built = lab.furnish_tests(&Vec::from_iter(tests));
        built.unwrap_or_else(|error| panic!("{error}"));
    }
    let mut book = Reading { lab, terminals: Vec::new(), differences: Vec::new() };
    for block in &blocks {
        match console::read(&chapter, block) {
            Ok(console) => book.read(&chapter, block, &console),
            Err(problem) => panic!("{}: {problem}", chapter.place(block.line)),
        }
    }
    book.end(&chapter);
}

/// The examples whose tests a chapter runs.
fn tested_examples(text: &str) -> impl Iterator<Item = &str> {
    let commands = text.lines().filter_map(|line| line.strip_prefix("$ cargo test --example "));
    commands.filter_map(|rest| rest.split_whitespace().next())
}

/// A chapter while its commands are typed.
struct Reading {
    lab: Lab,
    /// The terminals and their names, in the order in which they were opened.
    terminals: Vec<(String, Terminal)>,
    differences: Vec<Difference>,
}

/// A difference between the chapter and the output.
struct Difference {
    place: String,
    what: String,
    /// The block, and its right contents, if they are known and the block stands in the chapter.
    mended: Option<(Block, Vec<String>)>,
}

/// Whether a command has had its last key before this turn.
fn is_end(turns: &[Turn], number: usize) -> bool {
    let is_key = |turn: &Turn| matches!(turn, Turn::Key(_));
    let is_same = |turn: &&Turn| !matches!(turn, Turn::Command(_));
    let mut before = turns[..number].iter().rev().take_while(is_same);
    let mut after = turns[number..].iter().take_while(is_same);
    before.any(is_key) && !after.any(is_key)
}

/// The terminal of the blocks that name none, as the book calls it.
const SHELL: &str = "shell";

/// How long a terminal must be quiet before its output is written down.
const LULL: Duration = Duration::from_secs(1);

impl Reading {
    fn read(&mut self, chapter: &Chapter, block: &Block, console: &Console) {
        let found = self.differences.len();
        let mut now = Vec::new();
        let name = console.terminal.as_ref().map_or(SHELL, |terminal| &terminal.name);
        for command in &console.commands {
            let by = Instant::now() + patience();
            let printed = loop {
                let printed = self.terminal(name).run(&command.text, patience());
                let printed = printed.unwrap_or_else(|printed| {
                    let place = chapter.place(command.line);
                    let command = &command.text;
                    panic!("{place}: $ {command}\nit does not end: {printed:#?}")
                });
                let is_late = !console.is_soon || Instant::now() >= by;
                if is_late || transcript::is(&command.output, &printed) {
                    break printed;
                }
            };
            if !transcript::is(&command.output, &printed) {
                let what = transcript::difference(&command.output, &printed);
                self.differ(chapter.place(command.line), &command.text, &what);
            }
            now.push(format!("$ {}", command.text));
            now.extend(as_shown(&command.output, printed));
        }
        if let Some(turns) = &console.terminal {
            now.extend(self.take_turns(chapter, turns));
        }
        if console.is_inline && self.differences.len() > found {
            let lines = now.iter().flat_map(|line| line.split('\n').map(str::to_owned));
            let mended = Some((block.clone(), lines.collect()));
            self.differences[found].mended = mended;
        }
    }

    /// The terminal of this name, which is opened when it is first used.
    fn terminal(&mut self, name: &str) -> &mut Terminal {
        let place = self.terminals.iter().position(|(other, _)| other == name);
        let place = place.unwrap_or_else(|| {
            let opened = self.lab.terminal().expect("a terminal");
            self.terminals.push((name.to_owned(), opened));
            self.terminals.len() - 1
        });
        &mut self.terminals[place].1
    }

    /// Plays a block at a terminal. Returns the right contents of the block.
    fn take_turns(&mut self, chapter: &Chapter, wanted: &console::Terminal) -> Vec<String> {
        let place = chapter.place(wanted.line);
        let name = &wanted.name;
        let is_open = self.terminals.iter().any(|(other, _)| other == name);
        assert!(
            is_open || wanted.command.is_some(),
            "{place}: there is no terminal {name} that could go on"
        );
        let terminal = self.terminal(name);
        if let Some(command) = &wanted.command {
            let typed = terminal.type_command(command, patience());
            typed.unwrap_or_else(|printed| {
                panic!("{place}: $ {command}\nthe terminal {name} is not free: {printed:#?}")
            });
        }
        let title = wanted.command.as_ref().unwrap_or(name);
        let mut now: Vec<_> = wanted.command.iter().map(|command| format!("$ {command}")).collect();
        let mut what = String::new();
        let mut turns = wanted.turns.clone();
        if let Some(Turn::Key(_)) = turns.last() {
            turns.push(Turn::Printed(Vec::new()));
        }
        for (number, turn) in turns.iter().enumerate() {
            match turn {
                Turn::Key(key) => {
                    terminal.press(*key).unwrap_or_else(|error| panic!("{place}: {error}"));
                    now.push(if *key == 3 { "^C" } else { "^D" }.to_owned());
                }
                Turn::Command(command) => {
                    if let Err(printed) = terminal.type_command(command, patience()) {
                        what += &format!("before this is typed: $ {command}\n");
                        what += &transcript::difference(&[], &printed);
                        break;
                    }
                    now.push(format!("$ {command}"));
                }
                Turn::Typed(line) => {
                    if let Err(printed) = terminal.type_line(line, patience()) {
                        what += &format!("before this is typed: {line}\n");
                        what += &transcript::difference(&[], &printed);
                        break;
                    }
                    now.push(format!("> {line}").trim_end().to_owned());
                }
                // After the last key the command ends, so all its output is there.
                Turn::Printed(lines) if is_end(&turns, number) => {
                    let printed = terminal.wait_for_end(patience());
                    let printed = printed.unwrap_or_else(|printed| {
                        panic!("{place}: $ {title}\nit does not end: {printed:#?}")
                    });
                    if !transcript::is(lines, &printed) {
                        what += &transcript::difference(lines, &printed);
                    }
                    now.extend(as_shown(lines, printed));
                }
                Turn::Printed(lines) => match terminal.wait_for(lines, patience()) {
                    Ok(()) => now.extend(lines.clone()),
                    Err(_) if is_blessed() => {
                        let printed = terminal.listen(LULL);
                        what += &transcript::difference(lines, &printed);
                        now.extend(as_shown(lines, printed));
                    }
                    Err(printed) => {
                        what += &transcript::difference(lines, &printed);
                        break;
                    }
                },
            }
        }
        if !what.is_empty() {
            self.differ(place, title, &what);
        }
        now
    }

    fn differ(&mut self, place: String, command: &str, what: &str) {
        let what = format!("$ {command}\n{what}");
        self.differences.push(Difference { place, what, mended: None });
    }

    /// Stops the commands that still run, as a reader does before the next page. Then reports the
    /// differences, or writes the right output into the chapter.
    fn end(mut self, chapter: &Chapter) {
        // Clients end before their servers, and those in the background with them.
        let mut terminals = mem::take(&mut self.terminals);
        for stage in [Terminal::interrupt, Terminal::has_no_jobs] {
            for (name, terminal) in terminals.iter_mut().rev() {
                if let Err(printed) = stage(terminal, patience()) {
                    let what = transcript::difference(&[], &printed);
                    let action = format!("Ctrl-C in the terminal {name}");
                    self.differ(chapter.file.clone(), &action, &what);
                }
            }
        }
        let told = self
            .differences
            .iter()
            .map(|Difference { place, what, .. }| format!("{place}: {what}"));
        let told: Vec<_> = told.collect();
        let can_be_mended = self.differences.iter().any(|difference| difference.mended.is_some());
        if is_blessed() && can_be_mended {
            let mended = self.differences.into_iter().filter_map(|difference| difference.mended);
            bless(chapter, mended.collect());
            panic!("{} is rewritten; review the change:\n\n{}", chapter.file, told.join("\n"));
        }
        assert!(
            told.is_empty(),
            "what is printed (+) is not what the chapter shows (-):\n\n{}\nBLESS=1 cargo test \
             --test book_commands writes what is printed into the chapter",
            told.join("\n")
        );
    }
}

fn is_blessed() -> bool {
    std::env::var_os("BLESS").is_some()
}

/// How long to wait for the output that the chapter shows.
fn patience() -> Duration {
    if is_blessed() { 5 * LULL } else { deadline() }
}

/// The output, except where the chapter has equivalent lines.
fn as_shown(shown: &[String], printed: Vec<String>) -> Vec<String> {
    if transcript::is(shown, &printed) {
        return shown.to_vec();
    }
    let lines = printed.into_iter().enumerate();
    let line = |(number, line): (usize, String)| match shown.get(number) {
        Some(shown) if transcript::line_is(shown, &line) => shown.clone(),
        _ => line,
    };
    lines.map(line).collect()
}

/// Rewrites blocks of a chapter.
fn bless(chapter: &Chapter, mut mended: Vec<(Block, Vec<String>)>) {
    let mut lines: Vec<_> = chapter.text.lines().map(str::to_owned).collect();
    // From the end, so that the earlier lines keep their numbers.
    mended.sort_by_key(|(block, _)| std::cmp::Reverse(block.line));
    for (block, now) in mended {
        let now = now.iter().map(|line| format!("{}{line}", block.indent).trim_end().to_owned());
        lines.splice(block.line..block.line + block.lines.len(), now);
    }
    fs::write(chapter.path(), lines.join("\n") + "\n").expect("the chapter can be written");
}

/// The commands of *Own service* are in a table: a server, a client, and the answer.
#[test]
fn own_service_in_every_style() {
    if !TOOLS.into_iter().chain(["nc"]).all(require_tool) {
        return;
    }
    if !Lab::is_possible() {
        return skip("namespaces are not allowed here");
    }
    let lab = Lab::open("own-service-table", Path::new(env!("CARGO_BIN_EXE_after-accept")));
    let lab = lab.expect("a lab");
    let open = || lab.terminal().expect("a terminal");
    let (mut terminal, mut shell) = (open(), open());
    let chapter = Chapter::read("styles/own-service.md").text.replace(r"\|", "¦");
    let rows = chapter.lines().filter(|line| line.starts_with("| <span class=\"style-"));
    let mut styles = 0;
    for row in rows {
        let cells: Vec<_> = row.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        let [server, client, answer] = cells[2..5] else { panic!("too few cells: {row}") };
        let listening = ["listening on 127.0.0.1:7100".to_owned()];
        assert_eq!(terminal.type_command(server, patience()), Ok(()));
        assert_eq!(terminal.wait_for(&listening, patience()), Ok(()));
        let client = client.replace('¦', "|");
        assert_eq!(shell.run(&client, patience()), Ok(vec![answer.to_owned()]));
        terminal.press(3).expect("it is open");
        assert_eq!(terminal.wait_for_end(patience()), Ok(vec![]));
        styles += 1;
    }
    let default = Style::ALL.into_iter().filter(|style| style.starts_by_default);
    assert_eq!(styles, default.count());
}

/// The lab itself: the things that a chapter can rely on.
mod the_lab {
    use super::*;

    fn open(name: &str) -> Option<Lab> {
        if !TOOLS.into_iter().all(require_tool) {
            return None;
        }
        if !Lab::is_possible() {
            skip("namespaces are not allowed here");
            return None;
        }
        let program = Path::new(env!("CARGO_BIN_EXE_after-accept"));
        Some(Lab::open(name, program).expect("a lab"))
    }

    #[test]
    fn contains_no_other_process_or_host() {
        let Some(lab) = open("alone") else { return };
        let mut shell = lab.terminal().unwrap();
        let mut run = |command: &str| shell.run(command, deadline());
        assert_eq!(
            // Without a pipe, whose processes start one after the other.
            run("set -- /proc/[0-9]*; cat /proc/[0-9]*/comm").unwrap(),
            ["bash", "cat", "bash"],
        );
        let links = run("ip -brief link | cut -d ' ' -f 1").unwrap();
        assert!(!links.iter().any(|link| link.starts_with("eth")), "{links:?}");
        assert_eq!(run("cat < /dev/null; ls book.toml").unwrap(), ["book.toml"]);
    }

    /// `timeout` ends a whole pipeline there, and a job in the background is listed.
    #[test]
    fn has_shells_like_a_readers() {
        let Some(lab) = open("shell") else { return };
        let mut shell = lab.terminal().unwrap();
        let mut run = |command: &str| shell.run(command, deadline()).unwrap();
        assert_eq!(run("[ -t 0 ] && [ -t 1 ] && stty size"), ["24 80"]);
        assert_eq!(
            run("case $- in *i*m*) echo interactive, with jobs; esac"),
            ["interactive, with jobs"]
        );
        assert!(run("timeout 0.1 sleep 1000 | cat; echo after").concat().contains("after"));
        assert!(run("sleep 1000 &").is_empty(), "the shell's number of the job is not an output");
        assert!(run("kill %1; wait %1; echo ended").ends_with(&["ended".to_owned()]));
        assert_eq!(shell.has_no_jobs(deadline()), Ok(()));
    }

    #[test]
    fn leaves_no_process_behind() {
        let Some(lab) = open("gone") else { return };
        let mark = format!("86400.{}", std::process::id());
        let mut shell = lab.terminal().unwrap();
        shell.run(&format!("sleep {mark} &"), deadline()).unwrap();
        let runs = || {
            let processes = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
            let told = |entry: fs::DirEntry| fs::read_to_string(entry.path().join("cmdline")).ok();
            processes.filter_map(told).any(|told| told == format!("sleep\0{mark}\0"))
        };
        // The shell does not even wait until its background process has begun.
        wait_until("it runs", runs);
        drop(lab);
        assert!(!runs());
    }

    #[test]
    fn has_the_program_under_the_names_that_a_reader_types() {
        let Some(lab) = open("program") else { return };
        let mut shell = lab.terminal().unwrap();
        let mut run = |command: &str| shell.run(command, deadline());
        let version = format!("after-accept {}", env!("CARGO_PKG_VERSION"));
        assert_eq!(run("after-accept --version").unwrap(), [&version[..]]);
        assert_eq!(run("cargo run -- --version").unwrap(), [&version[..]]);
        let server = run("cargo run -q -p fork-server -- --version").unwrap();
        assert_eq!(server, [version.replace("after-accept", "fork-server")]);
    }

    #[test]
    fn lets_a_reader_talk_at_a_terminal() {
        let Some(lab) = open("terminal") else { return };
        let lines =
            |lines: &[&str]| -> Vec<String> { lines.iter().map(|line| line.to_string()).collect() };
        let open = |command: &str| {
            let mut terminal = lab.terminal().unwrap();
            assert_eq!(terminal.type_command(command, deadline()), Ok(()));
            terminal
        };
        let mut server = open("cargo run -- fork echo");
        let listening = lines(&["...", "listening on 127.0.0.1:3007"]);
        assert_eq!(server.wait_for(&listening, deadline()), Ok(()));
        let mut talk = open("cargo run -- talk 127.0.0.1:3007");
        let connected =
            lines(&["connected to 127.0.0.1:3007; Ctrl-D ends your side, Ctrl-C leaves"]);
        assert_eq!(talk.wait_for(&connected, deadline()), Ok(()));
        for said in ["one", "two"] {
            assert_eq!(talk.type_line(said, deadline()), Ok(()));
            assert_eq!(talk.wait_for(&lines(&[said]), deadline()), Ok(()));
        }
        talk.press(4).unwrap();
        assert_eq!(talk.wait_for_end(deadline()), Ok(vec![]));
        server.press(3).unwrap();
        let log = server.wait_for_end(deadline()).unwrap();
        assert!(log.last().is_some_and(|last| last.contains("stopped; ")), "{log:#?}");
        assert_eq!(server.has_no_jobs(deadline()), Ok(()));
    }

    /// A reader whose shell has taken the terminal back cannot stop the server by Ctrl-C.
    #[test]
    fn notices_a_job_that_was_left_in_the_background() {
        let Some(lab) = open("job") else { return };
        let (mut terminal, mut second) = (lab.terminal().unwrap(), lab.terminal().unwrap());
        assert_eq!(terminal.type_command("sleep 1000", deadline()), Ok(()));
        second.run("while ! pkill -STOP -x sleep; do :; done", deadline()).unwrap();
        let printed = terminal.wait_for_end(deadline()).unwrap();
        assert!(printed.concat().contains("Stopped"), "{printed:?}");
        second.run("pkill -CONT -x sleep", deadline()).unwrap();
        // It does not end, so there is no need to wait for long.
        let jobs = terminal.has_no_jobs(Duration::from_secs(1)).unwrap_err();
        assert!(jobs.concat().contains("Running"), "{jobs:?}");
    }

    #[test]
    fn shows_lines_as_a_terminal_does() {
        assert_eq!(terminal::lines("a\r\nb\r\r\n\nc"), ["a", "b", "", "c"]);
        assert_eq!(terminal::lines("\r\x1b[K1 of 2\r\x1b[K2 of 2\r\x1b[Kdone\n"), ["done"]);
        assert_eq!(terminal::lines("\x1b[1;31mwrong\x1b[0m\n"), ["wrong"]);
    }
}
