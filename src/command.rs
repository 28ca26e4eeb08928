//! The command line of the one program.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, value_parser};
use clap_complete::Shell;
use launch::{Style, hear_negative_numbers};
use protocol::CATALOGUE;

/// The value of `--styles` that means all styles.
const ALL: &str = "all";

const ABOUT: &str = "\
How network servers work: the same services in every style of server

Without a command, it starts several styles on every service, each server as its own process, \
serves the book beside them, and shows where each listens and how to talk to it. Ctrl-C stops \
them all.";

/// The program: a command for each style, and the other commands.
pub(crate) fn program() -> Command {
    let program = Command::new("after-accept")
        .version(env!("CARGO_PKG_VERSION"))
        .about(ABOUT)
        .after_help(ports())
        .args_conflicts_with_subcommands(true)
        .arg(host_argument())
        .arg(styles_argument())
        .arg(no_book_argument())
        .arg(directory_argument())
        .subcommands(Style::ALL.iter().map(|style| launch::command(style)))
        .subcommand(talk::Command::augment_args(Command::new("talk")))
        .subcommand(addresses::Command::augment_args(Command::new("addresses")))
        .subcommand(datagrams::Command::augment_args(Command::new("datagrams")))
        .subcommand(load::Command::augment_args(Command::new("load")))
        .subcommand(check::Command::augment_args(Command::new("check")))
        .subcommand(compare::Command::augment_args(Command::new("compare")))
        .subcommand(timelines::Command::augment_args(Command::new("timelines")))
        .subcommand(doctor::Command::augment_args(Command::new("doctor")))
        .subcommand(completions_command());
    #[cfg(feature = "hls-relay")]
    let program = program.subcommand(hls_relay::Command::augment_args(Command::new("hls-relay")));
    #[cfg(feature = "snmp-walk")]
    let program = program.subcommand(snmp_walk::Command::augment_args(Command::new("snmp-walk")));
    #[cfg(feature = "book")]
    let program = program.subcommand(book_server::command());
    hear_negative_numbers(program)
}

/// The address on which all servers listen.
pub(crate) fn host(matches: &ArgMatches) -> IpAddr {
    *matches.get_one("host").expect("there is a default")
}

/// The styles to start, in the order in which they are always listed.
pub(crate) fn styles(matches: &ArgMatches) -> Vec<&'static Style> {
    let named = || matches.get_many::<String>("styles").into_iter().flatten();
    let is_named = |style: &&Style| named().any(|name| name == ALL || name == style.name);
    Style::ALL.into_iter().filter(is_named).collect()
}

/// Whether to serve the book beside them.
pub(crate) fn has_book(matches: &ArgMatches) -> bool {
    !matches.get_flag("no-book")
}

/// The directory for uploads, if the command line names one.
pub(crate) fn directory(matches: &ArgMatches) -> Option<&Path> {
    matches.get_one("directory").map(PathBuf::as_path)
}

/// Runs a command that has arguments of its own.
pub(crate) fn hand_over<C: FromArgMatches>(
    matches: &ArgMatches,
    program: &Command,
    run: impl FnOnce(C) -> ExitCode,
) -> ExitCode {
    match C::from_arg_matches(matches) {
        Ok(command) => run(command),
        Err(error) => launch::usage_error(program, &error),
    }
}

/// The shell for which to print completions.
pub(crate) fn shell(matches: &ArgMatches) -> Shell {
    *matches.get_one("shell").expect("it is required")
}

fn host_argument() -> Arg {
    Arg::new("host")
        .long("host")
        .value_name("HOST")
        .value_parser(host_of_all)
        .default_value("127.0.0.1")
        .help(
            "The address on which all servers listen; on 0.0.0.0, which is every address of this \
             machine, other machines can reach them",
        )
}

/// Reads the address for all servers. The commands that the start table shows would not work with a
/// link-local address, since most programs want its interface in a form of their own.
fn host_of_all(text: &str) -> Result<IpAddr, &'static str> {
    let wanted = "want an IP address of this machine, like 127.0.0.1, 0.0.0.0 or ::1";
    let (address, _interface) = text.split_once('%').unwrap_or((text, ""));
    match address.parse() {
        Ok(IpAddr::V6(address)) if address.is_unicast_link_local() => {
            Err("a link-local address is for one server alone: \
             fork echo --listen '[fe80::1%eth0]:3007', for example")
        }
        _ => text.parse().map_err(|_| wanted),
    }
}

fn styles_argument() -> Arg {
    let names = Style::ALL.into_iter().map(|style| style.name);
    let by_default = Style::ALL.into_iter().filter(|style| style.starts_by_default);
    let by_default: Vec<_> = by_default.map(|style| style.name).collect();
    Arg::new("styles")
        .long("styles")
        .value_name("STYLES")
        .value_delimiter(',')
        .value_parser(PossibleValuesParser::new(names.chain([ALL])))
        .help(format!(
            "Which styles to start: their names with commas between them, or all [default: {}]",
            by_default.join(",")
        ))
        .default_values(by_default)
        .hide_default_value(true)
}

fn no_book_argument() -> Arg {
    Arg::new("no-book").long("no-book").action(ArgAction::SetTrue).help("Leave the book out")
}

fn directory_argument() -> Arg {
    Arg::new("directory")
        .long("directory")
        .value_name("DIR")
        .value_parser(value_parser!(PathBuf))
        .help("Where uploads land [default: a new directory among the temporary files]")
}

fn completions_command() -> Command {
    let shell = Arg::new("shell")
        .value_name("SHELL")
        .value_parser(value_parser!(Shell))
        .help("The name of your shell")
        .required(true);
    Command::new("completions")
        .about("Print a script that lets your shell complete this command line")
        .after_help(
            "Examples:\n  \
             source <(after-accept completions bash)\n  \
             source <(after-accept completions zsh)   after compinit\n  \
             after-accept completions fish | source\n\n\
             Put the line for your shell into ~/.bashrc, ~/.zshrc or ~/.config/fish/config.fish.",
        )
        .arg(shell)
}

/// The text of the help that explains the port numbers.
fn ports() -> String {
    let list = |rows: Vec<(&str, u16)>| {
        let rows = rows.iter().map(|(name, number)| format!("{name} {number}"));
        rows.collect::<Vec<_>>().join(", ")
    };
    let thousands = Style::ALL.iter().map(|style| (style.name, style.thousand));
    let thousands = list(thousands.collect());
    let well_known = CATALOGUE.iter().map(|service| (service.name, service.port));
    let well_known = list(well_known.collect());
    format!(
        "A port tells you the server: it is the style's thousand ({thousands}) and the \
         service's well-known number ({well_known}). So 3026 is fork's chat."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Calls `check` with each command and its name.
    fn walk(command: &Command, name: &str, check: &mut impl FnMut(&Command, &str)) {
        check(command, name);
        for below in command.get_subcommands() {
            walk(below, &format!("{name} {}", below.get_name()), check);
        }
    }

    /// HOST is a name or an address, ADDRESS an address in numbers. Each has the same word in the
    /// usage of every command, and so has a number of seconds or bytes.
    #[test]
    fn one_thing_has_one_word_in_every_usage() {
        const WORDS: [&str; 27] = [
            "HOST:PORT",
            "HOST",
            "HOST[:PORT]",
            "PORT",
            "ADDRESS",
            "ADDRESS:PORT",
            "ADDRESS/PREFIX",
            "NETWORK/PREFIX",
            "PREFIX",
            "GROUP",
            "GROUP:PORT",
            "NAME|ADDRESS|INDEX",
            "MAC",
            "ONE",
            "OTHER",
            "SECS",
            "BYTES",
            "N",
            "NUMBER",
            "PID",
            "FILE",
            "DIR",
            "NAME",
            "STYLE",
            "STYLES",
            "SERVICE",
            "SHELL",
        ];
        const OF_ONE_COMMAND: [&str; 14] = [
            "WAY",
            "TYPE",
            "PARTS",
            "SUBJECT",
            "TEXT",
            "WHEN",
            "OID",
            "1|2c",
            "COMMUNITY",
            "PAGE",
            "CASES",
            "COMMAND",
            "FORM",
            "HOW-MUCH",
        ];
        walk(&program(), "after-accept", &mut |command, name| {
            let shown = command.get_arguments().filter(|arg| !arg.is_hide_set());
            for arg in shown.filter(|arg| arg.get_action().takes_values()) {
                let id = arg.get_id().as_str().to_uppercase();
                let words =
                    arg.get_value_names().map(|names| names.iter().map(ToString::to_string));
                for word in words.map_or(vec![id], Iterator::collect) {
                    let is_known = WORDS.contains(&&*word) || OF_ONE_COMMAND.contains(&&*word);
                    assert!(is_known, "{name}: is there no other word for {word}?");
                }
            }
        });
    }

    #[test]
    fn examples_fit_a_narrow_terminal() {
        walk(&program(), "after-accept", &mut |command, name| {
            let below = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let examples = below.lines().filter(|line| line.starts_with("  "));
            for line in examples {
                assert!(line.chars().count() <= 80, "{name}: {line}");
            }
        });
    }

    /// A value in seconds says so: the word in the usage is short.
    #[test]
    fn seconds_are_named_in_the_help() {
        walk(&program(), "after-accept", &mut |command, name| {
            for arg in command.get_arguments() {
                let names = arg.get_value_names().unwrap_or_default();
                let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
                let is_time = names.iter().any(|name| name == "SECS");
                assert!(!is_time || help.contains("seconds"), "{name}: {arg}: {help}");
            }
        });
    }
}
