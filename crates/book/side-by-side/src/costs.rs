//! The cost of each style in code and in system calls.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use compare::Code;
use launch::Style;
use toml::{Table, Value};

/// The file of the system calls of an echo, below the top of the repository: a line for each style,
/// with its name and then the names of the calls in order. `conformance/tests/system_calls.rs` counts them, and
/// writes them if the environment contains `BLESS=1`.
pub const SYSTEM_CALLS: &str = "crates/book/side-by-side/system_calls.txt";

/// The cost of a style.
#[derive(Debug)]
pub struct Costs {
    /// The amount of code, and of code that the compiler cannot check.
    pub code: Code,
    /// The modules of `drivers` that it uses, as other styles do, and the amount of their code.
    pub drivers: Vec<(String, Code)>,
    /// The crates that it names, without those of this repository.
    pub dependencies: Vec<String>,
    /// The system calls that receive a message of the service echo and answer it.
    pub system_calls: Vec<String>,
}

impl Costs {
    /// Counts the cost of a style. `root` is the top of the repository.
    ///
    /// # Errors
    ///
    /// Its sources or its Cargo.toml cannot be read, or its system calls have not been counted.
    pub fn of(style: &Style, root: &Path) -> io::Result<Costs> {
        Ok(Costs {
            code: Code::of(style, root)?,
            drivers: drivers(style, root)?,
            dependencies: dependencies(style, root)?,
            system_calls: system_calls(style, root)?,
        })
    }
}

/// The directory of the modules that several styles use.
const DRIVERS: &str = "crates/drivers/src";

/// The modules of `drivers` that a style names, with the amount of their code, and the modules that
/// those use and that are not listed already.
fn drivers(style: &Style, root: &Path) -> io::Result<Vec<(String, Code)>> {
    let mut sources = String::new();
    for entry in fs::read_dir(root.join(style.folder()).join("src"))? {
        let path = entry?.path();
        if !path.ends_with("tests.rs") {
            sources += &fs::read_to_string(path)?;
        }
    }
    let mut counted = BTreeSet::new();
    let mut modules = Vec::new();
    for module in modules_named(&sources, "drivers::", root)? {
        let mut code = Code::default();
        let mut open = vec![module.clone()];
        while let Some(next) = open.pop() {
            if counted.insert(next.clone()) {
                let text = text_of(&root.join(DRIVERS).join(&next))?;
                let own = Code::in_text(&text);
                code.lines += own.lines;
                code.unsafe_places += own.unsafe_places;
                open.extend(modules_named(&text, "crate::", root)?);
            }
        }
        modules.push((module, code));
    }
    Ok(modules)
}

/// The text of a module: of its file, and of the files in its folder if it has one.
fn text_of(module: &Path) -> io::Result<String> {
    let mut text = fs::read_to_string(module.with_extension("rs"))?;
    if module.is_dir() {
        for entry in fs::read_dir(module)? {
            text += &fs::read_to_string(entry?.path())?;
        }
    }
    Ok(text)
}

/// The modules of `drivers` that a text names after `prefix`.
fn modules_named(text: &str, prefix: &str, root: &Path) -> io::Result<Vec<String>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(root.join(DRIVERS))? {
        let file = entry?.file_name().to_string_lossy().into_owned();
        all.extend(file.strip_suffix(".rs").map(str::to_owned));
    }
    all.sort();
    all.retain(|module| text.contains(&format!("{prefix}{module}::")));
    Ok(all)
}

fn dependencies(style: &Style, root: &Path) -> io::Result<Vec<String>> {
    let manifest = |path: &Path| -> io::Result<Table> {
        let text = fs::read_to_string(root.join(path).join("Cargo.toml"))?;
        toml::from_str(&text).map_err(io::Error::other)
    };
    let workspace = manifest(Path::new(""))?;
    let is_ours = |name: &str| {
        let versions = workspace.get("workspace").and_then(|all| all.get("dependencies"));
        let dependency = versions.and_then(|versions| versions.get(name));
        dependency.is_some_and(|dependency| dependency.get("path").is_some())
    };
    let own = manifest(Path::new(&style.folder()))?;
    let named = own.get("dependencies").and_then(Value::as_table);
    let names = named.into_iter().flat_map(Table::keys);
    Ok(names.filter(|name| !is_ours(name)).cloned().collect())
}

fn system_calls(style: &Style, root: &Path) -> io::Result<Vec<String>> {
    let all = fs::read_to_string(root.join(SYSTEM_CALLS))?;
    let mut lines = all.lines().map(str::split_whitespace);
    let of_style = lines.find_map(|mut words| (words.next() == Some(style.name)).then_some(words));
    let missing = || {
        io::Error::other(format!(
            "{SYSTEM_CALLS}: the style {:?} has no line; this command counts its system calls: \
             BLESS=1 cargo test --test system_calls the_book",
            style.name
        ))
    };
    Ok(of_style.ok_or_else(missing)?.map(str::to_owned).collect())
}
