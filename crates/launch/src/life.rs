//! The life of a server, from its first line of output to its exit status.

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
use sockets::{Limits, Stop, keep_little_unsent, listen};
use tracing::{error, info};

use crate::descriptors::expect_descriptors;
use crate::log;
use crate::problem::Problem;

/// The function that each style has: it serves the clients of a listener until a signal tells it to
/// stop.
pub type Serve = fn(TcpListener, Service, Limits, Stop) -> io::Result<()>;

/// A server that is ready to start.
#[derive(Debug)]
pub struct Server {
    /// Its name in `ps`.
    pub process_name: &'static str,
    /// The function of its style.
    pub serve: Serve,
    /// Its service.
    pub service: Service,
    /// Where it listens: a HOST:PORT.
    pub listen: String,
    /// Its limits.
    pub limits: Limits,
    /// The first lines of the log.
    pub notes: Vec<String>,
    /// Where the log goes, if not to standard error.
    pub log_file: Option<File>,
    /// The process that has started this one. The server stops when it ends.
    pub ends_with: Option<i32>,
}

impl Server {
    /// Listens, says so, serves until a signal tells it to stop, and returns the exit status.
    ///
    /// The line `listening on ADDRESS` on standard output means that a client can connect now: the
    /// program that has started the server waits for it.
    pub fn live(self) -> ExitCode {
        log::begin(self.log_file);
        let listen = || {
            let listener = listen(&self.listen)?;
            if self.service.has_room() {
                keep_little_unsent(&listener)?;
            }
            Ok(listener)
        };
        match prepare(self.process_name, self.ends_with, listen) {
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

/// Does what every server does before it serves: sets its name, listens, prepares for signals and
/// the end of `ends_with`, and says where it listens.
///
/// # Errors
///
/// It cannot listen, or another system call fails.
pub fn prepare<S: AsFd>(
    process_name: &str,
    ends_with: Option<i32>,
    listen: impl FnOnce() -> io::Result<S>,
) -> Result<(S, Stop), Problem> {
    let world = |error: io::Error| Problem::world(error);
    // Only `ps` shows the name: a server without it serves as well.
    let _ = std::ffi::CString::new(process_name).map(|name| prctl::set_name(&name));
    // If a file grows beyond RLIMIT_FSIZE, the write should fail, and the process should not end.
    // With a handler for the signal, that is so.
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
    // The log comes first: when a program has read the line below, the log has all lines of the
    // start.
    info!("listening on {bound}");
    // If nothing reads this line, the server serves clients all the same.
    let mut out = io::stdout();
    let _ = writeln!(out, "listening on {bound}").and_then(|()| out.flush());
    Ok((listener, stop))
}

/// Makes the kernel reap the orphans that this process inherits as PID 1, the first process of a
/// container: no other process can. The kernel does so if SIGCHLD is ignored (wait(2)).
///
/// A style with children of its own handles SIGCHLD instead, and reaps the orphans too.
#[allow(unsafe_code)]
fn reap_orphans() -> io::Result<()> {
    // SAFETY: ignoring a signal runs no handler.
    unsafe { signal(Signal::SIGCHLD, SigHandler::SigIgn) }?;
    Ok(())
}

/// Makes the kernel send SIGTERM when the process that started this one ends, however it ends
/// (PR_SET_PDEATHSIG, prctl(2)).
///
/// The kernel sends it when the *thread* that started this one ends. Other threads of that process
/// then inherit the child, and the kernel sends it again as each of them ends; a second SIGTERM
/// means "at once". So only a starter with one thread lets its servers say goodbye.
fn stop_with(starter: i32) -> io::Result<()> {
    prctl::set_pdeathsig(Signal::SIGTERM)?;
    // The starter may have ended before that: then this process has another parent by now.
    if getppid().as_raw() != starter {
        raise(Signal::SIGTERM)?;
    }
    Ok(())
}
