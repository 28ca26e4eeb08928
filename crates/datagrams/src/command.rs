//! The command line.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use launch::{HostPort, Problem, host_port};

use crate::Service;

/// Datagrams (UDP): services that answer them, one sent to many, and by which interface
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  after-accept datagrams echo
  echo hello | socat -t 1 - UDP:127.0.0.1:8007
  after-accept datagrams increment
  printf '\\0\\51' | socat -t 1 - UDP:127.0.0.1:8008 | xxd

Exit status: 0 done or stopped, 1 something failed on the way, 2 wrong usage.")]
pub struct Command {
    #[command(subcommand)]
    task: Task,
}

#[derive(Clone, Debug, Subcommand)]
enum Task {
    /// Send every datagram back (RFC 862)
    #[command(after_help = SERVER)]
    Echo(Serving),
    /// Answer a number of two bytes in big-endian by the next one
    ///
    /// The number is an i16: 32767 is followed by -32768. A datagram of any other size is dropped.
    #[command(after_help = SERVER)]
    Increment(Serving),
}

/// What is the same with every server of datagrams.
const SERVER: &str = "\
It prints `listening on ADDRESS` when it is ready, and logs to standard error. SIGINT (Ctrl-C) or \
SIGTERM stops it.

Anybody can write any sender on a datagram. So it answers nobody at a port below 1024, no group, \
not itself, and no address more than 1000 times at once and 100 times a second: two services that \
are made to answer each other would never stop. What is dropped is counted, and told in the log.";

#[derive(Args, Clone, Debug)]
struct Serving {
    /// Where to listen: [::]:PORT serves IPv6 and IPv4 alike, port 0 lets the system choose
    /// [default: 127.0.0.1 and port 8007 for echo, 8008 for increment]
    #[arg(long, value_name = "HOST:PORT", value_parser = host_port)]
    listen: Option<HostPort>,
}

/// Does what the command says, and gives the status to exit with: 0 when it is done or was told to
/// stop, 1 when something failed on the way.
///
/// A failure is told in one line on standard error.
pub fn run(command: Command) -> ExitCode {
    let done = match command.task {
        Task::Echo(serving) => serve(Service::Echo, serving),
        Task::Increment(serving) => serve(Service::Increment, serving),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => problem.report(),
    }
}

fn serve(service: Service, serving: Serving) -> Result<(), Problem> {
    let place = match serving.listen {
        Some(HostPort(place)) => place,
        None => format!("127.0.0.1:{}", service.port()),
    };
    launch::begin_log(None);
    let (socket, stop) = launch::prepare("datagrams", None, || sockets::bind(&place))?;
    crate::serve(&socket, service, &stop)
        .map_err(|error| Problem::world(format!("cannot go on serving: {error}")))
}
