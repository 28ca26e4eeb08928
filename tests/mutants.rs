//! Mutants: small changes for the worse, each of which must turn a test red.
//!
//! Each is a patch under `tests/mutants/`: its first line says what it breaks, its second names the
//! test that must fail: a test file and a test, or `doc` and a chapter whose snippets are tests.
//! The patches are applied, one after the other, to two copies of the tree.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;
use std::{env, io, iter, thread};

use serde_json::{Map, Value, json};
use test_kit::{Style, repository};

/// Makes a test of each patch, and one that checks that no patch is missing.
macro_rules! mutants {
    ($($name:ident),+ $(,)?) => {
        $(
            #[test]
            fn $name() {
                check(stringify!($name));
            }
        )+

        #[test]
        fn every_patch_is_checked() {
            let mut patches: Vec<_> = fs::read_dir(repository().join("tests/mutants"))
                .expect("there are mutants")
                .map(|entry| entry.expect("it is readable").path())
                .map(|path| path.file_stem().unwrap_or_default().to_owned())
                .collect();
            patches.sort();
            assert_eq!(patches, [$(stringify!($name)),+]);
        }
    };
}

mutants!(
    accept_that_never_pauses,
    blocking_accept_instead_of_the_reaping_loop,
    bug_that_is_mended,
    child_that_keeps_its_inherited_links,
    client_that_joins_later,
    close_instead_of_finish,
    datagrams_without_buckets,
    deadline_that_nobody_keeps,
    deaf_while_it_posts,
    escapes_that_pass,
    event_that_comes_too_early,
    half_a_line_that_is_dropped,
    half_a_line_that_others_tear,
    half_close_that_is_the_end,
    hub_that_waits,
    increment_in_the_hosts_order,
    leap_without_a_mark,
    link_that_leads_nowhere,
    listing_whose_anchor_is_gone,
    mailbox_that_skips_lines,
    member_that_hears_every_group,
    number_that_is_used_again,
    one_wait_a_signal,
    open_loop_that_waits_for_answers,
    order_that_is_short,
    order_without_a_buffer,
    output_that_is_not_printed,
    panic_that_takes_the_worker,
    queue_that_takes_too_many,
    reset_that_ends_the_server,
    rung_without_its_symptom,
    snippet_that_is_wrong,
    style_that_its_page_does_not_follow,
    timeline_in_which_everybody_waits,
    unbounded_mailbox,
    upload_that_replaces,
    walk_that_never_ends,
    widget_that_keeps_the_24th_bit,
    worker_that_is_not_replaced,
    worker_that_is_replaced_at_once,
    write_that_forgets_the_rest,
);

/// Applies a patch to a copy of the tree, and runs the test that it names.
fn check(name: &str) {
    let patch = repository().join(format!("tests/mutants/{name}.patch"));
    let text = fs::read_to_string(&patch).expect("the patch is readable");
    let red = text.lines().find_map(|line| line.strip_prefix("Red: "));
    let (file, test) = red.and_then(|red| red.split_once(' ')).expect("a line `Red: FILE TEST`");

    let number = NEXT.fetch_add(1, Relaxed) % TREES.len();
    let mut tree = TREES[number].lock().unwrap_or_else(PoisonError::into_inner);
    let tree = tree.get_or_insert_with(|| Tree::copy(number));
    tree.apply(&patch, &[]);
    let tested = tree.test(file, test);
    tree.apply(&patch, &["--reverse"]);

    // The name of a snippet is its chapter and its line.
    let is_it = |name: &String| name == test || file == "doc" && name.contains(test);
    let [output, errors] =
        [&tested.stdout, &tested.stderr].map(|said| String::from_utf8_lossy(said));
    let found = failed(&output).iter().any(is_it);
    assert!(found, "{name} is not noticed by {test}:\n{output}\n{errors}");
}

/// One patch at a time in each tree: so only little has to be rebuilt. While one tree is compiled,
/// a test may wait in the other.
static TREES: [Mutex<Option<Tree>>; 2] = [const { Mutex::new(None) }; 2];

/// Takes turns.
static NEXT: AtomicUsize = AtomicUsize::new(0);

/// The tests that failed, from the output of the harness.
fn failed(output: &str) -> Vec<String> {
    let failed =
        |line: &str| line.strip_prefix("test ")?.strip_suffix(" ... FAILED").map(str::to_owned);
    output.lines().filter_map(failed).collect()
}

/// Finds the tests that notice each mutant of a server, and keeps the result for the book: see
/// [`KEPT`]. The first entry, `none`, is the tree without a fault, and lists the tests that already
/// fail there.
///
/// `CROSS` in the environment names test files, and `MUTANTS` names mutants; without them, all run.
/// The results of other mutants stay. With `CROSS`, nothing is kept.
#[test]
#[ignore = "it takes minutes for each mutant: see the chapter of the museum"]
fn cross_table() {
    let named = |variable| env::var(variable).ok().map(|names: String| words(&names));
    let files = named("CROSS");
    let is_kept = files.is_none();
    let files = files.unwrap_or_else(files_for_each_style);
    let stem = |path: PathBuf| Some(path.file_stem()?.to_str()?.to_owned());
    let of_servers = patches_of_servers().into_iter().filter_map(stem);
    let all = iter::once("none".to_owned()).chain(of_servers);
    let mutants = named("MUTANTS").unwrap_or_else(|| all.collect());

    let tree = Tree::copy(0);
    for name in mutants {
        let patch = repository().join(format!("tests/mutants/{name}.patch"));
        let patch = (name != "none").then_some(patch);
        patch.iter().for_each(|patch| tree.apply(patch, &[]));
        let noticed = tree.noticing(&files, &other_styles(patch.as_deref()));
        patch.iter().for_each(|patch| tree.apply(patch, &["--reverse"]));
        println!("{name}: {noticed:#}");
        if is_kept {
            keep(&name, noticed);
        }
    }
}

/// The result of the cross table: each mutant with the tests that fail, and the files that did not end
/// in time. `BLESS=1 cargo test --test patches` makes the book's table from it.
const KEPT: &str = "lessons/styles/cross-table.json";

fn keep(name: &str, noticed: Value) {
    let path = repository().join(KEPT);
    let known = fs::read_to_string(&path).unwrap_or("{}".to_owned());
    let mut known: Map<String, Value> = serde_json::from_str(&known).expect("it is JSON");
    known.insert(name.to_owned(), noticed);
    let text = serde_json::to_string_pretty(&known).expect("it can be written as JSON");
    fs::write(path, text + "\n").expect("it is writable");
}

/// The time limit for the tests of one file, in seconds: with a mutant, a test may wait in vain at each
/// of its steps.
const LIMIT: &str = "240";

/// The number of files to test at the same time, and a factor for the deadlines of their tests: most
/// tests that fail have waited until a deadline.
const LANES: usize = 3;
const HASTE: &str = "0.5";

/// Files that are not run. They test our clients and commands, the start of a server, system calls
/// or foreign programs, or take long because they start many clients.
const LEFT_OUT: [&str; 13] = [
    "addresses",
    "command_line",
    "crowds",
    "foreign_clients",
    "load",
    "peers",
    "signals_at_start",
    "starting",
    "strangers",
    "system_calls",
    "talk_streams",
    "timelines",
    "vanishing_peers",
];

/// The test files in which each test runs for every style, or for every way of prefork.
fn files_for_each_style() -> Vec<String> {
    let folders = ["tests", "conformance/tests"].map(|folder| repository().join(folder));
    let entries =
        folders.iter().flat_map(|folder| fs::read_dir(folder).expect("it is a directory"));
    let paths = entries.map(|entry| entry.expect("it is readable").path());
    let is_one = |path: &PathBuf| {
        let macros = ["\neach_style!(", "\neach_way!("];
        let source = fs::read_to_string(path).unwrap_or_default();
        macros.iter().any(|each| source.contains(each))
    };
    let name = |path: PathBuf| Some(path.file_stem()?.to_str()?.to_owned());
    let files = paths.filter(is_one).filter_map(name);
    let mut files: Vec<_> = files.filter(|name| !LEFT_OUT.contains(&name.as_str())).collect();
    files.sort();
    files
}

/// The ends of the names of tests for the styles that a patch does not touch, if it changes only some
/// styles: those tests would run for minutes and find nothing.
fn other_styles(patch: Option<&Path>) -> Vec<String> {
    let text = patch.map(|patch| fs::read_to_string(patch).expect("it is readable"));
    let text = text.unwrap_or_default();
    let is_touched = |style: &Style| text.contains(&format!("+++ b/{}/", style.folder()));
    if !Style::ALL.iter().any(|style| is_touched(style)) {
        return Vec::new();
    }
    let others = Style::ALL.iter().filter(|style| !is_touched(style));
    others.map(|style| format!("::{}", style.name)).collect()
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// The patches in the museum: those that change a server.
fn patches_of_servers() -> Vec<PathBuf> {
    let museum = fs::read_to_string(repository().join("lessons/styles/museum.md"));
    let museum = museum.expect("it is a chapter");
    let include = |line: &str| {
        let path = line.strip_prefix("{{#include ../../")?.strip_suffix("}}")?;
        path.ends_with(".patch").then(|| repository().join(path))
    };
    museum.lines().filter_map(include).collect()
}

/// A copy of the tree as it is now.
struct Tree {
    /// The directory of the copy and of its build results.
    place: PathBuf,
}

impl Tree {
    fn copy(number: usize) -> Tree {
        let tree = Tree { place: repository().join(format!("target/mutants/{number}")) };
        let root = tree.root();
        let _ = fs::remove_dir_all(&root);
        let listed = run(Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others"])
            .arg("--exclude-standard")
            .current_dir(repository()));
        let files = String::from_utf8(listed.stdout).expect("our names are UTF-8");
        for file in files.split_terminator('\0').map(Path::new) {
            let (from, to) = (repository().join(file), root.join(file));
            // Git lists a deleted file until the deletion is committed.
            if from.exists() {
                fs::create_dir_all(to.parent().expect("it is below the root"))
                    .expect("is writable");
                fs::copy(from, to).expect("is writable");
            }
        }
        copy_foreign_build_results(&tree.place.join("target/debug"));
        tree
    }

    fn root(&self) -> PathBuf {
        self.place.join("tree")
    }

    fn apply(&self, patch: &Path, options: &[&str]) {
        run(Command::new("git")
            .arg("apply")
            .args(options)
            .arg(patch)
            .current_dir(self.root())
            // Otherwise git would find the repository around the copy, and patch nothing.
            .env("GIT_CEILING_DIRECTORIES", &self.place));
    }

    /// The tests in these files that fail, and the files that do not end in time.
    fn noticing(&self, files: &[String], others: &[String]) -> Value {
        let mut build = self.cargo(Command::new(env!("CARGO")));
        build.args(["test", "--no-run"]).args(files.iter().flat_map(|file| ["--test", file]));
        run(&mut build);
        let (queue, found) = (Mutex::new(files.iter()), Mutex::new((Vec::new(), Vec::new())));
        thread::scope(|scope| {
            for _ in 0..LANES {
                scope.spawn(|| {
                    let next = || queue.lock().expect("no panic").next();
                    while let Some(file) = next() {
                        let (failed, has_ended) = self.test_in_time(file, others);
                        let (noticed, not_ended) = &mut *found.lock().expect("no panic");
                        noticed.extend(failed.into_iter().map(|test| format!("{file} {test}")));
                        not_ended.extend((!has_ended).then_some(file));
                    }
                });
            }
        });
        let (mut noticed, mut not_ended) = found.into_inner().expect("no panic");
        noticed.sort();
        noticed.dedup();
        not_ended.sort();
        json!({ "noticed": noticed, "not_ended": not_ended })
    }

    /// The tests in a file that fail, and whether all have ended in time. Only a test that fails twice
    /// counts: on a busy machine, one may fail by chance.
    fn test_in_time(&self, file: &str, others: &[String]) -> (Vec<String>, bool) {
        let skipped: Vec<_> = others.iter().flat_map(|style| ["--skip", &style[..]]).collect();
        let (mut failed, has_ended) = self.run_in_time(file, &skipped);
        if !failed.is_empty() {
            let again = ["--exact"].into_iter().chain(failed.iter().map(String::as_str));
            let (again, _) = self.run_in_time(file, &again.collect::<Vec<_>>());
            failed.retain(|test| again.contains(test));
        }
        (failed, has_ended)
    }

    fn run_in_time(&self, file: &str, arguments: &[&str]) -> (Vec<String>, bool) {
        // A server that outlives its test would keep a pipe open.
        let said = self.place.join(format!("{file}.said"));
        let mut tests = self.cargo(Command::new("timeout"));
        tests.args(["--kill-after=10", LIMIT, env!("CARGO"), "test", "--test", file, "--"]);
        tests.args(arguments).env("SLOW_MACHINE", HASTE);
        tests.stdout(File::create(&said).expect("is writable")).stderr(Stdio::null());
        let status = tests.status().expect("timeout runs");
        let failed = failed(&fs::read_to_string(&said).expect("is readable"));
        // With these two codes, timeout(1) says that it has ended the command.
        (failed, !matches!(status.code(), Some(124 | 137)))
    }

    fn test(&self, file: &str, test: &str) -> Output {
        match file {
            "doc" => self.run(&["--doc", "--package", "chapter-checks", "--", test]),
            _ => self.run(&["--test", file, "--", "--exact", test]),
        }
    }

    fn run(&self, which: &[&str]) -> Output {
        let mut cargo = self.cargo(Command::new(env!("CARGO")));
        cargo.arg("test").args(which).output().expect("cargo runs")
    }

    /// A command that runs cargo for the copy.
    fn cargo(&self, mut command: Command) -> Command {
        command
            .current_dir(self.root())
            .env("CARGO_TARGET_DIR", self.place.join("target"))
            // Nobody looks into a mutant, and without this it is compiled and linked sooner.
            .env("CARGO_PROFILE_DEV_DEBUG", "0");
        command
    }
}

/// Copies the build results of foreign crates from the directory where this test was built, since
/// they are the same for every mutant. If something cannot be copied, cargo compiles it again. Our
/// own crates are copied, too, but cargo identifies packages by their paths and ignores them.
fn copy_foreign_build_results(to: &Path) {
    let test = env::current_exe().expect("it is running");
    let from = test.ancestors().nth(2).expect("it is in target/PROFILE/deps");
    for directory in [".fingerprint", "build", "deps"] {
        take_over(&from.join(directory), &to.join(directory));
    }
}

fn take_over(from: &Path, to: &Path) {
    const LARGE: u64 = 64 << 10;
    fs::create_dir_all(to).expect("is writable");
    let entries = fs::read_dir(from).into_iter().flatten().filter_map(Result::ok);
    for (from, to) in entries.map(|entry| (entry.path(), to.join(entry.file_name()))) {
        let Ok(about) = fs::metadata(&from) else { continue };
        if about.is_dir() {
            take_over(&from, &to);
        } else if !to.exists() {
            // A large file is a compiler's output, and the compiler replaces the file. Cargo writes
            // into the other files, and compares their times.
            let _ = match about.len() > LARGE {
                true => fs::hard_link(&from, &to),
                false => copy_with_time(&from, &to, about.modified()),
            };
        }
    }
}

fn copy_with_time(from: &Path, to: &Path, time: io::Result<SystemTime>) -> io::Result<()> {
    fs::copy(from, to)?;
    File::options().write(true).open(to)?.set_modified(time?)
}

#[track_caller]
fn run(command: &mut Command) -> Output {
    let output = command.output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    output
}
