//! The pages of the book, and what each needs.

/// A page that needs something.
#[derive(Debug)]
pub struct Page {
    /// Its file in `lessons`: `sockets/seeing.md`.
    pub file: &'static str,
    /// The names of what it needs.
    pub needs: Vec<&'static str>,
}

/// One line a page. `tests/doctor.rs` holds them to the commands of the pages.
const PAGES: &str = include_str!("../pages.txt");

/// The pages that need something, in the order of the book.
pub fn pages() -> Vec<Page> {
    let page = |line: &'static str| {
        let (file, needs) = line.split_once(": ")?;
        Some(Page { file, needs: needs.split(' ').collect() })
    };
    PAGES.lines().filter_map(page).collect()
}
