//! Makes the book's page *Side by side* from the sources of the styles.
//!
//! The styles have their items in the same order and under the same names. So two styles are
//! aligned item by item ([`items`], [`pair`]), and the crate similar finds the differences in an
//! item, line by line and then word by word. The cost of each style is counted ([`costs`]).
//!
//! `cargo run -p side-by-side` writes everything into `lessons/widgets/`, and a test fails if the
//! files are out of date.

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
    /// The path of the file, below the top of the repository.
    pub path: &'static str,
    /// The text that it must contain.
    pub text: String,
}

/// Makes the parts of the page. `root` is the top of the repository.
///
/// # Errors
///
/// A source is missing or cannot be read.
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

/// The top of the repository from which this was built.
pub fn repository() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(3).expect("it is in crates/")
}
