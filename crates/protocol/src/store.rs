//! The place for files, as a session sees it.
//!
//! The sessions are pure, so the caller passes in the disk: a server passes a directory, and a test
//! passes a store that is full, or fails, when the test says so.

use alloc::{borrow::ToOwned, boxed::Box, string::String};
use core::fmt;

use crate::text::is_unsafe;

/// The longest name in characters.
pub const NAME_LIMIT: usize = 32;

/// The longest name in bytes, as in most of Linux's file systems (NAME_MAX).
pub const NAME_BYTES: usize = 255;

/// A place for files.
///
/// Each call blocks its caller for as long as the disk takes.
pub trait Store: fmt::Debug + Send + Sync {
    /// Begins a file that will get this name when it is complete, and has none yet.
    ///
    /// # Errors
    ///
    /// It is known already that the file cannot be stored.
    fn begin(&self, name: &FileName) -> Result<Box<dyn Draft>, NotStored>;
}

/// An unfinished file, which no other process can see. Dropping it leaves nothing behind; neither
/// does the end of the process, even after a crash.
pub trait Draft: fmt::Debug + Send {
    /// Adds bytes at its end. `bytes` may be empty.
    ///
    /// # Errors
    ///
    /// The bytes could not be written.
    fn write(&mut self, bytes: &[u8]) -> Result<(), NotStored>;

    /// Makes sure that every byte is on the disk, then gives the file its name, in one step that
    /// cannot replace another file: of two files with the same name, the first gets it.
    ///
    /// # Errors
    ///
    /// The file is not stored, and nothing is left behind.
    fn keep(self: Box<Self>) -> Result<(), NotStored>;
}

/// Why a file is not stored.
#[derive(Clone, Debug, PartialEq)]
pub enum NotStored {
    /// There is already something with this name.
    Exists,
    /// The disk has no room left for it.
    Full,
    /// Any other error, in the system's words.
    Failed(String),
}

impl fmt::Display for NotStored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotStored::Exists => f.write_str("there is a file of this name already"),
            NotStored::Full => f.write_str("the disk is full"),
            NotStored::Failed(why) => write!(f, "the server cannot store it: {why}"),
        }
    }
}

/// The name of a file: one component of a path, which cannot lead to another directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileName(String);

impl FileName {
    /// Checks a name that a client has sent.
    ///
    /// It refuses names that would leave the directory (`..`, `/`, and `\` if the files are moved
    /// to another system), hide in it (a dot at the beginning), end early in a C string (NUL), or
    /// affect the terminal of a person who lists the files.
    ///
    /// # Errors
    ///
    /// The reason why the name is refused.
    pub fn new(name: &[u8]) -> Result<FileName, &'static str> {
        let too_long = Err("a name has 1 to 32 characters");
        if name.len() > NAME_BYTES {
            return too_long;
        }
        let name = str::from_utf8(name).map_err(|_| "a name is UTF-8")?;
        match name.chars().count() {
            1..=NAME_LIMIT => {}
            _ => return too_long,
        }
        if name.contains(['/', '\\']) {
            Err("a name is not a path: it contains no / and no \\")
        } else if name.starts_with('.') {
            Err("a name does not begin with a dot")
        } else if name.ends_with('\r') {
            Err("a name ends with LF, without a CR before it")
        } else if name.chars().any(|c| c.is_control() || is_unsafe(c)) {
            Err("a name has no control characters in it")
        } else {
            Ok(FileName(name.to_owned()))
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
