//! The command line.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use clap::Args;
use launch::{HostPort, Problem, host_port};

use crate::all_cases;
use crate::case::Case;
use crate::judge::{Judge, Status};
use crate::parse::cases;
use crate::report::{Report, Reveal, Text};
use crate::server::{Target, leave_the_network};

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

Exit status: 0 all cases passed, 1 some failed, 2 something could not be checked.")]
pub struct Command {
    /// The service, one of its cases (chat/5), or all
    #[arg(value_name = "CASES")]
    cases: String,

    /// The address of a running server
    #[arg(value_name = "HOST:PORT", value_parser = host_port)]
    address: Option<HostPort>,

    /// The command that starts your server
    #[arg(last = true, value_name = "COMMAND", conflicts_with = "address", required_unless_present_any = ["address", "list"])]
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

    /// How much of a failure to show
    #[arg(long, value_name = "HOW-MUCH", value_enum, default_value_t = Reveal::Full)]
    reveal: Reveal,

    /// More cases, of your own (crates/tools/check/cases/README.md describes them)
    #[arg(long, value_name = "FILE")]
    hold_back: Option<PathBuf>,

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
        let text = fs::read_to_string(file).map_err(|error| {
            Problem::world(format!(
                "cannot read {}: {}",
                file.display(),
                launch::without_numbers(&error)
            ))
        })?;
        let more = cases(&text);
        all.extend(more.map_err(|error| Problem::usage(format!("{}, {error}", file.display())))?);
    }
    let chosen = chosen(&command.cases, &all)?;
    if command.list {
        launch::print(&list(&chosen))?;
        return Ok(ExitCode::SUCCESS);
    }
    let target = match &command.address {
        Some(address) => Target::Address(resolve(address)?),
        None => Target::Command(command.command.clone()),
    };
    if matches!(target, Target::Command(_)) && !command.network {
        leave_the_network();
    }
    let seed = command.seed.unwrap_or_else(|| {
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        u64::from(now.subsec_micros())
    });
    let again = again(command, seed);
    let mut report = Text::new(again, command.reveal);
    let judge = Judge {
        target,
        timeout: command.timeout,
        seed,
        goes_on: command.all,
        one_at_a_time: command.one_at_a_time,
    };
    let (mut failed, mut errors, mut printed) = (0, 0, Ok(()));
    judge.judge(&chosen, |verdict| {
        match verdict.status {
            Status::Failed(_) => failed += 1,
            Status::Error(_) => errors += 1,
            Status::Passed | Status::Skipped(_) => {}
        }
        if printed.is_ok() {
            printed = launch::print(&report.verdict(verdict));
        }
    });
    printed?;
    launch::print(&report.end())?;
    Ok(match (errors, failed) {
        (0, 0) => ExitCode::SUCCESS,
        (0, _) => ExitCode::FAILURE,
        _ => ExitCode::from(2),
    })
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

/// The words before and after the name of a case, to play it again.
fn again(command: &Command, seed: u64) -> [String; 2] {
    let mut options = format!(" --seed {seed}");
    if command.one_at_a_time {
        options += " --one-at-a-time";
    }
    if let Some(file) = &command.hold_back {
        options += &format!(" --hold-back {}", file.display());
    }
    let target = match &command.address {
        Some(HostPort(address)) => format!(" {address}{options}"),
        None => format!("{options} -- {}", command.command.join(" ")),
    };
    ["after-accept check ".to_owned(), target]
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
