//! The client: keyboard to socket and back, by one select loop.
//!
//! A client has two things to wait for, and it cannot know which comes first: the person may type,
//! or the server may speak.
//! So it waits for both at once, as the select server does for all its clients; [`converse`] is
//! that loop, and the smallest one that is right.
//!
//! Deliberately absent: telnet's negotiation, TLS, UDP, names of services for ports, and calling
//! again when the server has gone.

#![forbid(unsafe_code)]

mod address;
mod connect;
mod converse;
mod error;
mod screen;

use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};

pub use address::Address;
use address::Target;
pub use connect::connect;
pub use converse::{Failure, converse};
pub use error::{Attempt, Error};
pub use screen::{Cleaner, Screen};

/// Talk to a server: what you type is sent, what it says is shown
///
/// A line leaves when you press Enter; what the server says is shown as it comes.
/// Ctrl-D at the beginning of a line ends your side alone (half-close): the server learns that you
/// will say no more, and can still answer.
/// talk leaves when the server has finished; Ctrl-C leaves at once.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  after-accept talk 127.0.0.1:3026          chat, where the fork server offers it
  after-accept talk localhost 2007          a name: each of its addresses is tried in turn
  after-accept talk '[::1]:2007'            an IPv6 address stands in brackets
  after-accept talk 127.0.0.1:2007 <a >b    files go through byte for byte

Exit status: 0 the server has finished, 1 something failed on the way, 2 wrong usage.")]
pub struct Command {
    /// Where the server listens, as HOST:PORT, or HOST with the port as the next argument
    #[arg(value_name = "ADDRESS")]
    address: Target,

    /// The port, if ADDRESS does not name it
    #[arg(value_parser = clap::value_parser!(u16).range(1..))]
    port: Option<u16>,

    /// How long to wait for each address to answer, in seconds (0.5 is half of one); 0 waits as
    /// long as the system does, about two minutes
    #[arg(long, value_name = "SECS", default_value = "10", value_parser = seconds)]
    connect_timeout: Duration,

    /// Whether what could drive your terminal (control characters, escape sequences) is shown as �
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    clean: Clean,
}

/// When the server's bytes are made safe to show.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Clean {
    /// If they go to a terminal; a file or a pipe gets every byte as it came
    Auto,
    /// Whatever they go to
    Always,
    /// Not at all: only for a server that you trust with your terminal
    Never,
}

/// Talks to the server that the command names until one of the two has had enough, and returns the
/// status to exit with: 0 when the server has finished, 1 when something failed on the way, 2 for
/// wrong usage.
///
/// A failure is told in one line on standard error.
pub fn run(command: Command) -> ExitCode {
    let Err(error) = talk(command) else {
        return ExitCode::SUCCESS;
    };
    // `eprintln!` would panic where standard error is gone.
    let _ = writeln!(io::stderr(), "talk: {error}");
    ExitCode::from(error.exit_status())
}

fn talk(command: Command) -> Result<(), Error> {
    let address = command.address.with_port(command.port)?;
    let (stream, peer) = connect(&address, command.connect_timeout)?;
    if io::stdin().is_terminal() && io::stderr().is_terminal() {
        // Many servers wait for the first word, and would leave a newcomer before an empty screen.
        let _ = writeln!(
            io::stderr(),
            "connected to {peer}; Ctrl-D ends your side, Ctrl-C leaves"
        );
    }
    match converse_with_user(&stream, command.clean) {
        // Whoever read our output has read enough, as `head` does: no failure, and nothing to say.
        Err(Failure::Output(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(|failure| Error::Conversation { peer, failure }),
    }
}

fn converse_with_user(stream: &TcpStream, clean: Clean) -> Result<(), Failure> {
    // Files, since `io::stdin` keeps bytes in a buffer that select cannot see, and `io::stdout`
    // keeps them until a line is full.
    let keyboard = io::stdin().as_fd().try_clone_to_owned();
    let keyboard = File::from(keyboard.map_err(Failure::Input)?);
    let output = io::stdout().as_fd().try_clone_to_owned();
    let output = File::from(output.map_err(Failure::Output)?);

    let screen = match clean {
        Clean::Auto if output.is_terminal() => Screen::clean(output),
        Clean::Always => Screen::clean(output),
        Clean::Auto | Clean::Never => Screen::raw(output),
    };
    converse(stream, keyboard, screen)
}

fn seconds(text: &str) -> Result<Duration, &'static str> {
    text.parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or("a number of seconds is expected, like 10 or 0.5")
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

    #[track_caller]
    fn parse(arguments: &[&str]) -> Result<Command, clap::Error> {
        Program::try_parse_from([&["talk"], arguments].concat()).map(|program| program.command)
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Program::command().debug_assert();
    }

    #[test]
    fn ten_seconds_are_the_default_and_fractions_are_understood() {
        let timeout = |arguments: &[&str]| parse(arguments).unwrap().connect_timeout;
        assert_eq!(timeout(&["a:1"]), Duration::from_secs(10));
        assert_eq!(
            timeout(&["a:1", "--connect-timeout", "0.25"]),
            Duration::from_millis(250)
        );
    }

    #[test]
    fn what_is_no_time_no_port_or_no_address_is_wrong_usage() {
        for arguments in [
            &[][..],
            &["a:1", "--connect-timeout=-1"],
            &["a:1", "--connect-timeout=soon"],
            &["a:1", "--connect-timeout=NaN"],
            &["a", "0"],
            &["a", "65536"],
            &["a:port"],
        ] {
            assert_eq!(parse(arguments).unwrap_err().exit_code(), 2);
        }
    }

    #[test]
    fn a_port_is_needed_once() {
        for arguments in [&["localhost"][..], &["localhost:1", "1"]] {
            let error = talk(parse(arguments).unwrap()).unwrap_err();
            assert_eq!(error.exit_status(), 2, "{error}");
        }
    }
}
