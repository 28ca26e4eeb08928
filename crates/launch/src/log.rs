//! The log: one line an event, one write a line, so that forked children and threads never tear
//! one another's lines.

use std::fmt;
use std::fs::File;
use std::io;
use std::panic;
use std::process;
use std::sync::Arc;
use std::time::SystemTime;

use tracing::{Event, Subscriber, error};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, writer::BoxMakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

/// Begins the log of this process and its children, in `file` or on standard error. A panic is a
/// line of it, too.
pub fn begin(file: Option<File>) {
    let writer = match file {
        Some(file) => BoxMakeWriter::new(Arc::new(file)),
        None => BoxMakeWriter::new(io::stderr),
    };
    let lines = tracing_subscriber::fmt::layer()
        .event_format(LogLine)
        .with_writer(writer)
        // A log that cannot be written is no reason to stop serving.
        .log_internal_errors(false);
    tracing_subscriber::registry().with(LevelFilter::INFO).with(lines).init();
    panic::set_hook(Box::new(|panic| {
        error!("{}", panic.to_string().replace('\n', " "));
    }));
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
        let time = humantime::format_rfc3339_millis(SystemTime::now());
        let metadata = event.metadata();
        write!(writer, "{time} {:5} {} {}: ", metadata.level(), process::id(), metadata.target())?;
        context.format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}
