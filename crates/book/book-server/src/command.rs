//! The command line of the book's server.

use std::env;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::ops::RangeInclusive;
use std::process::ExitCode;

use clap::{ArgMatches, Args, Command, FromArgMatches};
use launch::{HostPort, Problem, host_port};
use sockets::listen;

/// The server's name in `ps`.
pub const NAME: &str = "book-server";

/// The default address.
const HOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// The first port that it tries.
pub const PORT: u16 = 3000;

/// The ports that it tries. The next one belongs to fork's echo.
const PORTS: RangeInclusive<u16> = PORT..=3006;

/// The options of the server.
#[derive(Args, Debug)]
struct Options {
    /// The address to listen on [default: 127.0.0.1:3000, or the next free port]
    #[arg(long, value_name = "HOST:PORT", value_parser = host_port)]
    listen: Option<HostPort>,

    /// Listen on this address, at port 3000 or the next free port
    #[arg(long, value_name = "HOST", default_value_t = HOST, conflicts_with = "listen", hide = true)]
    host: IpAddr,

    /// Stop when this process, which started the server, ends
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
            "It prints `listening on HOST:PORT` when it is ready, and logs to standard error. SIGINT \
             (Ctrl-C) or SIGTERM stops it. While you write, `mdbook serve` follows changes.",
        )
}

/// The `main` of a program called [`NAME`].
pub fn main() -> ExitCode {
    let mut command = command().name(NAME);
    match command.try_get_matches_from_mut(env::args_os()) {
        Ok(matches) => run(&matches),
        Err(error) => launch::usage_error(&command, &error),
    }
}

/// Serves the book as a command line of [`command`] says. Returns the exit status: 0 after serving
/// and stopping, 1 if it could not serve.
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
    // The directory belongs to this thread: when the process ends, it kills the building thread in
    // the middle of its work, and that thread would leave the directory behind.
    let place = tempfile::tempdir_in(launch::temporary_directory()).map_err(|error| {
        Problem::world(format!("cannot make a directory to build the book in: {error}"))
    })?;
    launch::begin_log(None);
    let (listener, stop) = launch::prepare(NAME, options.ends_with, || match &options.listen {
        Some(HostPort(address)) => listen(address),
        None => first_free(options.host),
    })?;
    let descriptors = launch::raise_descriptor_limit().map_err(|error| {
        Problem::world(format!("cannot raise the limit of descriptors: {error}"))
    })?;
    crate::serve::serve(listener, sources, place.path(), descriptors, stop)
        .map_err(|error| Problem::world(format!("cannot go on serving: {error}")))
}

/// Listens on the first free port of [`PORTS`].
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
