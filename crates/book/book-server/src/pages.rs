//! The pages, built from their sources and held in memory.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Read, Seek};
use std::path::Path;
use std::sync::Arc;

use mdbook_driver::MDBook;
use mdbook_driver::config::Config;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::with_default;

/// All files that a browser can request.
#[derive(Debug)]
pub struct Pages {
    /// The contents of each file, by its path below the top.
    files: HashMap<String, Vec<u8>>,
    /// The warnings of mdBook about the sources, one line each.
    pub warnings: Vec<String>,
}

impl Pages {
    /// Builds the book whose book.toml is in `root`.
    ///
    /// # Errors
    ///
    /// The reason why it cannot be built, in one line.
    pub fn build(root: &Path) -> Result<Pages, String> {
        let place = tempfile::tempdir_in(launch::temporary_directory())
            .map_err(|error| format!("cannot make a directory to build in: {error}"))?;
        Pages::build_in(place.path(), root)
    }

    /// Builds in an existing directory, whose contents are not needed afterwards.
    pub(crate) fn build_in(place: &Path, root: &Path) -> Result<Pages, String> {
        let warnings = build_into(place, root)?;
        let mut files = HashMap::new();
        read(place, "", &mut files).map_err(|error| error.to_string())?;
        Ok(Pages { files, warnings })
    }

    /// The file at a path, such as `/start/services.html`; at `/`, the title page.
    pub fn at(&self, path: &str) -> Option<&[u8]> {
        let name = path.strip_prefix('/')?;
        let name = if name.is_empty() { "index.html" } else { name };
        self.files.get(name).map(Vec::as_slice)
    }

    /// The names of all files, such as `start/services.html`, in any order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }
}

/// The content type of a file, by the end of its name.
pub(crate) fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("html", |(_, extension)| extension) {
        "css" => "text/css; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "txt" => "text/plain; charset=utf-8",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

/// Builds the book of `root` into a directory, and returns the warnings.
fn build_into(directory: &Path, root: &Path) -> Result<Vec<String>, String> {
    let in_words = |error: io::Error| error.to_string();
    let mut log = tempfile::tempfile_in(launch::temporary_directory()).map_err(in_words)?;
    let warnings = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::WARN)
        .with_ansi(false)
        .without_time()
        .with_writer(Arc::new(log.try_clone().map_err(in_words)?))
        .finish();
    with_default(warnings, || {
        let config = Config::from_disk(root.join("book.toml"))?;
        let mut book = MDBook::load_with_config(root, config)?;
        book.config.build.build_dir = directory.to_owned();
        book.build()
    })
    .map_err(|error| format!("{error:#}").replace('\n', " "))?;
    let mut said = String::new();
    log.rewind().and_then(|()| log.read_to_string(&mut said)).map_err(in_words)?;
    Ok(said.lines().map(|line| line.trim().to_owned()).collect())
}

fn read(directory: &Path, above: &str, files: &mut HashMap<String, Vec<u8>>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            read(&path, &format!("{above}{name}/"), files)?;
        } else {
            files.insert(format!("{above}{name}"), fs::read(&path)?);
        }
    }
    Ok(())
}
