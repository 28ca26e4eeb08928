//! The command line.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use clap::{Args, ValueEnum};
use indicatif::ProgressBar;
use launch::{HostPort, Problem, host_port};
use nix::unistd::{Uid, User};

use crate::all_cases;
use crate::case::Case;
use crate::judge::{Judge, Status, Verdict};
use crate::parse::cases;
use crate::points::give_points;
use crate::report::{Format, Line, Record, Reveal, csv};
use crate::server::{How, Running, Target, leave_the_network};
use crate::style::{Style, look};

/// Check a server of one of these services, in any language
///
/// The checker talks to your server as several clients would, from simple conversations to hard ones,
/// and stops at the first misunderstanding: it shows the steps, the byte at which the answer is
/// wrong, and the likely cause.
///
/// Give it the address of a running server, which should have no other clients, or behind -- the
/// command that starts yours. The checker starts it anew for each case, on a free port that replaces
/// {port} (and is in PORT in the environment), and ends it with all that it has started. {directory}
/// is an empty directory for uploads, and {service} the name of the service.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  after-accept check echo 127.0.0.1:7000
  after-accept check chat -- python3 my_server.py {port}
  after-accept check chat/5 -- ./my_server {port}      one case
  after-accept check upload -- ./store {port} {directory}
  after-accept check all --all -- ./server {service} {port} {directory}
  after-accept check chat --each 'repos/*' -- python3 chat.py {port}

Exit status: 0 all cases passed, 1 some failed, 2 something could not be checked.")]
pub struct Command {
    /// The service, one of its cases (chat/5), or all
    #[arg(value_name = "CASES")]
    cases: String,

    /// The address of a running server
    #[arg(value_name = "HOST:PORT", value_parser = address)]
    address: Option<HostPort>,

    /// The command that starts your server
    #[arg(last = true, value_name = "COMMAND", conflicts_with = "address")]
    command: Vec<String>,

    /// Go on after a failure
    #[arg(long)]
    all: bool,

    /// How long a client waits for an answer, in seconds
    #[arg(long, value_name = "SECS", default_value = "3", value_parser = seconds)]
    timeout: Duration,

    /// The server serves one client at a time: do not ask it for more
    #[arg(long)]
    one_at_a_time: bool,

    /// Show the cases, with what each asks and why, and check nothing
    #[arg(long)]
    list: bool,

    /// The form of the report
    #[arg(long, value_name = "FORM", value_enum, default_value_t = Format::Text)]
    format: Format,

    /// How much of a failure to show
    #[arg(long, value_name = "HOW-MUCH", value_enum, default_value_t = Reveal::Full)]
    reveal: Reveal,

    /// More cases, of your own (crates/tools/check/cases/README.md describes them)
    #[arg(long, value_name = "FILE")]
    hold_back: Option<PathBuf>,

    /// What each case is worth: lines like "chat/5" = 3 under [points], in TOML
    #[arg(long, value_name = "FILE")]
    points: Option<PathBuf>,

    /// Check the servers of many people: the command runs in each of these directories ('repos/*'),
    /// and the report has a line for each, as CSV
    #[arg(long, value_name = "DIR", conflicts_with_all = ["address", "format", "reveal", "list"])]
    each: Option<PathBuf>,

    /// Start the server with the rights of this user, which only root can do
    #[arg(long, value_name = "NAME", conflicts_with = "address")]
    as_user: Option<String>,

    /// Say first whether the server works in this style, as far as processes and threads show it
    #[arg(long, value_name = "STYLE", value_enum, conflicts_with_all = ["address", "each", "list"])]
    style: Option<Style>,

    /// Let the server use the network: by default it has a loopback interface of its own, where the
    /// system allows that
    #[arg(long)]
    network: bool,

    /// Repeat the words and bytes of an earlier run
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
}

/// Checks a server as the command says, prints the report, and returns the exit status: 0 if all
/// cases passed, 1 if some failed, 2 if something could not be checked or the usage is wrong.
///
/// It may leave the network, so the process must have no other thread.
pub fn run(command: Command) -> ExitCode {
    match check(&command) {
        Ok(code) => code,
        Err(problem) => {
            problem.report();
            ExitCode::from(2)
        }
    }
}

fn check(command: &Command) -> Result<ExitCode, Problem> {
    let mut all = all_cases();
    if let Some(file) = &command.hold_back {
        let more = cases(&read(file)?);
        all.extend(more.map_err(|error| Problem::usage(format!("{}, {error}", file.display())))?);
    }
    if let Some(file) = &command.points {
        let given = give_points(&read(file)?, &mut all);
        given.map_err(|error| Problem::usage(format!("{}: {error}", file.display())))?;
    }
    let chosen = chosen(&command.cases, &all)?;
    if command.list {
        launch::print(&list(&chosen))?;
        return Ok(ExitCode::SUCCESS);
    }
    if command.address.is_none() && command.command.is_empty() {
        return Err(Problem::usage(
            "which server? give the HOST:PORT of one that runs, or behind -- the command that starts \
             yours: check echo -- python3 my_echo.py {port}",
        ));
    }
    let target = match &command.address {
        Some(address) => Target::Address(resolve(address)?),
        None => Target::Command(command.command.clone()),
    };
    let user = command.as_user.as_deref().map(find_user).transpose()?;
    if matches!(target, Target::Command(_)) && !command.network {
        leave_the_network();
    }
    let seed = command.seed.unwrap_or_else(|| {
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        u64::from(now.subsec_micros())
    });
    let mut judge = Judge {
        target,
        how: How { user, place: None },
        timeout: command.timeout,
        seed,
        goes_on: command.all,
        one_at_a_time: command.one_at_a_time,
    };
    match &command.each {
        Some(directories) => check_each(command, &chosen, &mut judge, directories),
        None => check_one(command, &chosen, &judge),
    }
}

/// How many cases failed, and how many could not be judged.
#[derive(Default)]
struct Count {
    failed: usize,
    errors: usize,
}

impl Count {
    fn add(&mut self, status: &Status) {
        match status {
            Status::Failed(_) => self.failed += 1,
            Status::Error(_) => self.errors += 1,
            Status::Passed | Status::Skipped(_) | Status::NotReached => {}
        }
    }

    fn code(&self) -> ExitCode {
        match (self.errors, self.failed) {
            (0, 0) => ExitCode::SUCCESS,
            (0, _) => ExitCode::FAILURE,
            _ => ExitCode::from(2),
        }
    }
}

fn check_one(command: &Command, chosen: &[&Case], judge: &Judge) -> Result<ExitCode, Problem> {
    let mut report = command.format.report(command.reveal);
    let mut count = Count::default();
    if let Some(style) = command.style {
        let (text, is_it) = say_style(command, judge, style, chosen)?;
        // Other programs expect nothing but their own form on standard output.
        match command.format {
            Format::Text => launch::print(&text)?,
            _ => eprint!("{text}"),
        }
        count.failed += usize::from(!is_it);
    }
    launch::print(&report.begin(chosen))?;
    let mut printed = Ok(());
    judge.judge(chosen, |verdict| {
        count.add(&verdict.status);
        let record = record(command, judge, verdict);
        if printed.is_ok() {
            printed = launch::print(&report.verdict(verdict, &record));
        }
    });
    printed?;
    launch::print(&report.end())?;
    Ok(count.code())
}

fn record(command: &Command, judge: &Judge, verdict: &Verdict) -> Record {
    let again = again(command, judge.seed, &verdict.case.name());
    Record::new(verdict, command.reveal, again, judge.seed)
}

/// Starts the server once to look at it.
fn say_style(
    command: &Command,
    judge: &Judge,
    style: Style,
    chosen: &[&Case],
) -> Result<(String, bool), Problem> {
    let server = Running::start(&command.command, &chosen[0].service, &judge.how);
    let server = server.map_err(Problem::world)?;
    let (seen, is_it) = look(&server, style, command.timeout);
    let name = style.to_possible_value().map_or(String::new(), |value| value.get_name().to_owned());
    let verdict = if is_it { "yes" } else { "NO" };
    Ok((format!("style {name}: {verdict} ({seen})\n\n"), is_it))
}

/// Checks the server in each directory, and prints a line for each as soon as it is done.
fn check_each(
    command: &Command,
    chosen: &[&Case],
    judge: &mut Judge,
    directories: &Path,
) -> Result<ExitCode, Problem> {
    let found = directories_of(directories)?;
    let progress = ProgressBar::new(found.len() as u64);
    let mut count = Count::default();
    launch::print(csv::HEAD)?;
    for directory in found {
        let name = directory.display().to_string();
        progress.set_message(name.clone());
        judge.how.place = Some(directory);
        let mut line = Line::default();
        judge.judge(chosen, |verdict| {
            count.add(&verdict.status);
            line.add(&record(command, judge, verdict));
        });
        progress.suspend(|| launch::print(&line.text(&name)))?;
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok(count.code())
}

/// One directory, or all of `repos/*`, in the order of their names.
fn directories_of(written: &Path) -> Result<Vec<PathBuf>, Problem> {
    if !written.ends_with("*") {
        return Ok(vec![written.to_owned()]);
    }
    let parent = written.parent().filter(|parent| *parent != Path::new(""));
    let parent = parent.unwrap_or(Path::new("."));
    let cannot = |error: io::Error| {
        let error = launch::without_numbers(&error);
        Problem::world(format!("cannot read {}: {error}", parent.display()))
    };
    let entries = fs::read_dir(parent).map_err(cannot)?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut paths: Vec<PathBuf> = paths.collect::<io::Result<_>>().map_err(cannot)?;
    paths.retain(|path| path.is_dir());
    paths.sort();
    match paths.is_empty() {
        true => Err(Problem::usage(format!("there is no directory in {}", parent.display()))),
        false => Ok(paths),
    }
}

fn read(file: &Path) -> Result<String, Problem> {
    fs::read_to_string(file).map_err(|error| {
        let error = launch::without_numbers(&error);
        Problem::usage(format!("cannot read {}: {error}", file.display()))
    })
}

fn find_user(name: &str) -> Result<User, Problem> {
    if !Uid::effective().is_root() {
        return Err(Problem::usage("--as-user: only root can start a program as somebody else"));
    }
    let found = User::from_name(name).ok().flatten();
    found.ok_or_else(|| Problem::usage(format!("this machine has no user {name}")))
}

/// The cases of a name: `chat`, `chat/5` or `all`.
fn chosen<'a>(name: &str, all: &'a [Case]) -> Result<Vec<&'a Case>, Problem> {
    let is_it = |case: &&Case| name == "all" || case.service == name || case.name() == name;
    let chosen: Vec<&Case> = all.iter().filter(is_it).collect();
    if !chosen.is_empty() {
        return Ok(chosen);
    }
    let mut services: Vec<&str> = all.iter().map(|case| &*case.service).collect();
    services.dedup();
    let service = name.split('/').next().unwrap_or_default();
    let count = all.iter().filter(|case| case.service == service).count();
    Err(Problem::usage(match count {
        0 => format!("there are no cases for {name}, only for {}, or all", services.join(", ")),
        _ => format!("there is no case {name}: {service} has 1 to {count}"),
    }))
}

fn list(cases: &[&Case]) -> String {
    let one = |case: &&Case| {
        let steps = case.steps().enumerate();
        let steps: String =
            steps.map(|(number, step)| format!("  {:2} {step}\n", number + 1)).collect();
        format!("{}  {}\n  {}\n{steps}\n", case.name(), case.title, case.why)
    };
    cases.iter().map(one).collect()
}

/// The command that plays a case again.
fn again(command: &Command, seed: u64, case: &str) -> String {
    let mut options = format!(" --seed {seed}");
    if command.one_at_a_time {
        options += " --one-at-a-time";
    }
    if let Some(file) = &command.hold_back {
        options += &format!(" --hold-back {}", file.display());
    }
    match &command.address {
        Some(HostPort(address)) => format!("after-accept check {case} {address}{options}"),
        None => {
            let words: Vec<String> = command.command.iter().map(|word| quoted(word)).collect();
            format!("after-accept check {case}{options} -- {}", words.join(" "))
        }
    }
}

/// A word as one can type it into a shell.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_./{}=:,@%+-".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

fn address(text: &str) -> Result<HostPort, String> {
    host_port(text)
        .map_err(|error| format!("{error} (the command that starts a server stands behind --)"))
}

fn resolve(HostPort(address): &HostPort) -> Result<SocketAddr, Problem> {
    let found = lookup::look_up(address)
        .map_err(|error| Problem::world(format!("cannot find {address}: {error}")))?;
    Ok(found[0])
}

/// Reads a number of seconds above 0, which may have a fraction.
fn seconds(text: &str) -> Result<Duration, &'static str> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let seconds = seconds.filter(|seconds| !seconds.is_zero());
    seconds.ok_or("want a number of seconds above 0, like 3 or 0.5")
}
