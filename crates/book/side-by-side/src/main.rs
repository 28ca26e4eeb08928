//! Writes the parts of the book that are made from the sources of the styles.

use std::fs;
use std::io;
use std::process::ExitCode;

use clap::Parser;
use side_by_side::{parts, repository};

/// Write the parts of the book's page "Side by side" that are made from the sources of the styles
///
/// The styles' sources, aligned by their items, and what each style costs go into
/// lessons/widgets/. It has to be done again when a style has changed, and a test says so.
#[derive(Parser)]
#[command(after_help = "\
The system calls are counted by a test, which writes them where the environment says BLESS=1:
  BLESS=1 cargo test --test system_calls the_book")]
struct Command {}

fn main() -> ExitCode {
    let Command {} = Command::parse();
    match write() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write() -> io::Result<()> {
    for part in parts(repository())? {
        let path = repository().join(part.path);
        let is_new = fs::read_to_string(&path).is_ok_and(|text| text == part.text);
        if !is_new {
            fs::write(&path, part.text)?;
        }
        println!("{} {}", if is_new { "as it was" } else { "written  " }, part.path);
    }
    Ok(())
}
