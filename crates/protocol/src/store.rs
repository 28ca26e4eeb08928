//! Where files are put, as far as a session has to know.
//!
//! The sessions are pure, so the disk is passed in: a directory of Linux's where a server runs, and
//! where a test runs whatever can be full, or fail, when the test says so.

use alloc::{borrow::ToOwned, boxed::Box, string::String};
use core::fmt;

use crate::text::is_unsafe;

/// The longest name in characters.
pub const NAME_LIMIT: usize = 32;

/// The longest name in bytes, as in most of Linux's file systems (NAME_MAX).
pub const NAME_BYTES: usize = 255;

/// A place for files.
///
/// All that it does may take as long as a disk takes, and whoever asks for it waits so long.
pub trait Store: fmt::Debug + Send + Sync {
    /// Begins a file that shall have this name one day, and has none yet.
    ///
    /// # Errors
    ///
    /// It cannot be stored, as far as that is known already.
    fn begin(&self, name: &FileName) -> Result<Box<dyn Draft>, NotStored>;
}

/// A file in the making, which nobody sees. Dropping it leaves nothing behind, and so does the end
/// of the process, however it comes.
pub trait Draft: fmt::Debug + Send {
    /// Adds bytes at its end. There may be none.
    ///
    /// # Errors
    ///
    /// They could not be written.
    fn write(&mut self, bytes: &[u8]) -> Result<(), NotStored>;

    /// Sees to it that every byte is on the disk, and gives the file its name, in one step that
    /// cannot replace another file: of two of the same name, whichever comes first gets it.
    ///
    /// # Errors
    ///
    /// It is not stored, and nothing is left behind.
    fn keep(self: Box<Self>) -> Result<(), NotStored>;
}

/// Why a file is not stored.
#[derive(Clone, Debug, PartialEq)]
pub enum NotStored {
    /// There is something of this name.
    Exists,
    /// There is no room left for it.
    Full,
    /// Anything else, in the system's words.
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

/// The name of a file: one component of a path, which leads nowhere else.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileName(String);

impl FileName {
    /// Takes a name from a stranger.
    ///
    /// What is refused would leave the directory (`..`, `/`, and `\` once the files are taken to
    /// another system), hide in it (a dot at the beginning), end early where a C string does (NUL),
    /// or do something to the terminal of whoever lists it.
    ///
    /// # Errors
    ///
    /// Why it is no such name.
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
            Err("a name is no path: there is no / and no \\ in it")
        } else if name.starts_with('.') {
            Err("a name does not begin with a dot")
        } else if name.ends_with('\r') {
            Err("a name ends with LF, and no CR before it")
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
