//! The command line.

use std::process::ExitCode;

use clap::Args;
use launch::Problem;

use crate::report::Report;
use crate::{Found, NEEDS, Need, Page, pages};

/// Tell which pages of the book do not work on this machine, and what to type to change it
///
/// It tries each thing that a page needs: it makes namespaces, traces a process, binds an address,
/// and looks for programs. It changes nothing. The commands that it tells are those of Debian and
/// Ubuntu.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  after-accept doctor
  after-accept doctor sockets/seeing.md

Exit status: 0 all pages work here, 1 a page lacks something or something failed, 2 wrong usage.")]
pub struct Command {
    /// Look only for what this page needs: its file in lessons, or the end of its address
    #[arg(value_name = "PAGE")]
    page: Option<String>,
}

/// Looks, prints the report, and returns the exit status.
pub fn run(command: Command) -> ExitCode {
    match doctor(command.page.as_deref()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => problem.report(),
    }
}

/// Whether all pages work, or the one.
fn doctor(page: Option<&str>) -> Result<bool, Problem> {
    let pages = match page {
        Some(page) => vec![named(page)?],
        None => pages(),
    };
    let is_asked =
        |need: &&Need| page.is_none() || pages.iter().any(|page| page.needs.contains(&need.name));
    let look = |need: &'static Need| -> (&Need, Found) { (need, need.look()) };
    let looks = NEEDS.iter().filter(is_asked).map(look).collect();
    let report = Report { looks, pages };
    launch::print(&report.text())?;
    Ok(report.all_pages_work())
}

/// The page of this name, also as a browser shows it or as a path.
fn named(name: &str) -> Result<Page, Problem> {
    let stem = |file: &str| file.trim_end_matches(".html").trim_end_matches(".md").to_owned();
    let is_it = |page: &Page| {
        let (page, name) = (stem(page.file), stem(name));
        name == page || name.ends_with(&format!("/{page}"))
    };
    pages().into_iter().find(is_it).ok_or_else(|| {
        let name = name.escape_debug();
        Problem::usage(format!(
            "no page {name} needs anything: want a file like sockets/seeing.md, or no name at all"
        ))
    })
}
