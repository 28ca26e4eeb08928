//! The command line that all servers share.

use std::fs::{File, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};
use protocol::fortune::Fortunes;
use protocol::{CATALOGUE, Entry, Settings, Store};
use sockets::{INHERITED, Limits, Share};
use uploads::Directory;

use crate::descriptors::raise_descriptor_limit;
use crate::life::{Serve, Server};
use crate::output::printed;
use crate::problem::{Problem, complain};
use crate::rings::{NoRing, expect_ring};
use crate::style::{MaxClients, Own, Style};

/// The options of a server.
#[derive(Args, Debug)]
struct Options {
    /// The service to run
    #[arg(value_name = "SERVICE", value_parser = service())]
    service: &'static Entry,

    /// Where to listen: [::]:PORT serves both IPv6 and IPv4, port 0 lets the kernel choose; fd:0 is
    /// standard input, if inetd has made it a listener
    #[arg(long, value_name = "HOST:PORT", value_parser = host_port)]
    listen: Option<HostPort>,

    /// How many clients to serve at once; further clients wait in the backlog
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    max_clients: Option<usize>,

    /// How long a client may stay without completing a request, in seconds; 0 means no limit
    #[arg(long, value_name = "SECS", value_parser = seconds(0))]
    idle_timeout: Option<u64>,

    /// How long clients have to leave once the server stops, in seconds
    #[arg(long, value_name = "SECS", value_parser = seconds(1), default_value_t = 5)]
    grace: u64,

    /// Tell the fortunes in FILE, in the format of fortune(6): entries separated by lines of %
    #[arg(long, value_name = "FILE")]
    fortunes: Option<PathBuf>,

    /// Make the choice of fortunes repeatable: with the same N it is the same in every style
    #[arg(long, value_name = "N", value_parser = seed)]
    seed: Option<u64>,

    /// Where upload stores the files that clients send: an existing directory
    #[arg(long, value_name = "DIR")]
    directory: Option<PathBuf>,

    /// The largest file that upload stores, in bytes, or like 100K, 100M, 1G
    #[arg(long, value_name = "BYTES", value_parser = size, default_value = DEFAULT_MAX_SIZE_SAID)]
    max_size: u32,

    /// Append the log to FILE instead of writing it to standard error (RUST_LOG=trace in the
    /// environment adds less important lines)
    #[arg(long, value_name = "FILE")]
    log_file: Option<PathBuf>,

    /// Stop when this process, which has started the server, ends
    #[arg(long, value_name = "PID", hide = true)]
    ends_with: Option<i32>,
}

/// [`DEFAULT_MAX_SIZE`](protocol::upload::DEFAULT_MAX_SIZE) as the command line has it.
const DEFAULT_MAX_SIZE_SAID: &str = "16M";

/// The default limit of how long a client may complete nothing.
const IDLE_TIMEOUT: Duration = Duration::from_secs(300);

/// The command line of a style, under the style's name.
pub fn command(style: &Style) -> Command {
    let ports: Vec<_> = CATALOGUE
        .iter()
        .map(|service| format!("{} {}", service.name, style.port(service)))
        .collect();
    let max_clients = match style.max_clients {
        MaxClients::Default(default) if style.has_workers() => {
            format!("{default}, with a worker for each")
        }
        MaxClients::Default(default) => format!("{default}"),
        MaxClients::AtMost(most, why) => format!("{most}, and not more: {why}"),
        MaxClients::DescriptorsLess(less) => format!("the limit of open descriptors less {less}"),
    };
    let idle = if style.room_of_many { "300, but 0 in a room" } else { "300" };
    let command = Command::new(style.name)
        .after_help(
            "It prints `listening on HOST:PORT` when it is ready, and logs to standard error. \
             SIGINT (Ctrl-C), SIGTERM or SIGHUP stops it gracefully, a second one at once.",
        )
        .version(env!("CARGO_PKG_VERSION"));
    let with_default = |arg: Arg, default: &str| {
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        arg.help(format!("{help} [default: {default}]"))
    };
    Options::augment_args(command)
        .about(format!("A server with {}; {}", style.answer, style.so))
        .long_about(None)
        .mut_arg("listen", |arg| {
            let arg = match style.own {
                Own::WorkerProcess => arg.help(
                    "Where to listen: [::]:PORT serves both IPv6 and IPv4, port 0 lets the kernel \
                     choose",
                ),
                _ => arg,
            };
            with_default(arg, &format!("127.0.0.1 and the style's own port: {}", ports.join(", ")))
        })
        .mut_arg("max_clients", |arg| {
            let arg = match style.own {
                Own::WorkerThread => arg.help(
                    "How many clients to serve at once; further clients wait in the queue, and then \
                     in the backlog",
                ),
                _ => arg,
            };
            with_default(arg, &max_clients)
        })
        .mut_arg("idle_timeout", |arg| with_default(arg, idle))
        .args(arguments_of(style))
}

/// The options that only this style has.
fn arguments_of(style: &Style) -> Option<Arg> {
    // They stand behind --max-clients.
    let argument = |name| Arg::new(name).long(name).display_order(1);
    match style.own {
        Own::WorkerThread => Some(
            argument(QUEUE)
                .value_name("N")
                .value_parser(places)
                .default_value("64")
                .help("How many more clients may wait for a worker inside the server"),
        ),
        Own::WorkerProcess => Some(
            argument(SHARE)
                .value_name("WAY")
                .value_parser(PossibleValuesParser::new(Share::ALL.map(|(name, _)| name)))
                .default_value(Share::ALL[0].0)
                .help(
                    "How the workers share the port: each blocks in accept(2); or all wait in one \
                     set of epoll(7), in poll(2), or each in a set of its own with EPOLLEXCLUSIVE; \
                     or each has a listener of its own (SO_REUSEPORT)",
                ),
        ),
        _ => None,
    }
}

const QUEUE: &str = "queue";
const SHARE: &str = "share";

/// The value of an option that not every style has.
fn value_of<T: Clone + Send + Sync + 'static>(matches: &ArgMatches, name: &str) -> Option<T> {
    matches.try_get_one::<T>(name).ok().flatten().cloned()
}

/// The way to share the port, if the style has one.
fn share(matches: &ArgMatches) -> Share {
    let wanted = value_of::<String>(matches, SHARE);
    let found = Share::ALL.into_iter().find(|(name, _)| wanted.as_deref() == Some(name));
    found.map(|(_, share)| share).unwrap_or_default()
}

/// The server that a command line asks for.
pub(crate) fn server(style: &Style, serve: Serve, matches: &ArgMatches) -> Result<Server, Problem> {
    let options =
        Options::from_arg_matches(matches).map_err(|error| Problem::usage(error.to_string()))?;
    let descriptors = raise_descriptor_limit().map_err(|error| {
        Problem::world(format!("cannot raise the limit of descriptors: {error}"))
    })?;
    let listen = match options.listen {
        Some(HostPort(address)) => address,
        None => format!("127.0.0.1:{}", style.port(options.service)),
    };
    if listen == INHERITED && style.own == Own::WorkerProcess {
        return Err(Problem::usage(format!(
            "{} takes no inherited listener: when it stops, it ends the listener for all processes, \
             also for the program that has made it; see --help",
            style.name
        )));
    }
    let seed = options.seed.unwrap_or_else(|| RandomState::new().hash_one(0));
    let (fortunes, note) = match options.fortunes.as_deref() {
        None => (Fortunes::built_in(seed), None),
        Some(path) => {
            let (fortunes, note) = crate::fortunes::read(path, seed).map_err(Problem::world)?;
            (fortunes, Some(note))
        }
    };
    let service = (options.service.open)(Settings {
        fortunes,
        store: store(options.service, options.directory.as_deref())?,
        max_size: options.max_size,
    });
    let idle_timeout = match options.idle_timeout {
        Some(seconds) => (seconds > 0).then(|| Duration::from_secs(seconds)),
        None if service.has_room() && style.room_of_many => None,
        None => Some(IDLE_TIMEOUT),
    };
    if style.needs_ring {
        expect_ring().map_err(|NoRing { why, try_this }| {
            Problem::world(format!("io_uring: {why}; try this: {try_this}"))
        })?;
    }
    Ok(Server {
        process_name: style.process_name,
        serve,
        listen,
        limits: Limits {
            max_clients: max_clients(style, options.max_clients, descriptors)?,
            idle_timeout,
            grace: Duration::from_secs(options.grace),
            queue: value_of(matches, QUEUE).unwrap_or_default(),
            share: share(matches),
        },
        notes: note.into_iter().collect(),
        service,
        log_file: options.log_file.as_deref().map(open_log).transpose()?,
        ends_with: options.ends_with,
    })
}

/// A HOST:PORT that may be resolved.
#[derive(Clone, Debug)]
pub struct HostPort(pub String);

/// Reads a HOST:PORT, without resolving the name.
///
/// # Errors
///
/// One line that says what is expected.
pub fn host_port(text: &str) -> Result<HostPort, String> {
    let wanted = "want HOST:PORT, like 127.0.0.1:3026 or [::1]:3026";
    let Some((host, port)) = text.rsplit_once(':') else {
        return Err(format!("there is no port in it; {wanted}"));
    };
    let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number || port.parse::<u16>().is_err() {
        return Err(format!("a port is a number from 0 to 65535; {wanted}"));
    }
    match host.strip_prefix('[') {
        None if host.is_empty() => Err(format!("there is no host in it; {wanted}")),
        None if host.contains(':') => Err(format!("an IPv6 address stands in brackets; {wanted}")),
        Some(rest) if !rest.ends_with(']') => Err(format!("a bracket is not closed; {wanted}")),
        _ => Ok(HostPort(text.to_owned())),
    }
}

/// Passes negative numbers to the options, which then say what is expected. Otherwise clap would
/// take `-1` for an option of that name.
pub fn hear_negative_numbers(command: Command) -> Command {
    let takes_value = |arg: &Arg| arg.get_action().takes_values();
    let hear = |arg: Arg| if takes_value(&arg) { arg.allow_negative_numbers(true) } else { arg };
    command.mut_args(hear).mut_subcommands(hear_negative_numbers)
}

/// Says in one line what is wrong with a command line and what is expected, or shows the help or
/// the version if the command line asks for it. Returns the exit status.
pub fn usage_error(command: &Command, error: &clap::Error) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let shown = error.print().and_then(|()| io::stdout().flush());
            return match printed(shown) {
                Ok(()) => ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2)),
                Err(problem) => problem.report(),
            };
        }
        _ => {}
    }
    let text = error.to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let said = text.split("\n\nUsage:").next().unwrap_or(text);
    let said = said.split("\n\nFor more information").next().unwrap_or(said);
    let on_one_line = |part: &str| part.split_whitespace().collect::<Vec<_>>().join(" ");
    let parts: Vec<_> = said.split("\n\n").map(on_one_line).collect();
    let mut line = in_plain_words(&parts.join("; "));
    if let Some(tip) = address_tip(command, error, text) {
        line = format!("{}; tip: {tip}", parts[0]);
    }
    if error.kind() == ErrorKind::InvalidSubcommand {
        let names = asked(command, text).get_subcommands().map(Command::get_name);
        let names: Vec<_> = names.collect();
        line.push_str(&format!(" [possible values: {}]", names.join(", ")));
    }
    if error.kind() == ErrorKind::MissingRequiredArgument && line.contains("<SERVICE>") {
        let names: Vec<_> = CATALOGUE.iter().map(|service| service.name).collect();
        line.push_str(&format!(" [possible values: {}]", names.join(", ")));
    }
    complain(&format!("{line}; see --help"));
    ExitCode::from(2)
}

/// The text of an error without the standard library's own words, which speak of types and digits.
fn in_plain_words(text: &str) -> String {
    const WORDS: [(&str, &str); 5] = [
        ("invalid digit found in string", "want a whole number"),
        ("cannot parse integer from empty string", "want a whole number"),
        ("number too large to fit in target type", "the number is too large"),
        ("number too small to fit in target type", "the number is too small"),
        ("invalid float literal", "want a number"),
    ];
    WORDS.iter().fold(text.to_owned(), |text, (theirs, ours)| text.replace(theirs, ours))
}

/// The options that programs of others have for the thing that is an address here.
const ADDRESS_OPTIONS: [&str; 7] =
    ["--port", "-p", "--host", "--bind", "--addr", "--address", "--listen"];

/// The option to write instead of an unknown one of [`ADDRESS_OPTIONS`]. clap compares only letters,
/// and `--port` resembles `--fortunes`.
fn address_tip(program: &Command, error: &clap::Error, text: &str) -> Option<String> {
    let Some(ContextValue::String(option)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    let is_unknown = error.kind() == ErrorKind::UnknownArgument;
    if !is_unknown || !ADDRESS_OPTIONS.contains(&option.as_str()) {
        return None;
    }
    let asked = asked(program, text);
    let is_address = |arg: &&Arg| {
        let names = arg.get_value_names().unwrap_or_default();
        !arg.is_hide_set()
            && names.iter().any(|name| ["HOST:PORT", "HOST[:PORT]"].contains(&&**name))
    };
    let addresses: Vec<_> = asked.get_arguments().filter(is_address).collect();
    let told: Vec<_> = match addresses.iter().find(|arg| arg.is_positional()) {
        Some(_) => return Some("the address is an argument of its own: HOST:PORT".to_owned()),
        None => addresses.iter().filter_map(|arg| arg.get_long()).collect(),
    };
    let told: Vec<_> = told.iter().map(|long| format!("--{long} HOST:PORT")).collect();
    match asked.find_subcommand("fork") {
        _ if !told.is_empty() => Some(format!("write {}", told.join(" or "))),
        Some(_) => {
            Some("one server alone takes an address: fork echo --listen HOST:PORT".to_owned())
        }
        None => None,
    }
}

/// The command whose subcommand is wrong, by the usage that the error shows.
fn asked<'a>(program: &'a Command, error: &str) -> &'a Command {
    let usage = error.split("\n\nUsage: ").nth(1).unwrap_or_default();
    let names = usage.split_whitespace().skip(1);
    let mut asked = program;
    for name in names {
        match asked.find_subcommand(name) {
            Some(command) => asked = command,
            None => break,
        }
    }
    asked
}

fn service() -> impl TypedValueParser<Value = &'static Entry> {
    let names = CATALOGUE.iter().map(|entry| PossibleValue::new(entry.name).help(entry.about));
    PossibleValuesParser::new(names).try_map(|name| {
        CATALOGUE.iter().find(|entry| entry.name == name).ok_or("there is no such service")
    })
}

/// Reads seconds, at most a year: far larger numbers could not be added to the time of day.
fn seconds(least: u64) -> impl Fn(&str) -> Result<u64, String> + Clone {
    let most = 365 * 24 * 60 * 60;
    move |text| match text.parse() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        _ => Err(format!("want whole seconds, {least} to {most}")),
    }
}

/// Reads a number of bytes that fits into a u32, with or without a unit: `512`, `64K`, `100M`,
/// `1G`.
///
/// # Errors
///
/// One line that says what is expected.
pub fn size(text: &str) -> Result<u32, String> {
    let units = [("K", 1 << 10), ("M", 1 << 20), ("G", 1 << 30)];
    let unit = units.iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, *factor)));
    let (number, factor) = unit.unwrap_or((text, 1));
    let size = number.parse().ok().and_then(|number: u32| number.checked_mul(factor));
    size.ok_or_else(|| format!("want a number up to {}, or one like 100M", u32::MAX))
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err("want a number of 1 or more".to_owned()),
    }
}

/// Reads the number of places in a queue. Each takes memory from the start.
fn places(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number <= usize::from(u16::MAX) => Ok(number),
        _ => Err(format!("want a number, 0 to {}", u16::MAX)),
    }
}

fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("want a number, 0 to {}", u64::MAX))
}

fn max_clients(style: &Style, wanted: Option<usize>, descriptors: usize) -> Result<usize, Problem> {
    match (style.max_clients, wanted) {
        (MaxClients::AtMost(most, why), Some(wanted)) if wanted > most => {
            Err(Problem::usage(format!(
                "invalid value '{wanted}' for '--max-clients <N>': at most {most}, since {why}; see --help"
            )))
        }
        (_, Some(wanted)) => Ok(wanted),
        (MaxClients::Default(default) | MaxClients::AtMost(default, _), None) => Ok(default),
        (MaxClients::DescriptorsLess(less), None) => Ok(descriptors.saturating_sub(less).max(1)),
    }
}

/// The place for files, if the service keeps any.
fn store(service: &Entry, directory: Option<&Path>) -> Result<Option<Arc<dyn Store>>, Problem> {
    if !service.stores {
        return Ok(None);
    }
    let path = directory.ok_or_else(|| {
        let name = service.name;
        Problem::usage(format!(
            "{name} stores files: say where, with --directory <DIR>; see --help"
        ))
    })?;
    let directory = Directory::open(path).map_err(|error| {
        Problem::world(format!("cannot store files in {}: {error}", path.display()))
    })?;
    Ok(Some(Arc::new(directory)))
}

fn open_log(path: &Path) -> Result<File, Problem> {
    OpenOptions::new().append(true).create(true).open(path).map_err(|error| {
        Problem::world(format!("cannot write the log to {}: {error}", path.display()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_numbers_with_or_without_a_unit() {
        let default = protocol::upload::DEFAULT_MAX_SIZE;
        assert_eq!(size(DEFAULT_MAX_SIZE_SAID), Ok(default));
        let sizes = [("0", 0), ("4294967295", u32::MAX), ("1K", 1024), ("100M", 100 << 20)];
        for (text, expected) in sizes {
            assert_eq!(size(text), Ok(expected));
        }
        for text in ["", "M", "4G", "4294967296", "-1", "1.5M", "1 M", "1MB", "many"] {
            assert!(size(text).is_err(), "{text}");
        }
    }
}
