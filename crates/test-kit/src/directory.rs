use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A directory for one test. Dropping it removes it with all its files.
#[derive(Debug)]
pub struct Directory(TempDir);

impl Default for Directory {
    fn default() -> Directory {
        Directory(tempfile::tempdir().expect("there is a place for temporary files"))
    }
}

impl Directory {
    /// Its path.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Its path, as a command line takes it.
    pub fn as_str(&self) -> &str {
        self.path().to_str().expect("its name is UTF-8")
    }

    /// The path of a file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// The names of all entries in it, sorted.
    pub fn names(&self) -> Vec<String> {
        names(self.path())
    }
}

/// The names of all entries in a directory, sorted.
pub fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("it is a directory");
    let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    let mut names: Vec<_> = entries.map(|entry| name(entry.expect("readable"))).collect();
    names.sort();
    names
}

/// The top level of the repository.
pub fn repository() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("this crate is in crates/")
}
