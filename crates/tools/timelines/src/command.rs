//! The command line.

use std::env;
use std::fs;
use std::io::{self, Error, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use clap::builder::PossibleValuesParser;
use launch::{Problem, Style, print};

use crate::bars::bars;
use crate::draw::pictures;
use crate::play::{Tempo, play};
use crate::record::Record;
use crate::tell::tell;

/// Play three clients, one of them slow, against every style, and show which client waited for
/// which
///
/// Each run has its own server, under strace(1), and clients that act by the clock. The events are
/// described in words. On a terminal they are drawn as bars, too, and in SVG if you name a directory
/// for the pictures. The table of the clients
/// and their actions is crates/tools/timelines/src/scenario.rs: change it, and play your own.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  cargo run -- timelines iterative                         one style
  cargo run -- timelines iterative --bars | less           with bars in a pipe
  cargo run -- timelines --into target/timelines           all, with pictures
  cargo run -- timelines --into lessons/figures/timelines  those of the book")]
pub struct Command {
    /// The styles [default: all]
    #[arg(value_name = "STYLE", value_parser = names())]
    styles: Vec<String>,

    /// Write the records (a line of JSON for each system call) and the pictures into this directory
    #[arg(long, value_name = "DIR")]
    into: Option<PathBuf>,

    /// Draw bars even if the output is no terminal
    #[arg(long)]
    bars: bool,

    /// Play nothing, and draw the existing records again
    #[arg(long, requires = "into")]
    redraw: bool,
}

fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(Style::ALL.map(|style| style.name))
}

/// Plays, describes and draws as the command says, and returns the exit status: 0, or 1 if
/// something failed.
///
/// The running program must have a command for each style.
pub fn run(command: Command, styles: &[&'static Style]) -> ExitCode {
    match try_run(&command, styles) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => problem.report(),
    }
}

fn try_run(command: &Command, styles: &[&'static Style]) -> Result<(), Problem> {
    let program = env::current_exe()?;
    let is_wanted = |style: &&&Style| {
        let mut named = command.styles.iter();
        !command.redraw && (command.styles.is_empty() || named.any(|name| name == style.name))
    };
    for (number, style) in styles.iter().filter(is_wanted).enumerate() {
        let record = play(&program, style, Tempo::Clock)?;
        let gap = if number > 0 { "\n" } else { "" };
        // Puts each sentence on its own line.
        let told = tell(&record).join("\n").replace(". ", ".\n  ");
        print(&format!("{gap}{}:\n{told}\n", style.painted(&style.label())))?;
        if command.bars || io::stdout().is_terminal() {
            print(&format!("\n{}", bars(style, &record)))?;
        }
        if let Some(directory) = &command.into {
            fs::create_dir_all(directory)?;
            fs::write(place(directory, style), record.text())?;
        }
    }
    if let Some(directory) = &command.into {
        let count = redraw(directory, styles)?;
        let pictures = if count == 1 { "picture" } else { "pictures" };
        print(&format!("{count} {pictures} drawn in {}\n", directory.display()))?;
    }
    Ok(())
}

/// Draws all records of a directory. Returns the number of pictures.
fn redraw(directory: &Path, styles: &[&'static Style]) -> io::Result<usize> {
    let mut records = Vec::new();
    for style in styles {
        let place = place(directory, style);
        if place.exists() {
            let record = Record::parse(&fs::read_to_string(&place)?);
            let wrong =
                |error| Error::other(format!("{} is not a record:  {error}", place.display()));
            records.push((*style, record.map_err(wrong)?));
        }
    }
    let pictures = pictures(&records);
    for (name, svg) in &pictures {
        fs::write(directory.join(name), svg)?;
    }
    Ok(pictures.len())
}

fn place(directory: &Path, style: &Style) -> PathBuf {
    directory.join(format!("{}.jsonl", style.name))
}
