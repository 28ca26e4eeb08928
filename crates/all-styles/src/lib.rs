//! The list of all styles: the row of facts of each, and its `serve` function.
//!
//! The facts stand in `launch`, on which each style's own binary depends, so `launch` cannot depend
//! on the styles. Every program that contains all styles depends on this crate: the one program,
//! the tests, and the server with a bug.

#![forbid(unsafe_code)]

use launch::{Serve, Style};

/// Hands the list to another macro, after that macro's other arguments: for each style the name of
/// its tests, its row in [`launch::Style`], and its crate.
///
/// So the tests, which have to be separate functions, are made from the same lines as [`STYLES`].
#[macro_export]
macro_rules! each {
    ($then:path { $($besides:tt)* }) => {
        $then! {
            { $($besides)* }
            iterative ITERATIVE iterative_server;
            fork FORK fork_server;
            thread THREAD thread_server;
            select SELECT select_server;
            async_ ASYNC async_server;
            prefork PREFORK prefork_server;
            pool POOL pool_server;
            poll POLL poll_server;
            epoll EPOLL epoll_server;
            executor EXECUTOR executor_server;
            uring URING uring_server;
        }
    };
}

macro_rules! serving {
    ({} $($test:ident $row:ident $server:ident;)*) => {
        /// The facts of each style and its `serve` function, in the order in which the styles are
        /// always listed.
        pub const STYLES: &[(&Style, Serve)] = &[$((&Style::$row, $server::serve)),*];

        #[cfg(test)]
        const LINES: &[(&str, &str, &str)] =
            &[$((stringify!($test), stringify!($row), stringify!($server))),*];
    };
}

each!(serving {});

/// The first style for which `wanted` holds, and its `serve` function.
pub fn find(wanted: impl Fn(&Style) -> bool) -> Option<(&'static Style, Serve)> {
    STYLES.iter().copied().find(|(style, _)| wanted(style))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    const ROWS: &str = "crates/launch/src/style.rs";
    const HERE: &str = "crates/all-styles/src/lib.rs";

    #[test]
    fn every_crate_of_a_style_has_a_row_and_every_row_a_crate() {
        let styles = Path::new(env!("CARGO_MANIFEST_DIR")).join("../styles");
        let entries = fs::read_dir(styles).expect("the styles are there");
        let names = entries.map(|entry| entry.expect("it is readable").file_name());
        let crates: BTreeSet<_> = names.map(|name| name.to_string_lossy().into_owned()).collect();
        let rows = BTreeSet::from(Style::ALL.map(|style| style.process_name.to_owned()));
        if let Some(name) = crates.difference(&rows).next() {
            panic!("{ROWS}: crates/styles/{name} has no row: add one to styles!");
        }
        if let Some(name) = rows.difference(&crates).next() {
            panic!("crates/styles/{name}: this crate is not there, but {ROWS} has a row for it");
        }
    }

    #[test]
    fn every_row_has_a_line_in_the_same_place() {
        for (number, style) in Style::ALL.iter().enumerate() {
            let (name, row) = (style.name, style.name.to_uppercase());
            let server = style.process_name.replace('-', "_");
            let line = format!("{name} {row} {server};");
            let missing = || {
                format!(
                    "{HERE}: the style {name:?} has no line in each!: add `{line}` as line {}, \
                     `{crate_name}.workspace = true` to crates/all-styles/Cargo.toml, and \
                     `{crate_name} = {{ path = {:?} }}` to Cargo.toml",
                    number + 1,
                    style.folder(),
                    crate_name = style.process_name
                )
            };
            let place = STYLES.iter().position(|(listed, _)| listed == style);
            let place = place.unwrap_or_else(|| panic!("{}", missing()));
            assert_eq!(place, number, "{HERE}: {name:?} stands in another place than in {ROWS}");
            let (test, row, of) = LINES[place];
            // A keyword cannot be the name of a function, so it has a `_` behind it.
            assert_eq!(test.trim_end_matches('_'), name, "{HERE}: want `{line}` for {row}");
            assert_eq!(of, server, "{HERE}: want `{line}` for {row}");
        }
        assert_eq!(STYLES.len(), Style::ALL.len(), "{HERE}: a style is there twice");
    }
}
