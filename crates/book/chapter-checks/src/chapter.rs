//! The chapters as written: their blocks of code, and their includes.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

/// A file of `lessons/`.
#[derive(Clone, Debug)]
pub struct Chapter {
    /// Its name in `lessons/`, such as `start/services.md`.
    pub file: String,
    /// Its Markdown.
    pub text: String,
}

/// A fenced block of code.
#[derive(Clone, Debug)]
pub struct Block {
    /// The text after the opening fence: `console,session`.
    pub info: String,
    /// The number of the line on which the fence opens, from 1.
    pub line: usize,
    /// The text before the fence, and so before each line of the block.
    pub indent: String,
    /// The lines between the fences.
    pub lines: Vec<String>,
}

/// An `{{#include}}`.
#[derive(Clone, Debug, PartialEq)]
pub struct Include {
    /// The line of the chapter that contains it, from 1.
    pub line: usize,
    /// The included file, as written.
    pub path: String,
    /// The part after the file name: an anchor, or lines.
    pub anchor: Option<String>,
}

/// The chapters in the order of SUMMARY.md.
pub fn chapters() -> Vec<Chapter> {
    static LINK: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\]\(([^)]+\.md)\)").expect("it is valid"));
    let summary = fs::read_to_string(lessons().join("SUMMARY.md")).expect("there is a summary");
    let files = LINK.captures_iter(&summary).map(|link| link[1].to_owned());
    files.map(|file| Chapter::read(&file)).collect()
}

/// The directory of the chapters.
pub fn lessons() -> PathBuf {
    repository().join("lessons")
}

/// The top level of the repository.
pub fn repository() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(3).expect("it is in crates/")
}

impl Chapter {
    /// Reads the chapter of this name.
    ///
    /// # Panics
    ///
    /// There is no such chapter.
    #[track_caller]
    pub fn read(file: &str) -> Chapter {
        let text = fs::read_to_string(lessons().join(file))
            .unwrap_or_else(|error| panic!("lessons/{file}: {error}"));
        Chapter { file: file.to_owned(), text }
    }

    /// The path of the file.
    pub fn path(&self) -> PathBuf {
        lessons().join(&self.file)
    }

    /// A place that a person can find: `lessons/start/services.md:7`.
    pub fn place(&self, line: usize) -> String {
        format!("lessons/{}:{line}", self.file)
    }

    /// The chapter's blocks of code, in order. A block ends with a fence at least as long as its
    /// first one.
    pub fn blocks(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut open: Option<(Block, usize)> = None;
        for (number, line) in (1..).zip(self.text.lines()) {
            let rest = line.trim_start();
            let ticks = rest.bytes().take_while(|&byte| byte == b'`').count();
            match &mut open {
                None if ticks >= 3 => {
                    let block = Block {
                        info: rest[ticks..].trim().to_owned(),
                        line: number,
                        indent: line[..line.len() - rest.len()].to_owned(),
                        lines: Vec::new(),
                    };
                    open = Some((block, ticks));
                }
                Some((_, opened)) if ticks >= *opened && rest.trim_end().len() == ticks => {
                    blocks.extend(open.take().map(|(block, _)| block));
                }
                Some((block, _)) => {
                    let line = line.strip_prefix(&block.indent).unwrap_or(rest);
                    block.lines.push(line.to_owned());
                }
                None => {}
            }
        }
        assert!(open.is_none(), "{}: this fence is never closed: {open:?}", self.file);
        blocks
    }

    /// The chapter's includes.
    pub fn includes(&self) -> Vec<Include> {
        let lines = (1..).zip(self.text.lines());
        lines.filter_map(|(number, line)| include(number, line)).collect()
    }

    /// The lines that replace the include: the file, or the part between its anchors, without the
    /// lines that contain anchors.
    ///
    /// # Errors
    ///
    /// The thing that is missing, in one line.
    pub fn resolve(&self, include: &Include) -> Result<Vec<String>, String> {
        let path = self.path().with_file_name("").join(&include.path);
        let text =
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}", include.path))?;
        let lines: Vec<_> = match &include.anchor {
            None => text.lines().filter(|line| !line.contains("ANCHOR")).collect(),
            Some(anchor) => between(&text, anchor).ok_or_else(|| {
                format!("{} has no anchor {anchor}, or no end of it", include.path)
            })?,
        };
        match lines.iter().any(|line| !line.trim().is_empty()) {
            true => Ok(lines.into_iter().map(str::to_owned).collect()),
            false => Err(format!("there is nothing in {include:?}")),
        }
    }
}

/// The include on a line, if there is one that mdBook would expand.
pub fn include(number: usize, line: &str) -> Option<Include> {
    static INCLUDE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(^|[^\\])\{\{#\w*include ([^:}]+)(?::([^}]*))?\}\}").expect("it is valid")
    });
    let found = INCLUDE.captures(line)?;
    Some(Include {
        line: number,
        path: found[2].trim().to_owned(),
        anchor: found.get(3).map(|anchor| anchor.as_str().trim().to_owned()),
    })
}

fn between<'a>(text: &'a str, anchor: &str) -> Option<Vec<&'a str>> {
    let marks = |line: &str, mark: &str| {
        let name = line.split_once(mark).map(|(_, name)| name.trim_start());
        name.and_then(|name| name.split_whitespace().next()) == Some(anchor)
    };
    let mut lines = text.lines();
    lines.find(|line| marks(line, "ANCHOR:"))?;
    let mut inside = Vec::new();
    for line in lines {
        if marks(line, "ANCHOR_END:") {
            return Some(inside);
        }
        if !line.contains("ANCHOR:") && !line.contains("ANCHOR_END:") {
            inside.push(line);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chapter(text: &str) -> Chapter {
        Chapter { file: "a.md".to_owned(), text: text.to_owned() }
    }

    #[test]
    fn blocks_know_their_kind_and_place() {
        let text =
            "# A\n\n```console,server\n$ ls\n```\n\n- item\n  ```rust\n  a\n\n    b\n  ```\n";
        let blocks = chapter(text).blocks();
        let seen: Vec<_> = blocks
            .iter()
            .map(|block| (&block.info[..], block.line, block.lines.join("|")))
            .collect();
        assert_eq!(
            seen,
            [("console,server", 3, "$ ls".to_owned()), ("rust", 8, "a||  b".to_owned())]
        );
    }

    #[test]
    fn a_longer_fence_holds_shorter_ones() {
        let blocks = chapter("````text\n```console\n```\n````\n").blocks();
        assert_eq!(blocks.len(), 1);
        assert_eq!(blocks[0].lines, ["```console", "```"]);
    }

    #[test]
    fn includes_are_found_as_mdbook_finds_them() {
        let include = |path: &str, anchor: Option<&str>| {
            Some(Include { line: 1, path: path.to_owned(), anchor: anchor.map(str::to_owned) })
        };
        assert_eq!(super::include(1, "{{#include ../a.svg}}"), include("../a.svg", None));
        assert_eq!(super::include(1, "x {{#include a.rs:here}}"), include("a.rs", Some("here")));
        assert_eq!(
            super::include(1, "{{#rustdoc_include a.rs:2:5}}"),
            include("a.rs", Some("2:5"))
        );
        assert_eq!(super::include(1, r"\{{#include a.rs}}"), None);
    }

    #[test]
    fn an_anchor_has_an_end() {
        let text = "a\n// ANCHOR: x\nb\n// ANCHOR: y\nc\n// ANCHOR_END: x\nd\n";
        assert_eq!(between(text, "x"), Some(vec!["b", "c"]));
        assert_eq!(between(text, "y"), None);
        assert_eq!(between(text, "z"), None);
    }
}
