//! The amount of code to read for each style.

use std::fs;
use std::io;
use std::path::Path;

use launch::Style;
use serde::{Deserialize, Serialize};

use crate::about::sources;

/// The contents of a style's own crate, without its tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Code {
    /// Lines that are neither empty nor a comment.
    pub lines: usize,
    /// The number of those lines that begin an unsafe block or item.
    pub unsafe_places: usize,
}

/// `None` if the sources are missing.
pub(crate) fn code(style: &Style) -> Option<Code> {
    Code::of(style, &sources()).ok()
}

impl Code {
    /// Counts a style's code, below the top of the repository.
    ///
    /// # Errors
    ///
    /// The sources are missing, or cannot be read.
    pub fn of(style: &Style, repository: &Path) -> io::Result<Code> {
        count(&repository.join(style.folder()).join("src"))
    }

    /// Counts the code in the text of a source.
    pub fn in_text(text: &str) -> Code {
        count_in(text)
    }
}

fn count(directory: &Path) -> io::Result<Code> {
    let mut sum = Code::default();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.ends_with("tests.rs") {
            continue;
        }
        let part = match path.is_dir() {
            true => count(&path)?,
            false => count_in(&fs::read_to_string(&path)?),
        };
        sum.lines += part.lines;
        sum.unsafe_places += part.unsafe_places;
    }
    Ok(sum)
}

fn count_in(text: &str) -> Code {
    let (text, _) = text.split_once("#[cfg(test)]\nmod tests {").unwrap_or((text, ""));
    let text = text.replace("#[cfg(test)]\nmod tests;\n", "");
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with("//"));
    let is_unsafe = |line: &&str| {
        let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
        words.any(|word| word == "unsafe")
    };
    Code { lines: lines.clone().count(), unsafe_places: lines.filter(is_unsafe).count() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_empty_lines_and_tests_do_not_count() {
        let text = "\
//! unsafe

#![allow(unsafe_code)]
#[cfg(test)]
mod tests;
fn main() {
    // SAFETY: unsafe
    let x = unsafe { 1 };
}
#[cfg(test)]
mod tests {
    unsafe fn x() {}
}
";
        let expected = Code { lines: 4, unsafe_places: 1 };
        assert_eq!(count_in(text), expected);
    }

    #[test]
    fn the_sources_of_every_style_are_found() {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
        for style in [Style::ITERATIVE, Style::FORK, Style::ASYNC] {
            let code = Code::of(&style, &repository).unwrap();
            assert!(code.lines > 50, "{code:?}");
        }
    }
}
