//! The files that pages are put together from.

use std::fs;
use std::io;
use std::path::Path;

/// A piece of a page, in its own file.
#[derive(Debug)]
pub struct Part {
    /// The name of the file.
    pub name: String,
    /// HTML or SVG without empty lines: an empty line would end it in Markdown.
    pub text: String,
}

impl Part {
    pub(crate) fn new(name: &str, text: String) -> Part {
        let name = name.to_owned();
        Part { name, text }
    }

    /// Writes the part into a directory.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn write(&self, directory: &Path) -> io::Result<()> {
        fs::write(directory.join(&self.name), &self.text)
    }
}
