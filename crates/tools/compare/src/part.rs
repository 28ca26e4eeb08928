//! What pages are put together from.

use std::fs;
use std::io;
use std::path::Path;

/// A piece of a page, which stands in a file of its own.
#[derive(Debug)]
pub struct Part {
    /// What the file is called.
    pub name: String,
    /// HTML or SVG without an empty line, which would end it in Markdown.
    pub text: String,
}

impl Part {
    pub(crate) fn new(name: &str, text: String) -> Part {
        let name = name.to_owned();
        Part { name, text }
    }

    /// Writes it into a directory.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn write(&self, directory: &Path) -> io::Result<()> {
        fs::write(directory.join(&self.name), &self.text)
    }
}
