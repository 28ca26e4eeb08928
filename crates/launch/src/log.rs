//! The log: one line for each event, and one write for each line, so that the lines of forked
//! children and threads never mix.
//!
//! A server serves even if nothing reads its log. If there is no room for a line, the line is lost.
//! If there are too many lines of one kind in a second, further ones are left out, since clients
//! decide how many there are. Both are counted, and the next line that can be written tells the
//! count.

mod file;
mod shared;

use std::env;
use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::panic;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Instant, SystemTime};

use tracing::{Event, Level, Subscriber, error, warn};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use file::LineFile;
use shared::Shared;

/// The limit of lines of one kind in a second: 1000, some 100 KB. Without it, a client that spoke
/// as fast as the room hears made 37 MB of log a second.
const LINES_A_SECOND: u32 = 1000;

/// The variable of the environment that adds lines of less important levels, up to that of its name:
/// `debug` or `trace`.
const LEVEL: &str = "RUST_LOG";

/// Begins the log of this process and its children, in `file` or on standard error. A panic becomes
/// a line of the log too.
///
/// Lines below the level INFO are left out, unless the environment asks for them (`RUST_LOG`). It
/// leaves no other line out: the programs that start servers read their logs.
pub fn begin(file: Option<File>) {
    let shared = Shared::new();
    let file = file.map_or_else(LineFile::stderr, LineFile::new);
    let lines: &'static Lines = Box::leak(Box::new(Lines::new(file, shared)));
    let lines = tracing_subscriber::fmt::layer()
        .event_format(LogLine)
        .with_writer(move || lines)
        // The server goes on serving even if the log cannot be written.
        .log_internal_errors(false);
    let limit = Limit { shared, begun: Instant::now() };
    // A list such as `info,hyper=warn` is for other programs.
    let wanted = env::var(LEVEL).ok().filter(|level| !level.contains([',', '=']));
    let wanted = wanted.filter(|level| !level.is_empty());
    let level: Option<Result<LevelFilter, _>> = wanted.as_ref().map(|level| level.parse());
    let filter = level.and_then(Result::ok);
    let least = filter.map_or(LevelFilter::INFO, |filter| filter.max(LevelFilter::INFO));
    tracing_subscriber::registry().with(least).with(limit).with(lines).init();
    if let (Some(wanted), None) = (wanted, filter) {
        warn!("{LEVEL} is no level, but {wanted:?}: debug and trace add lines");
    }
    panic::set_hook(Box::new(|panic| {
        error!("{}", panic.to_string().replace('\n', " "));
    }));
}

/// The file of the log, and the counts of lines that are missing in it.
#[derive(Debug)]
pub struct Lines {
    file: LineFile,
    shared: &'static Shared,
    /// The beginning of a line that this process writes by itself, if not that of a log.
    name: Option<&'static str>,
    /// There was only room for the beginning of the last line.
    is_torn: AtomicBool,
}

impl Lines {
    /// Lines on standard error. From here on, this process never waits long for the reader. A line
    /// about lost lines begins with `name`.
    pub fn stderr(name: &'static str) -> Lines {
        Lines { name: Some(name), ..Lines::new(LineFile::stderr(), Shared::new()) }
    }

    fn new(file: LineFile, shared: &'static Shared) -> Lines {
        Lines { file, shared, name: None, is_torn: AtomicBool::new(false) }
    }

    /// Writes a line, which must end with a line feed, if there is room for it.
    pub fn say(&self, line: &[u8]) {
        let lost = self.shared.lost.swap(0, SeqCst);
        let left_out = self.shared.left_out.swap(0, SeqCst);
        let is_torn = self.is_torn.swap(false, SeqCst);
        let mut text = Vec::with_capacity(line.len());
        if is_torn {
            text.push(b'\n');
        }
        if lost > 0 {
            self.report(&mut text, lost, "lost, since there was no room for them");
        }
        if left_out > 0 {
            let why = "left out, since there were too many of a kind in a second";
            self.report(&mut text, left_out, why);
        }
        text.extend_from_slice(line);
        // It does not wait for a reader that is behind already.
        let written = self.file.write(&text, lost == 0).unwrap_or(0);
        if written < text.len() {
            self.shared.lost.fetch_add(lost + 1, SeqCst);
            self.shared.left_out.fetch_add(left_out, SeqCst);
            self.is_torn.fetch_or(written > 0 || is_torn, SeqCst);
        }
    }

    /// Adds a line that says how many lines are missing, and why.
    fn report(&self, text: &mut Vec<u8>, count: u64, why: &str) {
        let (lines, were) = if count == 1 { ("line", "was") } else { ("lines", "were") };
        let begun = match self.name {
            Some(name) => format!("{name} | "),
            None => begin_line(&Level::WARN, module_path!()),
        };
        let _ = writeln!(text, "{begun}{count} {lines} {were} {why}");
    }
}

/// Each write is a whole line of the log.
impl Write for &Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.say(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Leaves out lines if there are too many of one kind.
struct Limit {
    shared: &'static Shared,
    begun: Instant,
}

impl<S: Subscriber> Layer<S> for Limit {
    fn event_enabled(&self, event: &Event<'_>, _context: Context<'_, S>) -> bool {
        let now = self.begun.elapsed().as_secs() as u32;
        let is_within = self.shared.count(event.metadata(), now, LINES_A_SECOND);
        if !is_within {
            self.shared.left_out.fetch_add(1, SeqCst);
        }
        is_within
    }
}

/// The format of a line: time, level, process, module and text.
struct LogLine;

impl<S, N> FormatEvent<S, N> for LogLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let metadata = event.metadata();
        write!(writer, "{}", begin_line(metadata.level(), metadata.target()))?;
        context.format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}

/// The level and the text of a line of a log, without its time, process and module. `None` if it is
/// no such line.
pub fn read_line(line: &str) -> Option<(Level, &str)> {
    let mut words = line.splitn(2, ' ');
    humantime::parse_rfc3339(words.next()?).ok()?;
    let (level, rest) = words.next()?.split_once(' ')?;
    let (process, rest) = rest.trim_start().split_once(' ')?;
    process.parse::<u32>().ok()?;
    let (_, text) = rest.split_once(": ")?;
    Some((level.parse().ok()?, text))
}

/// The beginning of each line.
fn begin_line(level: &Level, target: &str) -> String {
    let time = humantime::format_rfc3339_millis(SystemTime::now());
    format!("{time} {level:5} {} {target}: ", process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_it_was_written() {
        for level in [Level::INFO, Level::WARN, Level::ERROR] {
            let line = begin_line(&level, "protocol::room") + "[ada] said \"a: b\"";
            assert_eq!(read_line(&line), Some((level, "[ada] said \"a: b\"")));
        }
        for other in ["listening on 127.0.0.1:2007", "error: no", "", "2026-01-01T00:00:00Z a b c"]
        {
            assert_eq!(read_line(other), None);
        }
    }
}
