//! The command line of the book's server.

use std::env;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::ops::RangeInclusive;
use std::process::ExitCode;

use clap::{ArgMatches, Args, Command, FromArgMatches};
use launch::{HostPort, Problem, host_port};
use sockets::listen;

/// Its name in `ps`.
pub const NAME: &str = "book-server";

/// Where it listens if it is not told.
const HOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// The port that it has if nobody else has it.
pub const PORT: u16 = 3000;

/// The ports that it tries. The next one belongs to fork's echo.
const PORTS: RangeInclusive<u16> = PORT..=3006;

/// What can be said to it.
#[derive(Args, Debug)]
struct Options {
    /// Where to listen [default: 127.0.0.1:3000, or the next port that is free]
    #[arg(long, value_name = "HOST:PORT", value_parser = host_port)]
    listen: Option<HostPort>,

    /// Listen at this address, at port 3000 or the next that is free
    #[arg(long, value_name = "HOST", default_value_t = HOST, conflicts_with = "listen", hide = true)]
    host: IpAddr,

    /// Stop when this process, which has started the server, ends
    #[arg(long, value_name = "PID", hide = true)]
    ends_with: Option<i32>,
}

/// The command line of the book, under the name `book`.
pub fn command() -> Command {
    Options::augment_args(Command::new("book"))
        .about("This book, built from its sources and served to your browser")
        .long_about(None)
        .version(env!("CARGO_PKG_VERSION"))
        .after_help(
            "It prints `listening on ADDRESS` when a browser may come, and logs to standard error. \
             SIGINT (Ctrl-C) or SIGTERM stops it. While you write, `mdbook serve` follows changes.",
        )
}

/// The whole of a program that is called [`NAME`].
pub fn main() -> ExitCode {
    let mut command = command().name(NAME);
    match command.try_get_matches_from_mut(env::args_os()) {
        Ok(matches) => run(&matches),
        Err(error) => launch::usage_error(&command, &error),
    }
}

/// Serves the book as a command line of [`command`] says. Gives the status to exit with: 0 after
/// serving and stopping, 1 if it could not serve.
pub fn run(matches: &ArgMatches) -> ExitCode {
    match serve(matches) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => problem.report(),
    }
}

fn serve(matches: &ArgMatches) -> Result<(), Problem> {
    let options =
        Options::from_arg_matches(matches).map_err(|error| Problem::usage(error.to_string()))?;
    let sources = crate::find().ok_or_else(|| {
        Problem::world(
            "the book is not here: its sources are in the repository, so run this program, or \
             `mdbook serve`, in a clone of it",
        )
    })?;
    // It belongs to this thread: the one that builds ends with the process, in the middle of
    // whatever it does, and would leave it behind.
    let place = tempfile::tempdir()
        .map_err(|error| Problem::world(format!("no place to build the book in: {error}")))?;
    launch::begin_log(None);
    let (listener, stop) = launch::prepare(NAME, options.ends_with, || match &options.listen {
        Some(HostPort(address)) => listen(address),
        None => first_free(options.host),
    })?;
    crate::serve::serve(listener, sources, place.path(), stop)
        .map_err(|error| Problem::world(format!("cannot go on serving: {error}")))
}

/// Listens at the first of [`PORTS`] that nobody has.
fn first_free(host: IpAddr) -> io::Result<TcpListener> {
    for port in PORTS {
        match listen(&SocketAddr::new(host, port).to_string()) {
            Err(error) if error.kind() == ErrorKind::AddrInUse => {}
            other => return other,
        }
    }
    let (first, last) = PORTS.into_inner();
    let all_taken = format!("{host} has no port left for the book: {first} to {last} are taken");
    Err(io::Error::new(ErrorKind::AddrInUse, all_taken))
}
