//! The command line that all servers share, and the start and end of a server.
//!
//! A style's binary is one call of [`main`]; the one program that contains all styles builds its
//! subcommands from [`command`] and starts them with [`run`].
//!
//! The tools also use the texts of a [`Problem`], the [`interruption`] by Ctrl-C, the limit of
//! descriptors, what [`print()`] does and the [`temporary_directory`], so these stand here too.

mod command;
mod descriptors;
mod fortunes;
mod life;
mod log;
mod output;
mod problem;
mod rings;
mod signals;
mod style;
mod temporary;

use std::process::ExitCode;

use clap::ArgMatches;

pub use command::{HostPort, command, hear_negative_numbers, host_port, size, usage_error};
pub use descriptors::raise_descriptor_limit;
pub use life::{Serve, Server, prepare};
pub use log::{Lines, begin as begin_log, read_line as read_log_line};
pub use output::{print, printed};
pub use problem::{Problem, without_numbers};
pub use rings::{NoRing, OTHER_FILTER, expect_ring, is_filtered};
pub use signals::{Arrivals, interruption};
pub use sockets::heeded;
pub use style::{MaxClients, Own, Style};
pub use temporary::temporary_directory;

/// The whole of a style's binary: reads the command line, and serves.
pub fn main(style: &Style, serve: Serve) -> ExitCode {
    let mut command = hear_negative_numbers(command(style).name(style.process_name));
    match command.try_get_matches_from_mut(std::env::args_os()) {
        Ok(matches) => run(style, serve, &matches),
        Err(error) => usage_error(&command, &error),
    }
}

/// Serves as a command line of [`command`] says. Returns the exit status: 0 after serving and
/// stopping, 1 if it could not serve, 2 if the command line is wrong.
pub fn run(style: &Style, serve: Serve, matches: &ArgMatches) -> ExitCode {
    match command::server(style, serve, matches) {
        Ok(server) => server.live(),
        Err(problem) => problem.report(),
    }
}
