//! The command line.

use std::hash::{BuildHasher, RandomState};
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use async_snmp::Oid;
use async_snmp::version::CommunityVersion;
use clap::Args;
use launch::Problem;

use crate::ask::{Output, walk};
use crate::{End, Names, Plan, Target, name, parse};

/// Walk the tree of an SNMP agent: print every row below a name
///
/// An agent describes its host in rows. The name of each row consists of numbers (an OID). A walk
/// asks for the row after a name, then for the next one, until it has left the rows below OID.
///
/// It prints the same as `snmpwalk -On` of net-snmp. It does not need root, since it uses an ordinary
/// socket.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  after-accept snmp-walk 192.0.2.1 system
  after-accept snmp-walk -v 1 -c secret '[2001:db8::1]:1161'
  after-accept snmp-walk --bulk 20 --numeric localhost .1.3.6.1.2.1.2

Exit status: 0 everything was printed, 1 something failed on the way, 2 wrong usage.")]
pub struct Command {
    /// The agent's host: a name, an IPv4 or an IPv6 address; the default port is 161
    #[arg(value_name = "HOST[:PORT]")]
    target: Target,

    /// The name whose rows to print: numbers with dots, mib-2, system, or a name of the system
    /// group
    /// [default: mib-2]
    #[arg(value_name = "OID", value_parser = parse)]
    root: Option<Oid>,

    /// The version of SNMP: 1 or 2c
    #[arg(short, value_name = "1|2c", default_value = "2c", value_parser = version)]
    version: CommunityVersion,

    /// The community, which serves as a password: anyone on the way can read it
    #[arg(short, long, value_name = "COMMUNITY", default_value = "public")]
    community: String,

    /// Ask for N rows at once (GetBulk, which version 1 does not have)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=65_535))]
    bulk: Option<u32>,

    /// How long to wait for an answer before asking again, in seconds; 0.5 is half of one
    #[arg(long, value_name = "SECS", default_value = "1", value_parser = seconds)]
    timeout: Duration,

    /// How many times to ask again
    #[arg(long, value_name = "N", default_value_t = 5)]
    retries: u32,

    /// Stop after N rows
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    max_rows: Option<u64>,

    /// Go on if names do not increase; such a walk may never end by itself
    #[arg(long, requires = "max_rows")]
    allow_unordered: bool,

    /// Print the names of the system group as numbers too
    #[arg(long)]
    numeric: bool,
}

/// Walks as the command says. Returns the exit status: 0 if all rows are printed, 1 if something
/// failed on the way, 2 for wrong usage.
///
/// It reports a failure in one line on standard error.
pub fn run(command: Command) -> ExitCode {
    match command.walk() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => problem.report(),
    }
}

impl Command {
    fn walk(self) -> Result<(), Problem> {
        if self.version == CommunityVersion::V1 && self.bulk.is_some() {
            return Err(Problem::usage("SNMPv1 has no GetBulk: leave --bulk out, or use -v 2c"));
        }
        let root = self.root.unwrap_or_else(name::mib_2);
        let plan = Plan {
            version: self.version,
            community: self.community.into_bytes(),
            bulk: self.bulk,
            root: root.clone(),
            timeout: self.timeout,
            retries: self.retries,
            max_rows: self.max_rows,
            allow_unordered: self.allow_unordered,
        };
        let stdout = io::stdout();
        let mut output = Output {
            is_watched: stdout.is_terminal(),
            to: io::BufWriter::new(stdout.lock()),
            names: if self.numeric { Names::Numbers } else { Names::Words },
        };
        let end = walk(&self.target, &plan, any_number(), &mut output)?;
        if end == End::Nothing {
            // `eprintln!` would panic if standard error is gone.
            let _ = writeln!(io::stderr(), "{}: nothing lies at or below .{root}", self.target.0);
        }
        Ok(())
    }
}

/// A number that an attacker cannot guess: only one who has seen the question can forge an answer.
fn any_number() -> i32 {
    RandomState::new().hash_one(()) as i32
}

fn version(text: &str) -> Result<CommunityVersion, &'static str> {
    match text {
        "1" => Ok(CommunityVersion::V1),
        "2c" => Ok(CommunityVersion::V2c),
        "3" => Err("SNMPv3 has users and keys, which are not supported: want 1 or 2c; net-snmp's \
                    snmpwalk supports it"),
        _ => Err("want 1 or 2c"),
    }
}

/// Reads seconds, from a millisecond to a day: less could flood an agent by mistake.
fn seconds(text: &str) -> Result<Duration, &'static str> {
    let seconds = text.parse().ok();
    seconds
        .filter(|seconds| (0.001..=86_400.0).contains(seconds))
        .map(Duration::from_secs_f64)
        .ok_or("want a number of seconds from 0.001 to 86400, like 2 or 0.5")
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;

    #[derive(Debug, Parser)]
    struct Program {
        #[command(flatten)]
        command: Command,
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Program::command().debug_assert();
    }

    #[test]
    fn version_3_is_refused_by_name() {
        assert!(version("3").unwrap_err().contains("SNMPv3"));
        assert!(version("2").is_err());
    }

    #[test]
    fn disorder_needs_a_bound() {
        let parsed = |more: &[&str]| {
            let words = ["walk", "localhost", "--allow-unordered"];
            Program::try_parse_from(words.iter().chain(more))
        };
        assert!(parsed(&[]).is_err());
        assert!(parsed(&["--max-rows", "9"]).is_ok());
    }
}
