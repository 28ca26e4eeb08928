//! The log: one line an event, one write a line, so that forked children and threads never tear
//! one another's lines.
//!
//! A server serves whether or not anybody reads its log. A line for which there is no room is lost,
//! and so is a line of which there are too many of the same kind in a second, since strangers decide
//! how many there are. Both are counted, and the next line that can be written says so.

mod file;
mod shared;

use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::panic;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Instant, SystemTime};

use tracing::{Event, Level, Subscriber, error};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use file::LineFile;
use shared::Shared;

/// How many lines of one kind there are in a second: 1000, some 100 KB. A stranger who speaks as fast
/// as the room hears made 37 MB of log a second.
const LINES_A_SECOND: u32 = 1000;

/// Begins the log of this process and its children, in `file` or on standard error. A panic is a
/// line of it, too.
pub fn begin(file: Option<File>) {
    let shared = Shared::new();
    let file = file.map_or_else(LineFile::stderr, LineFile::new);
    let lines: &'static Lines = Box::leak(Box::new(Lines::new(file, shared)));
    let lines = tracing_subscriber::fmt::layer()
        .event_format(LogLine)
        .with_writer(move || lines)
        // A log that cannot be written is no reason to stop serving.
        .log_internal_errors(false);
    let limit = Limit { shared, begun: Instant::now() };
    tracing_subscriber::registry().with(LevelFilter::INFO).with(limit).with(lines).init();
    panic::set_hook(Box::new(|panic| {
        error!("{}", panic.to_string().replace('\n', " "));
    }));
}

/// The file of the log, and what is to be told of lines that are not in it.
#[derive(Debug)]
pub struct Lines {
    file: LineFile,
    shared: &'static Shared,
    /// The last line found room for its beginning only.
    is_torn: AtomicBool,
}

impl Lines {
    /// Lines on standard error. From here on this process never waits for its reader for long.
    pub fn stderr() -> Lines {
        Lines::new(LineFile::stderr(), Shared::new())
    }

    fn new(file: LineFile, shared: &'static Shared) -> Lines {
        Lines { file, shared, is_torn: AtomicBool::new(false) }
    }

    /// Writes a line, which ends with a line feed, if there is room for it.
    pub fn say(&self, line: &[u8]) {
        let lost = self.shared.lost.swap(0, SeqCst);
        let left_out = self.shared.left_out.swap(0, SeqCst);
        let is_torn = self.is_torn.swap(false, SeqCst);
        let mut text = Vec::with_capacity(line.len());
        if is_torn {
            text.push(b'\n');
        }
        if lost > 0 {
            report(&mut text, lost, "lost, since there was no room for them");
        }
        if left_out > 0 {
            report(
                &mut text,
                left_out,
                "left out, since there were too many of a kind in a second",
            );
        }
        text.extend_from_slice(line);
        // A reader that is behind already is not waited for.
        let written = self.file.write(&text, lost == 0).unwrap_or(0);
        if written < text.len() {
            self.shared.lost.fetch_add(lost + 1, SeqCst);
            self.shared.left_out.fetch_add(left_out, SeqCst);
            self.is_torn.fetch_or(written > 0 || is_torn, SeqCst);
        }
    }
}

/// The log gives each line as a whole.
impl Write for &Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.say(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Adds a line that says how many lines are missing, and why.
fn report(text: &mut Vec<u8>, count: u64, why: &str) {
    let (lines, were) = if count == 1 { ("line", "was") } else { ("lines", "were") };
    let begun = begin_line(&Level::WARN, module_path!());
    let _ = writeln!(text, "{begun}{count} {lines} {were} {why}");
}

/// Keeps out lines of a kind of which there are too many.
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

/// Time, level, process, where it was said, and what.
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

/// What each line begins with.
fn begin_line(level: &Level, target: &str) -> String {
    let time = humantime::format_rfc3339_millis(SystemTime::now());
    format!("{time} {level:5} {} {target}: ", process::id())
}
