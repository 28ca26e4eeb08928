//! Tests that clients can only put whole files into a directory through the service.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use proptest::prelude::*;
use protocol::upload::{DEFAULT_MAX_SIZE, Upload};
use protocol::{ClientId, FileName, NotStored, Session, Store};
use tempfile::TempDir;
use uploads::Directory;

/// A directory for one test, and one in it for uploads, so that the test sees files outside of
/// that.
struct Place(TempDir);

impl Place {
    fn new() -> Place {
        let place = Place(tempfile::tempdir().expect("there is room"));
        fs::create_dir(place.uploads()).expect("there was none");
        place
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn uploads(&self) -> PathBuf {
        self.file("uploads")
    }

    fn open(&self) -> Directory {
        Directory::open(&self.uploads()).expect("it is a directory")
    }

    /// Everything in the test's directory: paths and contents.
    fn everything(&self) -> Vec<(String, Vec<u8>)> {
        let mut everything = Vec::new();
        for directory in [self.file(""), self.uploads()] {
            for entry in fs::read_dir(directory).expect("it is there") {
                let path = entry.expect("readable").path();
                let bytes = match path.is_dir() {
                    true => b"directory".to_vec(),
                    false => fs::read(&path).unwrap_or_default(),
                };
                let path = path.strip_prefix(self.0.path()).expect("it is below it");
                everything.push((path.to_str().expect("UTF-8").to_owned(), bytes));
            }
        }
        everything.sort();
        everything
    }
}

fn name(name: &str) -> FileName {
    FileName::new(name.as_bytes()).expect("a name")
}

fn store(directory: &Directory, text: &str) -> Result<(), NotStored> {
    let mut draft = directory.begin(&name("name"))?;
    draft.write(text.as_bytes())?;
    draft.keep()
}

#[test]
fn a_file_has_its_name_when_it_is_whole() {
    let place = Place::new();
    let directory = place.open();
    let nothing = place.everything();
    let mut draft = directory.begin(&name("name")).unwrap();
    for part in ["one ", "", "two"] {
        draft.write(part.as_bytes()).unwrap();
        assert_eq!(place.everything(), nothing);
    }
    draft.keep().unwrap();
    assert_eq!(fs::read(place.uploads().join("name")).unwrap(), b"one two");
    let mode = fs::metadata(place.uploads().join("name")).unwrap();
    assert_eq!(mode.permissions().mode() & !0o644, 0o100_000, "no more than rw-r--r--");
}

#[test]
fn an_upload_that_is_not_kept_leaves_nothing_behind() {
    let place = Place::new();
    let directory = place.open();
    let nothing = place.everything();
    let mut draft = directory.begin(&name("name")).unwrap();
    draft.write(b"half of").unwrap();
    drop(draft);
    assert_eq!(place.everything(), nothing);
}

#[test]
fn nothing_is_replaced_and_nothing_followed() {
    type Make = fn(&Path);
    let makes: [Make; 4] = [
        |path| fs::write(path, "first").unwrap(),
        |path| fs::create_dir(path).unwrap(),
        |path| symlink("../outside", path).unwrap(),
        |path| symlink("/etc/passwd", path).unwrap(),
    ];
    for make in makes {
        let place = Place::new();
        let directory = place.open();
        // The name may be taken before the upload begins, or during it.
        let draft = directory.begin(&name("name")).unwrap();
        make(&place.uploads().join("name"));
        let before = place.everything();
        assert_eq!(draft.keep(), Err(NotStored::Exists));
        assert_eq!(store(&directory, "second"), Err(NotStored::Exists));
        assert_eq!(place.everything(), before);
    }
}

#[test]
fn of_many_uploads_at_once_exactly_one_wins() {
    let place = Place::new();
    let directory = &place.open();
    for _ in 0..50 {
        let stored: Vec<_> = thread::scope(|scope| {
            let begin = |n| scope.spawn(move || store(directory, &format!("by {n}")));
            let uploads: Vec<_> = (0..8).map(begin).collect();
            uploads.into_iter().map(|upload| upload.join().unwrap()).collect()
        });
        let winners: Vec<_> = (0..8).filter(|n| stored[*n].is_ok()).collect();
        let [winner] = winners[..] else {
            panic!("{winners:?} have won");
        };
        let lost = stored.iter().filter(|stored| **stored == Err(NotStored::Exists));
        assert_eq!(lost.count(), 7);
        let path = place.uploads().join("name");
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("by {winner}"));
        fs::remove_file(path).unwrap();
    }
}

#[test]
fn the_directory_may_be_moved_and_another_put_in_its_place() {
    let place = Place::new();
    let directory = place.open();
    let draft = directory.begin(&name("begun")).unwrap();
    let moved = place.file("moved");
    fs::rename(place.uploads(), &moved).unwrap();
    symlink("/tmp", place.uploads()).unwrap();
    draft.keep().unwrap();
    store(&directory, "later").unwrap();
    assert!(moved.join("begun").exists() && moved.join("name").exists());
    fs::remove_file(place.uploads()).unwrap();
}

#[test]
fn a_directory_that_cannot_store_is_refused_at_once() {
    let place = Place::new();
    let said = |path: &str| Directory::open(&place.file(path)).unwrap_err().to_string();
    assert!(said("nowhere").contains("No such file"));
    fs::write(place.file("file"), "").unwrap();
    assert!(said("file").contains("Not a directory"));
    assert!(said("/proc").contains("O_TMPFILE"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// No input causes a panic, and at most the announced file is there afterwards.
    #[test]
    fn no_header_gets_out_of_the_directory(
        name in prop_oneof![
            "[./\\\\]{1,4}[a-z./]{0,12}",
            "\\PC{0,34}",
            "[a-z\0\r\t\u{1b}\u{202e}]{1,8}",
        ],
        junk in prop::collection::vec(any::<u8>(), 0..12),
        size in prop_oneof![0..8_u32, any::<u32>()],
        data in prop::collection::vec(any::<u8>(), 0..12),
        is_cut in any::<bool>(),
    ) {
        let place = Place::new();
        let before = place.everything();
        let store: Arc<dyn Store> = Arc::new(place.open());
        let mut session = Upload::new(ClientId(1), Some(store), DEFAULT_MAX_SIZE);
        let sent = [name.as_bytes(), b"\n", &size.to_be_bytes(), b"\n", &data, &junk].concat();
        let sent = if is_cut { junk } else { sent };
        let mut answers = Vec::new();
        for byte in &sent {
            answers.extend(session.receive(&[*byte]).send.iter());
        }
        answers.extend(session.receive(b"").send.iter());
        let answer = String::from_utf8(answers).expect("UTF-8");
        let mut after = place.everything();
        match answer.strip_prefix(&format!("stored {name} {size}\r\n")) {
            Some(rest) => {
                prop_assert_eq!(rest, "");
                let path = format!("uploads/{name}");
                let stored = after.iter().position(|(stored, _)| *stored == path);
                let (_, bytes) = after.remove(stored.expect("it is there"));
                prop_assert_eq!(bytes.len(), size as usize);
                prop_assert!(sent.windows(bytes.len().max(1)).any(|part| part == bytes) || bytes.is_empty());
            }
            None => prop_assert!(answer.starts_with("refused: ") && answer.ends_with("\r\n")),
        }
        prop_assert_eq!(after, before);
    }
}
