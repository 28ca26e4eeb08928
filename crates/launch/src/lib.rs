//! The command line that all the servers share, and the life of a server.
//!
//! A style's binary is one call of [`main`]; the one program that has them all builds its
//! subcommands from [`command`] and starts them by [`run`].

mod command;
mod life;
mod log;
mod signals;
mod style;

use std::io::{self, Write};
use std::net::TcpListener;
use std::process::ExitCode;

use clap::ArgMatches;
use protocol::Service;
use sockets::{Limits, Stop};

pub use command::{HostPort, command, host_port, size, usage_error};
pub use life::{Server, prepare};
pub use log::begin as begin_log;
pub use signals::{Arrivals, interruption};
pub use style::{MaxClients, Style};

/// What every style of server is: it serves the clients of a listener until it is told to stop.
pub type Serve = fn(TcpListener, Service, Limits, Stop) -> io::Result<()>;

/// The whole of a style's binary: reads the command line, and serves.
pub fn main(style: &Style, serve: Serve) -> ExitCode {
    let mut command = command(style).name(style.process_name);
    match command.try_get_matches_from_mut(std::env::args_os()) {
        Ok(matches) => run(style, serve, &matches),
        Err(error) => usage_error(&command, &error),
    }
}

/// Serves as a command line of [`command`] says. Gives the status to exit with: 0 after serving
/// and stopping, 1 if it could not serve, 2 if the command line is wrong.
pub fn run(style: &Style, serve: Serve, matches: &ArgMatches) -> ExitCode {
    match command::server(style, serve, matches) {
        Ok(server) => server.live(),
        Err(problem) => problem.report(),
    }
}

/// What keeps a server from serving, in one line, and the status to exit with.
#[derive(Debug)]
pub struct Problem {
    text: String,
    status: u8,
}

impl Problem {
    /// The command line asks for what cannot be: status 2.
    pub fn usage(text: impl Into<String>) -> Problem {
        Problem { text: text.into(), status: 2 }
    }

    /// The world is not as the command line assumes: status 1.
    pub fn world(text: impl Into<String>) -> Problem {
        Problem { text: text.into(), status: 1 }
    }

    /// Says so on standard error.
    pub fn report(self) -> ExitCode {
        complain(&self.text);
        ExitCode::from(self.status)
    }
}

/// Says on standard error what is wrong. That nobody may be reading is no reason to panic.
fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "error: {text}");
}
