//! What is likely wrong with a server, by the way in which it fails.

use std::sync::LazyLock;

/// A likely cause.
#[derive(Clone, Debug, PartialEq)]
pub struct Cause {
    /// Its short name, which does not change.
    pub id: String,
    /// One sentence.
    pub text: String,
    /// The place in the book that explains it.
    pub page: String,
}

/// All causes that the checker can name.
pub static CAUSES: LazyLock<Vec<Cause>> = LazyLock::new(|| {
    let lines = include_str!("../cases/causes.txt").lines();
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let read = |line: &str| {
        let (head, text) = line.split_once(": ").expect("a cause has a sentence");
        let (id, page) = head.split_once(' ').expect("a cause has a page");
        Cause { id: id.to_owned(), text: text.to_owned(), page: page.trim().to_owned() }
    };
    lines.map(read).collect()
});

/// The cause of this name.
pub(crate) fn cause(id: &str) -> Option<Cause> {
    CAUSES.iter().find(|cause| cause.id == id).cloned()
}

/// What the bytes alone say, whatever the case was about.
pub(crate) fn by_bytes(expected: &[u8], got: &[u8]) -> Option<Cause> {
    let without_returns =
        |bytes: &[u8]| -> Vec<u8> { bytes.iter().copied().filter(|byte| *byte != b'\r').collect() };
    let is_line = expected.ends_with(b"\r\n");
    let id = match () {
        () if is_line && got.starts_with(&without_returns(expected)) => "bare-line-feed",
        () if is_line
            && got.starts_with(&[&expected[..expected.len() - 2], b"\r\r\n"].concat()) =>
        {
            "line-end-kept"
        }
        () if String::from_utf8_lossy(expected).as_bytes() != expected
            && got.starts_with(String::from_utf8_lossy(expected).as_bytes()) =>
        {
            "bytes-decoded"
        }
        () => return None,
    };
    cause(id)
}
