//! The command line.

use std::env;
use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use indicatif::ProgressBar;

use crate::address::{Place, Target};
use crate::ask::{self, Asker};
use crate::frames;
use crate::prompt::{Keyboard, Paper, Prompt};
use crate::upload::{self, Parcel};
use crate::{Address, Error, Failure, Screen, Stream, Trace, connect, converse, listen};

/// Talk to a server: send the lines that you type, and show its answers
///
/// A line is sent when you press Enter; the server's bytes are shown as they arrive, and on a
/// terminal they are printed above the line that you are typing. Ctrl-D at the
/// beginning of a line ends only your side (half-close): the server learns that you will send no
/// more, and can still answer. talk ends when the server has finished; Ctrl-C ends it at once.
///
/// With --listen, talk waits for a caller instead. If the caller is another talk, two people have a
/// conversation without a server between them; it ends when one of them ends their side.
#[derive(Args, Clone, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(after_help = "\
Examples:
  after-accept talk 127.0.0.1:3026          the fork server's chat
  after-accept talk localhost 2007          a name: all its addresses are tried
  after-accept talk '[::1]:2007'            an IPv6 address stands in brackets
  after-accept talk 127.0.0.1:2007 <a >b    files are sent and stored unchanged
  after-accept talk --trace 127.0.0.1:2007  shows the important system calls
  after-accept talk --listen 127.0.0.1:5000 waits for a caller
  after-accept talk increment 127.0.0.1:8008 41
  after-accept talk frames 127.0.0.1:3028
  after-accept talk upload 127.0.0.1:3029 README.md

Exit status: 0 the server has finished, 1 something failed on the way, 2 wrong usage.")]
pub struct Command {
    #[command(subcommand)]
    errand: Option<Errand>,

    #[command(flatten)]
    conversation: Option<Conversation>,

    /// Wait at this address for one caller, and talk to it; for port 0 the system chooses one
    #[arg(long, value_name = "HOST:PORT", conflicts_with_all = ["address", "port", "connect_timeout"])]
    listen: Option<Place>,

    #[command(flatten)]
    showing: Showing,

    /// Show the important system calls on standard error: arguments, result, number of bytes, and
    /// the first bytes in hexadecimal
    #[arg(long, global = true)]
    trace: bool,
}

/// A conversation with a particular service.
#[derive(Clone, Debug, Subcommand)]
enum Errand {
    /// Talk to an echo server, by connection or by datagram
    ///
    /// With --udp each line is one datagram, without the line's end. The next one is sent when the answer has
    /// arrived, or when it is too late.
    #[command(after_help = "\
Examples:
  after-accept talk echo 127.0.0.1:2007                  the same without `echo`
  after-accept talk echo --udp 127.0.0.1:8007
  after-accept talk echo --udp --connect 127.0.0.1:8007  reports a closed port

Exit status: 0 all lines are answered, 1 one is not or something failed, 2 wrong usage.")]
    Echo(Echo),
    /// Ask for the next number, by datagram
    ///
    /// The number is sent in two bytes, the high one first; 32767 is followed by -32768.
    #[command(after_help = "\
Examples:
  after-accept talk increment 127.0.0.1:8008 41
  after-accept talk increment 127.0.0.1:8008 255 --trace

Exit status: 0 it is answered, 1 it is not or something failed on the way, 2 wrong usage.")]
    Increment(Increment),
    /// Talk to a frames server: each line is sent as a frame, and each answer is shown as a line
    ///
    /// A frame is a version, 1, and a size, each a big-endian u32, and then the data: the line
    /// without its end.
    #[command(after_help = "\
Examples:
  after-accept talk frames 127.0.0.1:3028
  printf 'one\\n\\nthree' | after-accept talk frames 127.0.0.1:3028 --trace

Exit status: 0 all frames came back, 1 one did not or something failed, 2 wrong usage.")]
    Frames(Frames),
    /// Send a file to an upload server
    ///
    /// The file is sent under its own name, without its directories. Its size is sent first, so it
    /// has to be a regular file that no program writes to. On a terminal a bar shows the progress;
    /// the server answers when the whole file is on its disk.
    #[command(after_help = "\
Examples:
  after-accept talk upload 127.0.0.1:3029 README.md
  after-accept talk upload 127.0.0.1:3029 photo.jpg --name 'the sea.jpg'
  after-accept talk upload 127.0.0.1:3029 README.md --trace

Exit status: 0 it is stored, 1 it is refused or something failed on the way, 2 wrong usage.")]
    Upload(Upload),
}

#[derive(Args, Clone, Debug)]
struct Echo {
    /// Send datagrams (UDP) instead of opening a connection
    #[arg(long)]
    udp: bool,

    #[command(flatten)]
    asking: Asking,

    #[command(flatten)]
    conversation: Conversation,

    #[command(flatten)]
    showing: Showing,
}

#[derive(Args, Clone, Debug)]
struct Frames {
    #[command(flatten)]
    conversation: Conversation,

    #[command(flatten)]
    showing: Showing,
}

#[derive(Args, Clone, Debug)]
struct Increment {
    /// The server: its name or address, and its port
    #[arg(value_name = "HOST:PORT")]
    address: Target,

    /// A number from -32768 to 32767
    #[arg(allow_negative_numbers = true)]
    number: i16,

    #[command(flatten)]
    asking: Asking,
}

#[derive(Args, Clone, Debug)]
struct Upload {
    /// The server: its name or address, and its port
    #[arg(value_name = "HOST:PORT")]
    address: Target,

    /// The file to send
    file: PathBuf,

    /// The name for the file on the server, instead of its own
    #[arg(long)]
    name: Option<String>,

    /// How long to wait for each address to answer, in seconds (0.5 is half a second); 0 waits as
    /// long as the system does, about two minutes
    #[arg(long, value_name = "SECS", default_value = "10", value_parser = seconds)]
    connect_timeout: Duration,
}

/// A server, and the way to talk to it.
#[derive(Args, Clone, Debug)]
struct Conversation {
    /// The server: its name or address, and its port, which may also be the next argument
    #[arg(value_name = "HOST:PORT")]
    address: Target,

    /// The port, if it is not part of the argument before
    port: Option<String>,

    /// How long to wait for each address to answer, in seconds (0.5 is half a second); 0 waits as
    /// long as the system does, about two minutes
    #[arg(long, value_name = "SECS", default_value = "10", value_parser = seconds)]
    connect_timeout: Duration,
}

/// The way to show the received bytes.
#[derive(Args, Clone, Debug)]
struct Showing {
    /// When to replace bytes that could control your terminal (control characters, escape
    /// sequences) by �
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    clean: Clean,
}

/// The way to ask with datagrams.
#[derive(Args, Clone, Debug)]
struct Asking {
    /// Connect the datagram socket: it then receives only from the server, and reports a closed
    /// port
    #[arg(long)]
    connect: bool,

    /// How long to wait for an answer to a datagram, in seconds
    #[arg(long, value_name = "SECS", default_value = "2", value_parser = some_seconds)]
    timeout: Duration,
}

/// When the received bytes are made safe to show.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Clean {
    /// If they go to a terminal; files and pipes get every byte unchanged
    Auto,
    /// Wherever they go
    Always,
    /// Never: only for a server or caller that you trust with your terminal
    Never,
}

/// Talks to the server that the command names until one of the two ends the conversation, and
/// returns the exit status: 0 if the server has finished, 1 if something failed on the way, 2 for
/// wrong usage.
///
/// A failure is reported in one line on standard error.
pub fn run(command: Command) -> ExitCode {
    let Err(error) = talk(command) else {
        return ExitCode::SUCCESS;
    };
    // `eprintln!` would panic if standard error is closed.
    let _ = writeln!(io::stderr(), "talk: {error}");
    ExitCode::from(error.exit_status())
}

fn talk(command: Command) -> Result<(), Error> {
    let trace = Trace::new(command.trace);
    let clean = command.showing.clean;
    match (command.errand, command.conversation, command.listen) {
        (Some(Errand::Echo(errand)), ..) => echo(errand, trace),
        (Some(Errand::Increment(errand)), ..) => increment(errand, trace),
        (Some(Errand::Frames(errand)), ..) => frames(errand, trace),
        (Some(Errand::Upload(errand)), ..) => upload(errand, trace),
        (None, _, Some(Place(address))) => wait_and_converse(&address, clean, trace),
        (None, Some(conversation), None) => call_and_converse(conversation, clean, trace),
        (None, None, None) => unreachable!("clap requires one of them"),
    }
}

fn call_and_converse(conversation: Conversation, clean: Clean, trace: Trace) -> Result<(), Error> {
    let address =
        conversation.address.with_port(conversation.port.as_deref()).map_err(Error::Usage)?;
    let (stream, peer) = connect(&address, conversation.connect_timeout, trace)?;
    converse_with(peer, &stream, clean, &format!("connected to {peer}"))
}

fn wait_and_converse(address: &Address, clean: Clean, trace: Trace) -> Result<(), Error> {
    let listener = listen(address, trace)?;
    let place = listener.address().map_err(Error::Accept)?;
    // Not only on a terminal: if the system has chosen the port, it is told nowhere else.
    let _ = writeln!(io::stderr(), "listening on {place}");
    let (stream, caller) = listener.accept().map_err(Error::Accept)?;
    converse_with(caller, &stream, clean, &format!("{caller} has called"))
}

fn converse_with(peer: SocketAddr, stream: &Stream, clean: Clean, news: &str) -> Result<(), Error> {
    let ends = ends(clean);
    // The terminal echoes nothing by now, so that nothing is typed into the middle of this line.
    greet(&format!("{news}; Ctrl-D ends your side, Ctrl-C leaves"));
    let talked = ends.and_then(|ends| match ends {
        Ends::Files(keyboard, screen) => converse(stream, keyboard, screen),
        Ends::Terminal(_prompt, keyboard, screen) => converse(stream, keyboard, screen),
    });
    ended(peer, talked)
}

fn echo(errand: Echo, trace: Trace) -> Result<(), Error> {
    let Echo { udp, asking, conversation, showing } = errand;
    if !udp && asking.connect {
        let text = "--connect is for datagrams: a stream is always connected; add --udp";
        return Err(Error::Usage(text.to_owned()));
    }
    if !udp {
        return call_and_converse(conversation, showing.clean, trace);
    }
    let address =
        conversation.address.with_port(conversation.port.as_deref()).map_err(Error::Usage)?;
    let asker = Asker::open(&address, asking.connect, asking.timeout, trace)?;
    greet(&format!("each line is a datagram to {}; Ctrl-D ends, Ctrl-C leaves", asker.peer()));
    let echoed =
        screen(showing.clean).and_then(|screen| ask::echo(&asker, io::stdin().lock(), screen));
    match echoed {
        Ok(count @ 1..) => Err(Error::Unanswered { peer: asker.peer(), count }),
        result => ended(asker.peer(), result.map(drop)),
    }
}

fn increment(errand: Increment, trace: Trace) -> Result<(), Error> {
    let Increment { address, number, asking } = errand;
    let address = address.with_port(None).map_err(Error::Usage)?;
    let asker = Asker::open(&address, asking.connect, asking.timeout, trace)?;
    let peer = asker.peer();
    match ask::increment(&asker, number) {
        Ok(None) => Err(asker.silence()),
        Ok(Some(next)) => ended(peer, writeln!(io::stdout(), "{next}").map_err(Failure::Output)),
        Err(failure) => ended(peer, Err(failure)),
    }
}

fn frames(errand: Frames, trace: Trace) -> Result<(), Error> {
    let Frames { conversation, showing } = errand;
    let address =
        conversation.address.with_port(conversation.port.as_deref()).map_err(Error::Usage)?;
    let timeout = conversation.connect_timeout;
    let (stream, peer) = connect(&address, timeout, trace)?;
    let ends = ends(showing.clean);
    greet(&format!("each line is a frame to {peer}; Ctrl-D ends your side, Ctrl-C leaves"));
    match ends {
        Ok(Ends::Files(keyboard, screen)) => frames::exchange(&stream, peer, keyboard, screen),
        Ok(Ends::Terminal(_prompt, keyboard, screen)) => {
            frames::exchange(&stream, peer, keyboard, screen)
        }
        Err(failure) => Err(Error::Conversation { peer, failure }),
    }
}

fn upload(errand: Upload, trace: Trace) -> Result<(), Error> {
    let address = errand.address.with_port(None).map_err(Error::Usage)?;
    // An error in the file is reported before the client connects.
    let parcel = Parcel::open(errand.file, errand.name)?;
    let (stream, peer) = connect(&address, errand.connect_timeout, trace)?;
    let bar = match trace.is_on() {
        true => ProgressBar::hidden(), // the trace and the bar cannot share a line
        false => upload::bar(),
    };
    let stored = parcel.send(&stream, peer, &bar);
    bar.finish_and_clear();
    ended(peer, writeln!(io::stdout(), "{}", stored?).map_err(Failure::Output))
}

/// Shows a text on a terminal: many servers wait for the first line, and the screen would stay
/// empty.
fn greet(text: &str) {
    if io::stdin().is_terminal() && io::stderr().is_terminal() {
        let _ = io::stderr().write_all(format!("{text}\n").as_bytes());
    }
}

/// If a reader such as `head` has closed our output, this is no failure and needs no message.
fn ended(peer: SocketAddr, result: Result<(), Failure>) -> Result<(), Error> {
    match result {
        Err(Failure::Output(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(|failure| Error::Conversation { peer, failure }),
    }
}

/// The user's two ends of a conversation.
enum Ends {
    /// At least one of them is no terminal, or it is one that shall or can show only plain text.
    Files(File, Screen<File>),
    /// The line that is being typed stays whole. The prompt puts the terminal back.
    Terminal(Prompt, Keyboard, Screen<Paper>),
}

fn ends(clean: Clean) -> Result<Ends, Failure> {
    let input = keyboard()?;
    // Bytes that are not made safe may move the cursor, so the row could not be drawn again.
    let is_typed = input.is_terminal() && io::stdout().is_terminal() && draws();
    if is_typed && !matches!(clean, Clean::Never) {
        let opened = Prompt::open(input.try_clone().map_err(Failure::Input)?, output()?);
        if let Some((prompt, keyboard, paper)) = opened.map_err(Failure::Input)? {
            return Ok(Ends::Terminal(prompt, keyboard, Screen::clean(paper)));
        }
    }
    Ok(Ends::Files(input, screen(clean)?))
}

/// Whether the terminal understands the sequences that draw a row again.
fn draws() -> bool {
    env::var_os("TERM").is_some_and(|name| !name.is_empty() && name != "dumb")
}

/// Standard input, as a file, since `io::stdin` keeps bytes in a buffer that select cannot see.
fn keyboard() -> Result<File, Failure> {
    let input = io::stdin().as_fd().try_clone_to_owned();
    Ok(File::from(input.map_err(Failure::Input)?))
}

/// Standard output, as a file, since `io::stdout` keeps bytes until a line is full.
fn output() -> Result<File, Failure> {
    let output = io::stdout().as_fd().try_clone_to_owned();
    Ok(File::from(output.map_err(Failure::Output)?))
}

fn screen(clean: Clean) -> Result<Screen<File>, Failure> {
    let output = output()?;
    Ok(match clean {
        Clean::Auto if output.is_terminal() => Screen::clean(output),
        Clean::Always => Screen::clean(output),
        Clean::Auto | Clean::Never => Screen::raw(output),
    })
}

/// Reads a number of seconds up to a day: far more could not be added to the current time.
fn seconds(text: &str) -> Result<Duration, &'static str> {
    let seconds = text.parse().ok();
    seconds
        .filter(|seconds| (0.0..=86_400.0).contains(seconds))
        .map(Duration::from_secs_f64)
        .ok_or("a number of seconds up to 86400 is expected, like 10 or 0.5")
}

/// Reads a number of seconds above 0, since no server can answer at once.
fn some_seconds(text: &str) -> Result<Duration, &'static str> {
    let seconds = seconds(text).ok().filter(|seconds| !seconds.is_zero());
    seconds.ok_or("a number of seconds above 0, up to 86400, is expected, like 2 or 0.5")
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
        let timeout = |arguments: &[&str]| {
            let conversation = parse(arguments).unwrap().conversation;
            conversation.unwrap().connect_timeout
        };
        assert_eq!(timeout(&["a:1"]), Duration::from_secs(10));
        assert_eq!(timeout(&["a:1", "--connect-timeout", "0.25"]), Duration::from_millis(250));
    }

    #[test]
    fn a_wrong_time_port_or_address_is_wrong_usage() {
        for arguments in [
            &[][..],
            &["a:1", "--connect-timeout=-1"],
            &["a:1", "--connect-timeout=soon"],
            &["a:1", "--connect-timeout=NaN"],
            &["a:1", "--connect-timeout=86401"],
            &["a:port"],
        ] {
            assert_eq!(parse(arguments).unwrap_err().exit_code(), 2);
        }
    }

    #[test]
    fn an_errand_is_understood_and_so_is_a_host_with_its_name() {
        let increment = parse(&["increment", "a:1", "-41", "--trace", "--connect"]).unwrap();
        let Some(Errand::Increment(Increment { number, asking, .. })) = increment.errand else {
            panic!("{increment:?}");
        };
        assert_eq!((number, asking.connect, increment.trace), (-41, true, true));
        let echo = parse(&["echo", "--udp", "localhost", "8007"]).unwrap();
        assert!(matches!(echo.errand, Some(Errand::Echo(Echo { udp: true, .. }))));
        assert!(parse(&["echo:7"]).unwrap().errand.is_none());
        for arguments in [
            &["increment", "a:1"][..],
            &["increment", "a:1", "32768"],
            &["increment", "a:1", "41", "--timeout", "0"],
            &["increment", "a:1", "41", "--timeout", "1e19"],
            &["echo"],
            &["frames"],
            &["upload", "a:1"],
            &["--trace"],
            &["--clean", "never"],
        ] {
            assert_eq!(parse(arguments).unwrap_err().exit_code(), 2, "{arguments:?}");
        }
    }

    #[test]
    fn a_place_to_listen_stands_in_place_of_a_server() {
        let command = parse(&["--listen", "127.0.0.1:0", "--clean", "always"]).unwrap();
        assert!(command.conversation.is_none() && command.errand.is_none());
        for arguments in [
            &["--listen", "127.0.0.1:0", "a:1"][..],
            &["--listen", "127.0.0.1:0", "--connect-timeout", "1"],
            &["--listen", "127.0.0.1"],
            &["--listen", "127.0.0.1:0", "echo", "a:1"],
            &["echo", "--listen", "127.0.0.1:0"],
        ] {
            assert_eq!(parse(arguments).unwrap_err().exit_code(), 2, "{arguments:?}");
        }
    }

    #[test]
    fn only_a_datagram_socket_can_be_unconnected() {
        let error = talk(parse(&["echo", "a:1", "--connect"]).unwrap()).unwrap_err();
        assert_eq!(error.exit_status(), 2);
    }

    #[test]
    fn a_port_is_given_exactly_once() {
        for arguments in [&["localhost"][..], &["localhost:1", "1"], &["a", "0"], &["a", "65536"]] {
            let error = talk(parse(arguments).unwrap()).unwrap_err();
            assert_eq!(error.exit_status(), 2, "{error}");
        }
    }
}
