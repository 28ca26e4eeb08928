//! The scripts that let a shell complete the command line when you press Tab.

use std::process::ExitCode;

use clap::builder::{Resettable, ValueHint};
use clap::{Arg, ArgGroup, Command};
use clap_complete::{Shell, generate};

use crate::command::program;

/// Prints the completions of the program for a shell.
pub(crate) fn print(shell: Shell) -> ExitCode {
    match launch::print(&script(shell)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => problem.report(),
    }
}

fn script(shell: Shell) -> String {
    let mut script = Vec::new();
    // Made anew: clap has added --help to the one that it has read the command line with.
    let mut program = for_users(&program());
    generate(shell, &mut program, "after-accept", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    let script = with_lists(shell, &script, &program);
    match shell {
        Shell::Fish => mend_fish(&script) + FISH_LIST + &fish_values(&program),
        // clap_complete 4.6.11 calls each state of the command line by one name where it enters it,
        // and by another one where it looks it up, since there is a hyphen in the program's name.
        Shell::Bash => {
            let script = script.replace("after__subcmd__accept", "after__accept");
            script.replace(BASH_WORDS, &format!("{BASH_WORDS}{BASH_VALUE}"))
        }
        _ => script,
    }
}

/// The script, so that Tab completes each value of a list with commas. clap_complete completes only
/// the first.
fn with_lists(shell: Shell, script: &str, program: &Command) -> String {
    let is_list = |option: &&Arg| option.get_value_delimiter().is_some();
    program.get_opts().filter(is_list).fold(script.to_owned(), |script, option| {
        let values = option.get_possible_values();
        let values: Vec<_> = values.iter().map(|value| value.get_name()).collect();
        let name = option.get_long().expect("all options have a long name");
        let all = values.join(" ");
        let (theirs, ours) = match shell {
            Shell::Bash => (
                format!("--{name})\n{INDENT}COMPREPLY=($(compgen -W \"{all}\" -- \"${{cur}}\"))"),
                format!("--{name})\n{BASH_LIST}").replace("VALUES", &all),
            ),
            Shell::Zsh => (format!(":({all})'"), format!(":_values -s , {name} {all}'")),
            Shell::Fish => (
                format!("-a \"{}\\t''\"", values.join("\\t''\n")),
                format!("-a \"(__fish_after_accept_list {all})\""),
            ),
            _ => return script,
        };
        script.replace(&theirs, &ours)
    })
}

/// The line of bash's script that takes the word before the one that is typed.
const BASH_WORDS: &str = "    prev=\"$3\"\n";

/// Bash takes `--option=value` for three words.
const BASH_VALUE: &str = r#"    if [[ "${cur}" == "=" ]]; then
        cur=""
    elif [[ "${prev}" == "=" ]]; then
        prev="${COMP_WORDS[COMP_CWORD-2]}"
    fi
"#;

/// The indent of a value in bash's script.
const INDENT: &str = "                    ";

/// The completion of a list for bash: the values, each behind those that are typed already.
const BASH_LIST: &str = r#"                    local before=""
                    [[ "${cur}" == *,* ]] && before="${cur%,*},"
                    COMPREPLY=($(compgen -P "${before}" -W "VALUES" -- "${cur##*,}"))"#;

/// The same for fish.
const FISH_LIST: &str = r#"
function __fish_after_accept_list
    set -l typed (commandline -ct | string replace -r -- '^--[^=]*=' '')
    set -l before (string replace -rf -- '(.*,)[^,]*' '$1' $typed)
    printf '%s\n' "$before"$argv
end
"#;

/// Fish's script, so that it also completes the value of an option before a command: clap_complete
/// takes the option without its value for an error.
fn mend_fish(script: &str) -> String {
    let parse = "    argparse -s (__fish_after_accept_global_optspecs) -- $cmd 2>/dev/null\n";
    let again = parse.replace("    argparse", "    or argparse").replace("$cmd", "$cmd ''");
    script.replace(parse, &format!("{parse}{again}"))
}

/// The values of arguments without a name, such as services, which clap_complete leaves out for fish.
fn fish_values(program: &Command) -> String {
    program.get_subcommands().map(|command| fish_values_below("", command)).collect()
}

/// Those of a command and of its own commands. `before` is fish's condition for the commands above.
fn fish_values_below(before: &str, command: &Command) -> String {
    let name = command.get_name();
    let here = match before {
        "" => format!("__fish_after_accept_using_subcommand {name}"),
        _ => format!("{before}; and __fish_seen_subcommand_from {name}"),
    };
    let below = command.get_subcommands().filter(|command| command.get_name() != "help");
    let mut lines: String = below.map(|command| fish_values_below(&here, command)).collect();
    for values in command.get_positionals().map(Arg::get_possible_values) {
        let names: Vec<_> = values.iter().map(|value| value.get_name()).collect();
        let is_open = format!("{here}; and not __fish_seen_subcommand_from {}", names.join(" "));
        for value in &values {
            let help = value.get_help().map(ToString::to_string).unwrap_or_default();
            let help = help.replace('\\', r"\\").replace('\'', r"\'");
            let value = value.get_name();
            lines +=
                &format!("complete -c after-accept -n \"{is_open}\" -f -a {value} -d '{help}'\n");
        }
    }
    lines
}

/// The command without two kinds of arguments. Those that are hidden are given only by the program
/// itself; clap hides them in the help, but not from a shell. And where a command of its own may
/// stand instead of an address, as with `talk`, zsh would take that command for the address.
fn for_users(command: &Command) -> Command {
    let is_for_users = |argument: &Arg| {
        let is_instead = argument.is_positional() && command.has_subcommands();
        !argument.is_hide_set() && !is_instead
    };
    let is_kept = |id: &clap::Id| {
        command.get_arguments().any(|argument| is_for_users(argument) && argument.get_id() == id)
    };
    let arguments = command.get_arguments().filter(|argument| is_for_users(argument));
    let groups = command.get_groups().map(|group| {
        let members = group.get_args().filter(|id| is_kept(id)).cloned();
        ArgGroup::new(group.get_id().clone()).args(members).multiple(true)
    });
    // Clap takes names that live as long as the program, which ends when they are printed.
    let name: &'static str = command.get_name().to_owned().leak();
    let mut copy = Command::new(name)
        .args(arguments.cloned().map(without_conflicts).map(without_file_names))
        .groups(groups)
        .subcommands(command.get_subcommands().map(for_users));
    if let Some(about) = command.get_about() {
        copy = copy.about(about.clone());
    }
    match command.get_version() {
        Some(_) => copy.version(env!("CARGO_PKG_VERSION")),
        None => copy,
    }
}

/// An argument that names no others, since they may be left out. A shell does not ask for conflicts.
fn without_conflicts(argument: Arg) -> Arg {
    argument.conflicts_with(Resettable::Reset)
}

/// An argument for which a shell offers file names only if it takes one.
fn without_file_names(argument: Arg) -> Arg {
    let takes_any = argument.get_value_hint() == ValueHint::Unknown
        && argument.get_action().takes_values()
        && argument.get_possible_values().is_empty();
    if takes_any { argument.value_hint(ValueHint::Other) } else { argument }
}
