//! All measurements of a comparison. Each is written to a file at once, so that an interrupted run
//! can be continued.

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
    /// The time at which it ended.
    pub(crate) at: String,
    /// The duration including the start of the server and so on, in seconds.
    pub(crate) took: f64,
    /// The load of the machine just before.
    pub(crate) load_average: f64,
    pub(crate) outcome: Outcome,
}

/// The file: its first line has the data common to all measurements, each other line is one of
/// them.
#[derive(Debug)]
pub(crate) struct Runs {
    pub(crate) samples: Vec<Sample>,
    file: File,
}

impl Runs {
    /// Opens the file. Its contents are used if they were measured in the same way, otherwise the
    /// file is renamed.
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

    /// The contents of a kept file, however it was measured, and the way in which that was done.
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

    /// Adds a sample, and writes it to the file.
    pub(crate) fn add(&mut self, sample: Sample) -> io::Result<()> {
        write_line(&mut self.file, &sample)?;
        self.samples.push(sample);
        Ok(())
    }

    /// All samples of one load and one style.
    pub(crate) fn of(&self, load: &str, style: &str) -> impl Iterator<Item = &Sample> {
        let samples = self.samples.iter();
        samples.filter(move |sample| sample.load == load && sample.style == style)
    }

    /// Whether there is nothing left to measure: it was tried in this round, or all earlier rounds
    /// failed, and more than one (a single failure may be chance).
    pub(crate) fn is_done(&self, load: &str, style: &str, round: usize) -> bool {
        let has_failed = |sample: &Sample| matches!(sample.outcome, Outcome::Cannot(_));
        let cannot = self.of(load, style).all(has_failed) && self.of(load, style).count() > 1;
        cannot || self.of(load, style).any(|sample| sample.round == round)
    }
}

/// The conditions, the samples, and the length of the complete lines. `None` if this is not such a
/// file, or one of another version.
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
    // In one write, so that only a crash of the machine could cut it.
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
    fn a_measurement_that_fails_twice_is_not_tried_again() {
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
