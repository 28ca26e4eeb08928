//! One server, as the launcher sees it: a process that it starts, reads from and ends.
//!
//! It is this program again, started under the server's name, so that `ps` shows `fork-server
//! chat`. It is in a process group of its own, since a terminal sends Ctrl-C to a whole group, and
//! only the launcher should get it.
//! If the launcher ends without stopping it, the kernel tells the server (`--ends-with`).

use std::env;
use std::ffi::OsStr;
use std::io::{self, PipeReader, Read};
use std::mem;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::process::{self, Child, Command, ExitStatus, Stdio};
use std::sync::LazyLock;

use launch::{Lines, read_log_line};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use tracing::Level;

use crate::table::WIDTH;

/// A server and its state.
pub(crate) struct Server {
    /// The beginning of its lines: `fork chat`.
    name: String,
    /// Where it should listen.
    pub(crate) port: u16,
    state: State,
    /// `None` once the process and its output have ended.
    process: Option<Process>,
    /// The beginning of a line whose end has not come yet.
    unfinished: Vec<u8>,
    /// The last line, kept until it is known whether the server listens.
    held_back: String,
    is_stopping: bool,
    /// How many clients it has had: its last line says so when it stops.
    served: Option<u64>,
}

/// The state of a server.
#[derive(Debug, PartialEq)]
pub(crate) enum State {
    Starting,
    Listening(SocketAddr),
    /// It ended before it listened, and this was its last line.
    Failed(String),
    Ended,
}

struct Process {
    child: Child,
    /// Its exit status, once it is reaped. From then on, another process may have its number.
    status: Option<ExitStatus>,
    /// Its standard output and its log, in one pipe, so that their order is known.
    output: PipeReader,
}

impl Server {
    /// Starts this program under the name of a server, with `arguments`.
    pub(crate) fn start(
        name: String,
        port: u16,
        process_name: &str,
        arguments: &[impl AsRef<OsStr>],
    ) -> Server {
        let (process, state) = match spawn(process_name, arguments) {
            Ok(process) => (Some(process), State::Starting),
            Err(error) => (None, State::Failed(error.to_string())),
        };
        let server = Server {
            name,
            port,
            state,
            process,
            unfinished: Vec::new(),
            held_back: String::new(),
            is_stopping: false,
            served: None,
        };
        if let State::Failed(why) = &server.state {
            server.say(&format!("error: cannot be started: {why}"));
        }
        server
    }

    /// The descriptor of the output that [`Server::hear`] reads once it is readable.
    pub(crate) fn output(&self) -> Option<BorrowedFd<'_>> {
        self.process.as_ref().map(|process| process.output.as_fd())
    }

    /// Reads the server's output.
    pub(crate) fn hear(&mut self) {
        let mut bytes = [0; 16 * 1024];
        let count = self.process.as_mut().map_or(0, |process| {
            // If the other end of the pipe is gone, the read returns 0 and no error.
            process.output.read(&mut bytes).unwrap_or(0)
        });
        for part in bytes[..count].split_inclusive(|byte| *byte == b'\n') {
            self.unfinished.extend_from_slice(part);
            if part.ends_with(b"\n") {
                self.end_line();
            }
        }
        if count == 0 {
            self.end_line();
            self.has_ended();
        }
    }

    fn end_line(&mut self) {
        let line = mem::take(&mut self.unfinished);
        let line = String::from_utf8_lossy(&line);
        if !line.trim_end().is_empty() {
            self.heard(line.trim_end().to_owned());
        }
    }

    fn heard(&mut self, line: String) {
        if self.state != State::Starting {
            return self.pass_on(&line);
        }
        let place = line.strip_prefix("listening on ");
        if let Some(address) = place.and_then(|place| place.parse().ok()) {
            // The line before is the same line in the log, and the table will say it too.
            self.held_back.clear();
            self.state = State::Listening(address);
        } else {
            let before = mem::replace(&mut self.held_back, line);
            self.pass_on(&before);
        }
    }

    fn pass_on(&mut self, line: &str) {
        if !(self.is_stopping && self.takes_leave(line)) {
            self.say(line);
        }
    }

    /// Whether this is the last line of a server that stops. The launcher's summary has its count.
    fn takes_leave(&mut self, line: &str) -> bool {
        let Some((_, text)) = read_log_line(line) else {
            return false;
        };
        let served = text.strip_prefix("stopped; ").and_then(|rest| rest.split_once(' '));
        self.served = served.and_then(|(count, _)| count.parse().ok()).or(self.served);
        served.is_some() || text == "stopped"
    }

    /// Handles the end of a server's output, and says so if the server should not have ended now,
    /// or not with this status.
    fn has_ended(&mut self) {
        let last_words = mem::take(&mut self.held_back);
        self.pass_on(&last_words);
        let status = self.wait();
        if self.state == State::Starting {
            self.state = State::Failed(last_words);
            return;
        }
        self.state = State::Ended;
        match status {
            Some(status) if self.is_stopping && status.success() => {}
            Some(status) => self.say(&format!("has ended unexpectedly: {status}")),
            None => self.say("has ended unexpectedly"),
        }
    }

    /// Tells the server to stop. The server itself ends its children, in the right order.
    pub(crate) fn stop(&mut self) {
        self.is_stopping = true;
        if let Some(pid) = self.pid() {
            // This fails only if the server has just ended.
            let _ = kill(pid, Signal::SIGTERM);
        }
    }

    /// Ends the server at once, with its children, which are in its process group.
    pub(crate) fn kill(&self) {
        if let Some(pid) = self.pid() {
            let _ = killpg(pid, Signal::SIGKILL);
        }
    }

    /// Waits until the process has ended, unless it is reaped already.
    pub(crate) fn wait(&mut self) -> Option<ExitStatus> {
        let mut process = self.process.take()?;
        process.status.or_else(|| process.child.wait().ok())
    }

    /// Keeps the exit status of the process, which has just been reaped.
    pub(crate) fn was_reaped(&mut self, status: ExitStatus) {
        if let Some(process) = &mut self.process {
            process.status = Some(status);
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        matches!(self.state, State::Failed(_) | State::Ended)
    }

    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    /// How many clients it has had, once it has stopped and said so.
    pub(crate) fn served(&self) -> Option<u64> {
        self.served
    }

    /// The number of the process, until it is reaped.
    pub(crate) fn pid(&self) -> Option<Pid> {
        let process = self.process.as_ref().filter(|process| process.status.is_none())?;
        i32::try_from(process.child.id()).ok().map(Pid::from_raw)
    }

    /// Passes on a line of the server, unless it is empty. The time, the process and the module of
    /// a line of its log are left out, since they would fill half of a narrow terminal.
    fn say(&self, line: &str) {
        match read_log_line(line) {
            Some((Level::INFO, text)) => say(&self.name, text),
            Some((Level::WARN, text)) => say(&self.name, &format!("warning: {text}")),
            Some((_, text)) => say(&self.name, &format!("error: {text}")),
            None if !line.is_empty() => say(&self.name, line),
            None => {}
        }
    }
}

/// The name of the launcher in its own lines.
pub(crate) const LAUNCHER: &str = "after-accept";

/// Prints a line with a name in front, in one write, so that nothing comes in between. A line that is
/// too long for a narrow terminal goes on below. The program goes on even if nothing reads it.
pub(crate) fn say(name: &str, line: &str) {
    let (first, next) = (format!("{name} | "), format!("{name} |   "));
    let options = textwrap::Options::new(WIDTH).initial_indent(&first).subsequent_indent(&next);
    print(&textwrap::fill(line, options));
}

/// Prints lines as they are, as [`say`] does.
pub(crate) fn print(lines: &str) {
    static LINES: LazyLock<Lines> = LazyLock::new(|| Lines::stderr(LAUNCHER));
    LINES.say(format!("{lines}\n").as_bytes());
}

fn spawn(process_name: &str, arguments: &[impl AsRef<OsStr>]) -> io::Result<Process> {
    let (output, input) = io::pipe()?;
    let child = Command::new(env::current_exe()?)
        .arg0(process_name)
        .args(arguments)
        .args(["--ends-with", &process::id().to_string()])
        .stdin(Stdio::null())
        .stdout(input.try_clone()?)
        .stderr(input)
        .process_group(0)
        .spawn()?;
    Ok(Process { child, status: None, output })
}
