//! Writes the parts of the book that are made from the sources of the styles.

use std::fs;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use launch::{Problem, print, usage_error};
use side_by_side::{parts, repository};

/// Write the parts of the book's page "Side by side" that are made from the sources of the styles
///
/// The styles' sources, aligned by their items, and the cost of each style go into
/// lessons/widgets/. Run it again when a style has changed; a test fails until you do.
#[derive(Parser)]
#[command(after_help = "\
A test counts the system calls, and writes them if the environment contains BLESS=1:
  BLESS=1 cargo test --test system_calls the_book")]
struct Command {}

fn main() -> ExitCode {
    if let Err(error) = Command::try_parse() {
        return usage_error(&Command::command(), &error);
    }
    match write() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => problem.report(),
    }
}

fn write() -> Result<(), Problem> {
    for part in parts(repository())? {
        let path = repository().join(part.path);
        let is_new = fs::read_to_string(&path).is_ok_and(|text| text == part.text);
        if !is_new {
            fs::write(&path, part.text)?;
        }
        print(&format!("{} {}\n", if is_new { "unchanged" } else { "written  " }, part.path))?;
    }
    Ok(())
}
