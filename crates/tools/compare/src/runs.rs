//! All measurements of a comparison, kept in a file as they come, so that an interrupted run goes
//! on where it was.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::about::About;
use crate::measure::Outcome;

/// One measurement.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Sample {
    pub(crate) load: String,
    pub(crate) style: String,
    /// Counted from 1.
    pub(crate) round: usize,
    /// When it ended.
    pub(crate) at: String,
    /// How long it took with all that belongs to it, in seconds.
    pub(crate) took: f64,
    /// How busy the machine was just before.
    pub(crate) load_average: f64,
    pub(crate) outcome: Outcome,
}

/// The file: what all measurements have in common in its first line, and one in each other line.
#[derive(Debug)]
pub(crate) struct Runs {
    pub(crate) samples: Vec<Sample>,
    file: File,
}

impl Runs {
    /// Opens the file. What it holds is taken over if it was measured in the same way, or else put
    /// aside.
    pub(crate) fn open(directory: &Path, about: &About, anew: bool) -> io::Result<Runs> {
        fs::create_dir_all(directory)?;
        let path = directory.join("runs.jsonl");
        match fs::read(&path) {
            Ok(kept) => match parse(&kept) {
                Some((made, samples, length)) if made == *about && !anew => {
                    let file = OpenOptions::new().append(true).open(&path)?;
                    // A line that was cut off by a sudden end would spoil the next one.
                    file.set_len(length as u64)?;
                    return Ok(Runs { samples, file });
                }
                _ => fs::rename(&path, aside(&path))?,
            },
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let mut file = File::create(&path)?;
        write_line(&mut file, about)?;
        let samples = Vec::new();
        Ok(Runs { samples, file })
    }

    /// What a file holds that somebody has kept, however it was measured, and how that was.
    pub(crate) fn read(path: &Path) -> io::Result<(About, Runs)> {
        let cannot =
            |error: io::Error| io::Error::other(format!("cannot read {}: {error}", path.display()));
        let file = File::open(path).map_err(cannot)?;
        let kept = fs::read(path).map_err(cannot)?;
        let (made, samples, _) = parse(&kept).ok_or_else(|| {
            let text = format!("{} is not the runs.jsonl of a comparison", path.display());
            io::Error::other(text)
        })?;
        Ok((made, Runs { samples, file }))
    }

    /// Adds one, and has it kept.
    pub(crate) fn add(&mut self, sample: Sample) -> io::Result<()> {
        write_line(&mut self.file, &sample)?;
        self.samples.push(sample);
        Ok(())
    }

    /// All of one load and one style.
    pub(crate) fn of(&self, load: &str, style: &str) -> impl Iterator<Item = &Sample> {
        let samples = self.samples.iter();
        samples.filter(move |sample| sample.load == load && sample.style == style)
    }

    /// Whether there is nothing more to find out: it was tried in this round, or nothing but
    /// failed before, and more than once, since once may be chance.
    pub(crate) fn is_done(&self, load: &str, style: &str, round: usize) -> bool {
        let has_failed = |sample: &Sample| matches!(sample.outcome, Outcome::Cannot(_));
        let cannot = self.of(load, style).all(has_failed) && self.of(load, style).count() > 1;
        cannot || self.of(load, style).any(|sample| sample.round == round)
    }
}

/// How they were made, the samples, and how long the lines are that are whole. None if it is no such
/// file, or another version's.
fn parse(kept: &[u8]) -> Option<(About, Vec<Sample>, usize)> {
    let mut lines = kept.split_inclusive(|byte| *byte == b'\n');
    let first = lines.next()?;
    let made: About = serde_json::from_slice(first).ok()?;
    let mut length = first.len();
    let mut samples = Vec::new();
    for line in lines.filter(|line| line.ends_with(b"\n")) {
        samples.push(serde_json::from_slice(line).ok()?);
        length += line.len();
    }
    Some((made, samples, length))
}

fn aside(path: &Path) -> PathBuf {
    path.with_file_name("runs.before.jsonl")
}

fn write_line(file: &mut File, value: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_string(value).map_err(io::Error::other)?;
    line.push('\n');
    // In one write, so that only a machine that stops could cut it.
    file.write_all(line.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(round: usize) -> Sample {
        Sample {
            load: "echo".to_owned(),
            style: "fork".to_owned(),
            round,
            at: String::new(),
            took: 1.0,
            load_average: 0.0,
            outcome: Outcome::Cannot("full".to_owned()),
        }
    }

    #[test]
    fn what_fails_twice_is_not_tried_again() {
        let file = File::open("/dev/null").unwrap();
        let mut runs = Runs { samples: Vec::new(), file };
        let done = |runs: &Runs| [1, 2, 3].map(|round| runs.is_done("echo", "fork", round));
        assert_eq!(done(&runs), [false, false, false]);
        runs.samples.push(sample(1));
        assert_eq!(done(&runs), [true, false, false]);
        runs.samples.push(sample(2));
        assert_eq!(done(&runs), [true, true, true]);
        assert!(!runs.is_done("echo", "async", 1));
    }
}
