//! Mutants: small changes for the worse, each of which must turn a test red.
//!
//! Each is a patch under `tests/mutants/`: its first line says what it breaks, its second which
//! test has to notice: a file of tests and one of them, or `doc` and a chapter whose snippets are
//! tests. They are applied, one after the other, to a copy of the tree.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;
use std::{env, io};

/// Makes a test of each patch, and one that no patch has been forgotten.
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
    blocking_accept_instead_of_the_reaping_loop,
    bug_that_is_mended,
    child_that_keeps_its_inherited_links,
    client_that_joins_later,
    close_instead_of_finish,
    datagrams_without_buckets,
    deaf_while_it_posts,
    hub_that_waits,
    increment_in_the_hosts_order,
    leap_without_a_mark,
    link_that_leads_nowhere,
    listing_whose_anchor_is_gone,
    member_that_hears_every_group,
    one_wait_a_signal,
    open_loop_that_waits_for_answers,
    output_that_is_not_printed,
    rung_without_its_symptom,
    snippet_that_is_wrong,
    style_that_its_page_does_not_follow,
    timeline_in_which_everybody_waits,
    unbounded_mailbox,
    upload_that_replaces,
    walk_that_never_ends,
    widget_that_keeps_the_24th_bit,
);

/// Applies a patch to a copy of the tree, and runs the test that it names.
fn check(name: &str) {
    let patch = repository().join(format!("tests/mutants/{name}.patch"));
    let text = fs::read_to_string(&patch).expect("the patch is readable");
    let red = text.lines().find_map(|line| line.strip_prefix("Red: "));
    let (file, test) = red.and_then(|red| red.split_once(' ')).expect("a line `Red: FILE TEST`");

    // One at a time, since all are built in one place: so little has to be built anew.
    static TREE: Mutex<Option<Tree>> = Mutex::new(None);
    let mut tree = TREE.lock().unwrap_or_else(PoisonError::into_inner);
    let tree = tree.get_or_insert_with(Tree::copy);
    tree.apply(&patch, &[]);
    let tested = tree.test(file, test);
    tree.apply(&patch, &["--reverse"]);

    let output = String::from_utf8_lossy(&tested.stdout);
    // A snippet is called by its chapter and its line.
    let is_it = |name: &str| name == test || file == "doc" && name.contains(test);
    let mut failed =
        output.lines().filter_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... FAILED"));
    assert!(
        failed.any(is_it),
        "{name} is not noticed by {test}:\n{output}\n{}",
        String::from_utf8_lossy(&tested.stderr),
    );
}

/// A copy of the tree as it is now.
struct Tree {
    root: PathBuf,
}

impl Tree {
    fn copy() -> Tree {
        let root = place().join("tree");
        let _ = fs::remove_dir_all(&root);
        let listed = run(Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others"])
            .arg("--exclude-standard")
            .current_dir(repository()));
        let files = String::from_utf8(listed.stdout).expect("our names are UTF-8");
        for file in files.split_terminator('\0').map(Path::new) {
            let (from, to) = (repository().join(file), root.join(file));
            // What is deleted is listed until git is told.
            if from.exists() {
                fs::create_dir_all(to.parent().expect("it is below the root"))
                    .expect("is writable");
                fs::copy(from, to).expect("is writable");
            }
        }
        take_over_what_others_wrote(&place().join("target/debug"));
        Tree { root }
    }

    fn apply(&self, patch: &Path, options: &[&str]) {
        run(Command::new("git")
            .arg("apply")
            .args(options)
            .arg(patch)
            .current_dir(&self.root)
            // Else it would find the repository around the copy, and patch nothing.
            .env("GIT_CEILING_DIRECTORIES", place()));
    }

    fn test(&self, file: &str, test: &str) -> Output {
        let which = match file {
            "doc" => &["--doc", "--package", "chapter-checks", "--", test][..],
            _ => &["--test", file, "--", "--exact", test],
        };
        Command::new(env!("CARGO"))
            .arg("test")
            .args(which)
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", place().join("target"))
            // Nobody looks into a mutant, and without this it is compiled and linked sooner.
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .output()
            .expect("cargo runs")
    }
}

/// Takes the crates of the world from where this test was built itself, since they are the same for
/// every mutant. What cannot be taken is compiled anew; that another place has ours is no matter,
/// since cargo tells packages by their paths.
fn take_over_what_others_wrote(to: &Path) {
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
            // What is large was compiled, and the compiler puts a new file in the place of it. Cargo
            // writes into the others, and compares their times.
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
    let output = command.output().expect("git runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    output
}

fn place() -> PathBuf {
    repository().join("target/mutants")
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
