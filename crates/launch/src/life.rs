//! The life of a server, from its first word to its exit status.

use std::fs::File;
use std::io::{self, Write};
use std::net::TcpListener;
use std::os::fd::AsFd;
use std::process::{self, ExitCode};
use std::sync::Arc;

use nix::sys::prctl;
use nix::sys::signal::{SigHandler, Signal, raise, signal};
use nix::unistd::getppid;
use protocol::Service;
use signal_hook::{consts::SIGXFSZ, flag};
use sockets::{Limits, Stop, listen};
use tracing::{error, info};

use crate::descriptors::expect_descriptors;
use crate::log;
use crate::problem::Problem;

/// What every style of server is: it serves the clients of a listener until it is told to stop.
pub type Serve = fn(TcpListener, Service, Limits, Stop) -> io::Result<()>;

/// A server that is ready to be brought to life.
#[derive(Debug)]
pub struct Server {
    /// Its name in `ps`.
    pub process_name: &'static str,
    /// How it serves.
    pub serve: Serve,
    /// What it serves.
    pub service: Service,
    /// Where: a HOST:PORT.
    pub listen: String,
    /// How much it takes on.
    pub limits: Limits,
    /// What the log shall begin with.
    pub notes: Vec<String>,
    /// Where the log goes, if not to standard error.
    pub log_file: Option<File>,
    /// The process that has started this one and that it shall not outlive.
    pub ends_with: Option<i32>,
}

impl Server {
    /// Listens, says so, serves until it is told to stop, and gives the status to exit with.
    ///
    /// The line `listening on ADDRESS` on standard output is the promise that a client may come:
    /// whoever has started the server waits for it.
    pub fn live(self) -> ExitCode {
        log::begin(self.log_file);
        match prepare(self.process_name, self.ends_with, || listen(&self.listen)) {
            Err(problem) => problem.report(),
            Ok((listener, stop)) => {
                self.notes.iter().for_each(|note| info!("{note}"));
                match (self.serve)(listener, self.service, self.limits, stop) {
                    Ok(()) => ExitCode::SUCCESS,
                    Err(error) => {
                        error!("cannot go on serving: {error}");
                        ExitCode::FAILURE
                    }
                }
            }
        }
    }
}

/// What every server does before it serves: it takes its name, listens, minds signals and the end
/// of `ends_with`, and says where it listens.
///
/// # Errors
///
/// It cannot listen, or the system refuses something else.
pub fn prepare<S: AsFd>(
    process_name: &str,
    ends_with: Option<i32>,
    listen: impl FnOnce() -> io::Result<S>,
) -> Result<(S, Stop), Problem> {
    let world = |error: io::Error| Problem::world(error);
    // The name is for `ps` alone: a server without it serves as well.
    let _ = std::ffi::CString::new(process_name).map(|name| prctl::set_name(&name));
    // A file that grows larger than it may (RLIMIT_FSIZE) shall be an error of the write, which it
    // is where the signal has a handler, and not the end of the process.
    flag::register(SIGXFSZ, Arc::default()).map_err(world)?;
    let listener = listen().map_err(world)?;
    let bound = sockets::local_address(&listener).map_err(world)?;
    let stop = Stop::at_first_signal().map_err(world)?;
    expect_descriptors(&listener).map_err(world)?;
    if process::id() == 1 {
        reap_orphans().map_err(world)?;
    }
    if let Some(starter) = ends_with {
        stop_with(starter).map_err(world)?;
    }
    // The log first: whoever has read the promise has the whole start behind it.
    info!("listening on {bound}");
    // Nobody may be listening to what is said here, and clients are served all the same.
    let mut out = io::stdout();
    let _ = writeln!(out, "listening on {bound}").and_then(|()| out.flush());
    Ok((listener, stop))
}

/// Has the kernel reap the orphans that this process inherits as PID 1, the first process of a
/// container: nobody else can. It does so where SIGCHLD is ignored (wait(2)).
///
/// A style that has children of its own hears SIGCHLD instead, and reaps the orphans with them.
#[allow(unsafe_code)]
fn reap_orphans() -> io::Result<()> {
    // SAFETY: ignoring a signal runs no code of ours.
    unsafe { signal(Signal::SIGCHLD, SigHandler::SigIgn) }?;
    Ok(())
}

/// Has the kernel send SIGTERM when the process that started this one ends, however it ends
/// (PR_SET_PDEATHSIG, prctl(2)).
///
/// It is sent when the *thread* that started this one ends. If others are left, they inherit the
/// child, and it is sent again as each of them ends; a second SIGTERM means "at once". So only a
/// starter with one thread lets its servers say goodbye.
fn stop_with(starter: i32) -> io::Result<()> {
    prctl::set_pdeathsig(Signal::SIGTERM)?;
    // It may have ended before that: then another process is the parent by now.
    if getppid().as_raw() != starter {
        raise(Signal::SIGTERM)?;
    }
    Ok(())
}
