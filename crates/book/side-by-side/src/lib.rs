//! What the page *Side by side* of the book shows, made from the sources of the styles.
//!
//! The styles have their items in the same order and under the same names. So two of them are laid
//! beside one another item by item ([`items`], [`pair`]), and what differs in an item is found by
//! the crate similar, line by line and then word by word. What each costs is counted ([`costs`]).
//!
//! `cargo run -p side-by-side` writes it all into `lessons/widgets/`, and a test says when that has
//! to be done again.

#![forbid(unsafe_code)]

pub mod costs;
pub mod items;
mod page;
pub mod pair;

use std::io;
use std::path::Path;

use launch::Style;

/// A file that is made from the sources.
#[derive(Debug)]
pub struct Part {
    /// Where it is kept, below the top of the repository.
    pub path: &'static str,
    /// What it has to hold.
    pub text: String,
}

/// Makes the parts of the page. `root` is the top of the repository.
///
/// # Errors
///
/// Something of what they are made from is missing, or cannot be read.
pub fn parts(root: &Path) -> io::Result<[Part; 3]> {
    let items = Style::ALL.iter().map(|style| items::items(root, style));
    let items = items.collect::<io::Result<Vec<_>>>()?;
    let part = |path, text| Part { path, text };
    Ok([
        part("lessons/widgets/side-by-side.html", page::element(&items)),
        part("lessons/widgets/side-by-side-data.js", page::data(&items)),
        part("lessons/widgets/side-by-side-costs.html", page::costs(root)?),
    ])
}

/// The top of the repository that this was built from.
pub fn repository() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(3).expect("it is in crates/")
}
