//! Records of the failures that a server has survived. The book's table is made from them.
//!
//! A test that passes writes one file below `target/tmp/records`: a line for each row of the table
//! that the test belongs to, with the row, the server, and the result of the test.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::{env, fs};

thread_local! {
    /// The result so far of the test on this thread; none if it is skipped, since this machine lacks
    /// something that it needs.
    static SHOWN: RefCell<Option<Shown>> = const { RefCell::new(None) };
}

/// The result of a test, for a server and a row.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Shown {
    /// The server survives the failure.
    Survived,
    /// This failure cannot happen to this server, for this reason.
    DoesNotApply(String),
}

/// One line of a record.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Record {
    /// The number of the row, such as `38a`.
    pub row: String,
    /// The name of a style, or `datagrams`.
    pub server: String,
    /// The result.
    pub shown: Shown,
    /// The file of tests, such as `echo`.
    pub file: String,
    /// The function in it, such as `every_byte_comes_back`.
    pub test: String,
}

/// Says that the failure of the test on this thread cannot happen to this style, and why: a clause
/// such as `it starts no process for a client`. The test asserts the opposite instead.
pub fn does_not_apply(why: &str) {
    SHOWN.set(Some(Shown::DoesNotApply(why.to_owned())));
}

/// Notes that the test on this thread is skipped.
pub(crate) fn shows_nothing() {
    SHOWN.set(None);
}

/// Runs a test, and keeps a record if it passes.
///
/// `rows` are the test's rows of the table; there may be none.
#[doc(hidden)]
pub fn recorded(test: &str, server: &str, rows: &[&str], run: impl FnOnce()) {
    if rows.is_empty() {
        return run();
    }
    let place = place(test, server);
    let _ = fs::remove_file(&place);
    SHOWN.set(Some(Shown::Survived));
    run();
    let shown = match SHOWN.take() {
        None => return,
        Some(Shown::Survived) => "survived".to_owned(),
        Some(Shown::DoesNotApply(why)) => format!("does not apply: {why}"),
    };
    let lines = rows.iter().map(|row| format!("{row} {server} {shown}\n"));
    fs::create_dir_all(place.parent().expect("it is below the directory of records"))
        .and_then(|()| fs::write(&place, lines.collect::<String>()))
        .expect("the target directory is writable");
}

/// All records that tests of this build have written.
pub fn records() -> Vec<Record> {
    let files = fs::read_dir(directory()).into_iter().flatten();
    let tests = files.flat_map(|file| fs::read_dir(file.expect("it is readable").path()));
    tests.flatten().flat_map(|test| read(&test.expect("it is readable").path())).collect()
}

fn read(path: &Path) -> Vec<Record> {
    let name = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let file = name(path.parent().expect("it is in a directory"));
    let record = |line: &str| {
        let (row, rest) = line.split_once(' ')?;
        let (server, shown) = rest.split_once(' ')?;
        let shown = match shown.strip_prefix("does not apply: ") {
            Some(why) => Shown::DoesNotApply(why.to_owned()),
            None => Shown::Survived,
        };
        let (row, server, file, test) =
            (row.to_owned(), server.to_owned(), file.clone(), name(path));
        Some(Record { row, server, shown, file, test })
    };
    let text = fs::read_to_string(path).expect("it is readable");
    text.lines().map(|line| record(line).expect("it is a record")).collect()
}

/// The file of a test's record: `FILE/TEST.SERVER`.
fn place(test: &str, server: &str) -> PathBuf {
    let program = env::current_exe().expect("it is running");
    // The name of a test's program is the name of its file, a hyphen, and a hash of cargo's.
    let file = program.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let file = file.rsplit_once('-').map_or(file.as_str(), |(name, _)| name);
    let directory = directory().join(file);
    forget_older_builds(&directory, &program);
    directory.join(format!("{test}.{server}"))
}

/// Removes the records of an older build, once: a test may have another name by now.
fn forget_older_builds(directory: &Path, program: &Path) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let time = |path: &Path| path.metadata().and_then(|about| about.modified()).ok();
        let built = time(program);
        let records = fs::read_dir(directory).into_iter().flatten().filter_map(Result::ok);
        for record in records.filter(|record| time(&record.path()) < built) {
            let _ = fs::remove_file(record.path());
        }
    });
}

fn directory() -> PathBuf {
    let program = env::current_exe().expect("it is running");
    let target = program.ancestors().nth(3).expect("it is in target/PROFILE/deps");
    target.join("tmp/records")
}
