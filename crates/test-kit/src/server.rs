use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Instant;

use nix::fcntl::{FcntlArg, fcntl};
use nix::sys::signal::Signal;

use crate::binaries::binary;
use crate::{Client, Footprint, Process, Style, deadline, hear_interrupts, wait_until};

/// A server that runs as a process of its own. Dropping it kills it.
#[derive(Debug)]
pub struct Server {
    running: Running,
    address: SocketAddr,
    /// How many child processes it has without clients.
    workers: usize,
}

const LISTENING: &str = "listening on ";

impl Server {
    /// Starts a server of this style for the service, on a port of its own on 127.0.0.1, and
    /// returns once it listens.
    pub fn start(style: Style, service: &str) -> Server {
        Server::start_with(style, service, &[])
    }

    /// Starts a server with options. `--listen` among them replaces the port of its own.
    pub fn start_with(style: Style, service: &str, options: &[&str]) -> Server {
        Server::start_under(&[], style, service, options)
    }

    /// Starts a server under a program that replaces itself with another one, such as
    /// `["prlimit", "--nofile=24"]` or `["setsid"]`, which gives it a process group of its own.
    ///
    /// strace(1) does so with `-D`.
    #[track_caller]
    pub fn start_under(wrapper: &[&str], style: Style, service: &str, options: &[&str]) -> Server {
        Server::try_start_under(wrapper, style, service, options)
            .unwrap_or_else(|ended| panic!("{style:?} does not listen: {ended:#?}"))
    }

    /// Starts a server that may end instead of listening.
    ///
    /// # Errors
    ///
    /// How it ended.
    #[track_caller]
    pub fn try_start_under(
        wrapper: &[&str],
        style: Style,
        service: &str,
        options: &[&str],
    ) -> Result<Server, Ended> {
        let mut command = command(wrapper, style);
        command.arg(service).args(options);
        if !options.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        let server = Server::from_command(command)?;
        Ok(Server { workers: worker_processes(style, options), ..server })
    }

    /// Starts a server that inherits its listener as standard input, as from inetd.
    ///
    /// # Errors
    ///
    /// It has ended instead: how it ended.
    #[track_caller]
    pub fn try_start_on(
        listener: impl Into<Stdio>,
        style: Style,
        service: &str,
    ) -> Result<Server, Ended> {
        let mut command = command(&[], style);
        command.args([service, "--listen", "fd:0"]);
        Server::from_running(Running::spawn_with(command, listener.into(), Stdio::piped()))
    }

    /// Starts a server of this style whose sessions panic when they read `panic!`, or have read
    /// `later!` and their connection is finished. The session of the 13th client panics when it
    /// greets, and that of the 14th when it is opened. Apart from that, it serves as always.
    #[track_caller]
    pub fn start_panicking(style: Style, service: &str) -> Server {
        Server::start_faulty(style, service, "panic")
    }

    /// Starts a server of this style with a fault: `panic`, `lose`, `double`, `swap` or `change`.
    /// The latter four happen to every tenth read, or to the greeting of every tenth client.
    #[track_caller]
    pub fn start_faulty(style: Style, service: &str, fault: &str) -> Server {
        let mut command = Command::new(binary("faulty-server"));
        command.args([style.process_name, service, fault]);
        let server = Server::from_command(command)
            .unwrap_or_else(|ended| panic!("{style:?} does not listen: {ended:#?}"));
        Server { workers: worker_processes(style, &[]), ..server }
    }

    /// Starts any command that says `listening on ADDRESS` as the servers do.
    ///
    /// # Errors
    ///
    /// It has ended instead: how it ended.
    #[track_caller]
    pub fn from_command(command: Command) -> Result<Server, Ended> {
        Server::from_running(Running::spawn(command))
    }

    /// Starts a server whose log goes to `log`, and not to the test.
    #[track_caller]
    pub fn start_with_log(style: Style, service: &str, options: &[&str], log: Stdio) -> Server {
        let mut command = command(&[], style);
        command.args([service, "--listen", "127.0.0.1:0"]).args(options);
        let server = Server::from_running(Running::spawn_with_errors(command, log))
            .unwrap_or_else(|ended| panic!("{style:?} does not listen: {ended:#?}"));
        Server { workers: worker_processes(style, options), ..server }
    }

    fn from_running(running: Running) -> Result<Server, Ended> {
        match running.output.wait_for(|line| line.starts_with(LISTENING)) {
            Ok(line) => Ok(Server {
                address: line[LISTENING.len()..].parse().expect("an address"),
                running,
                workers: 0,
            }),
            Err(_) => Err(running.end()),
        }
    }

    /// The address on which it says that it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Connects to it. See [`Client::connect`].
    #[track_caller]
    pub fn connect(&self) -> Client {
        Client::connect(self.address)
    }

    /// Its process.
    pub fn process(&self) -> Process {
        self.running.process()
    }

    /// Its process id.
    pub fn pid(&self) -> i32 {
        self.process().0
    }

    /// Its resources without clients. Call it before a client has connected.
    ///
    /// When a server says that it listens, it may not yet have all its resources, so this waits
    /// until a first client has come and gone.
    #[track_caller]
    pub fn footprint_at_rest(&self) -> Footprint {
        let mut visitor = self.connect();
        visitor.half_close();
        visitor.read_to_end();
        drop(visitor);
        self.wait_for_log(|line| line.contains("client 1 left"));
        self.wait_for_no_clients();
        self.process().footprint()
    }

    /// Waits until no process of a client is left: a server has only the children that it has without
    /// clients.
    #[track_caller]
    pub fn wait_for_no_clients(&self) {
        wait_until("the children are gone", || self.has_no_clients());
    }

    /// Whether it has only the children that it has without clients.
    pub fn has_no_clients(&self) -> bool {
        self.process().children().len() == self.workers
    }

    /// Waits for a line of its log, from the first line on, and returns it.
    #[track_caller]
    pub fn wait_for_log(&self, is_it: impl Fn(&str) -> bool) -> String {
        match self.running.errors.wait_for(is_it) {
            Ok(line) => line,
            Err(why) => panic!("the log line never came: {why}"),
        }
    }

    /// The lines of its log so far.
    pub fn log(&self) -> Vec<String> {
        self.running.errors.so_far()
    }

    /// Waits for a line on its standard output, from the first line on, and returns it.
    #[track_caller]
    pub fn wait_for_output(&self, is_it: impl Fn(&str) -> bool) -> String {
        self.running.wait_for_output(is_it)
    }

    /// The lines that it has written to its standard output so far.
    pub fn output(&self) -> Vec<String> {
        self.running.output()
    }

    /// Sends SIGTERM, and waits until it has ended.
    #[track_caller]
    pub fn stop(&mut self) -> ExitStatus {
        self.process().signal(Signal::SIGTERM);
        self.wait()
    }

    /// Waits until it has ended.
    #[track_caller]
    pub fn wait(&mut self) -> ExitStatus {
        self.running.wait()
    }
}

/// How a program ended, and its output.
#[derive(Debug)]
pub struct Ended {
    /// Its exit status.
    pub status: ExitStatus,
    /// Its lines on standard output.
    pub output: Vec<String>,
    /// Its lines on standard error.
    pub errors: Vec<String>,
}

impl Ended {
    /// Checks that it has refused its command line, with this status and one line that contains
    /// these words.
    #[track_caller]
    pub fn expect_refusal(&self, status: i32, words: &[&str]) {
        assert_eq!(self.status.code(), Some(status), "{self:#?}");
        assert_eq!(self.output, [""; 0], "{self:#?}");
        let [error] = &self.errors[..] else {
            panic!("not one line: {self:#?}");
        };
        for word in words {
            assert!(error.contains(word), "no {word:?}: {error}");
        }
        assert!(!error.contains("panicked"), "{error}");
    }
}

/// Runs a style's binary with a command line with which it ends by itself.
#[track_caller]
pub fn run(style: Style, arguments: &[impl AsRef<OsStr>]) -> Ended {
    run_under(&[], style, arguments)
}

/// The same under a program that replaces itself with another one.
#[track_caller]
pub fn run_under(wrapper: &[&str], style: Style, arguments: &[impl AsRef<OsStr>]) -> Ended {
    let mut command = command(wrapper, style);
    command.args(arguments);
    Running::spawn(command).end()
}

/// How many child processes a style has without clients, with these options.
fn worker_processes(style: Style, options: &[&str]) -> usize {
    let wanted = options.iter().skip_while(|option| **option != "--max-clients").nth(1);
    match style.worker_processes() {
        0 => 0,
        workers => wanted.map_or(workers, |wanted| wanted.parse().expect("a number")),
    }
}

fn command(wrapper: &[&str], style: Style) -> Command {
    let binary = binary(style.process_name);
    match wrapper {
        [] => Command::new(binary),
        [program, arguments @ ..] => {
            let mut command = Command::new(program);
            command.args(arguments).arg(binary);
            command
        }
    }
}

/// A process and its output. Dropping it kills it.
#[derive(Debug)]
pub struct Running {
    child: Child,
    output: Lines,
    errors: Lines,
}

impl Running {
    /// Starts a command with an empty standard input.
    #[track_caller]
    pub fn spawn(command: Command) -> Running {
        Running::spawn_with_errors(command, Stdio::piped())
    }

    /// Starts a command whose standard error is `errors`.
    #[track_caller]
    pub fn spawn_with_errors(command: Command, errors: Stdio) -> Running {
        Running::spawn_with(command, Stdio::null(), errors)
    }

    #[track_caller]
    fn spawn_with(mut command: Command, input: Stdio, errors: Stdio) -> Running {
        hear_interrupts();
        command.stdin(input).stdout(Stdio::piped()).stderr(errors);
        let mut child =
            command.spawn().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        Running {
            output: Lines::collect(child.stdout.take().expect("piped")),
            errors: child.stderr.take().map(Lines::collect).unwrap_or_default(),
            child,
        }
    }

    /// Its process.
    pub fn process(&self) -> Process {
        Process(self.child.id() as i32)
    }

    /// Waits for a line on its standard output, from the first line on, and returns it.
    #[track_caller]
    pub fn wait_for_output(&self, is_it: impl Fn(&str) -> bool) -> String {
        match self.output.wait_for(is_it) {
            Ok(line) => line,
            Err(why) => panic!("the line never came: {why}: {:#?}", self.output.so_far()),
        }
    }

    /// The lines that it has written to its standard output so far.
    pub fn output(&self) -> Vec<String> {
        self.output.so_far()
    }

    /// Waits until it has ended.
    #[track_caller]
    pub fn wait(&mut self) -> ExitStatus {
        let mut ended = None;
        wait_until("the process has ended", || {
            ended = self.child.try_wait().expect("it is our child");
            ended.is_some()
        });
        ended.expect("waited for")
    }

    /// Waits until it has ended, and returns its output.
    #[track_caller]
    pub fn end(mut self) -> Ended {
        Ended { status: self.wait(), output: self.output.all(), errors: self.errors.all() }
    }
}

/// How many lines of a server's log are shown if a test fails.
const LOG_SHOWN: usize = 100;

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only if it has already been waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            let log = self.errors.so_far();
            let last = log.len().saturating_sub(LOG_SHOWN);
            eprintln!("{last} lines of its log, and then:\n{}", log[last..].join("\n"));
        }
    }
}

/// The lines that a process writes, collected by a thread, so that the writer never has to wait.
#[derive(Clone, Debug, Default)]
struct Lines(Arc<(Mutex<Collected>, Condvar)>);

#[derive(Debug, Default)]
struct Collected {
    lines: Vec<String>,
    is_over: bool,
}

/// The size that any user may ask for by default (pipe(7), pipe-max-size).
const PIPE_SIZE: i32 = 1 << 20;

impl Lines {
    fn collect(source: impl Read + AsFd + Send + 'static) -> Lines {
        // A server does not wait long for the reader of its log, and a test that waits for the
        // processor must not lose a line.
        fcntl(&source, FcntlArg::F_SETPIPE_SZ(PIPE_SIZE)).expect("a pipe may have this size");
        let lines = Lines::default();
        let Lines(shared) = lines.clone();
        thread::spawn(move || {
            let (collected, changed) = &*shared;
            let read = BufReader::new(source).split(b'\n').map_while(Result::ok);
            for line in read {
                let line = String::from_utf8_lossy(&line).into_owned();
                collected.lock().expect("no panic").lines.push(line);
                changed.notify_all();
            }
            collected.lock().expect("no panic").is_over = true;
            changed.notify_all();
        });
        lines
    }

    fn so_far(&self) -> Vec<String> {
        self.0.0.lock().expect("no panic").lines.clone()
    }

    /// All lines, once no process can write more.
    #[track_caller]
    fn all(&self) -> Vec<String> {
        let over = self.look(|collected| collected.is_over.then_some(()));
        assert!(over.is_some(), "a process still holds its output");
        self.so_far()
    }

    fn wait_for(&self, is_it: impl Fn(&str) -> bool) -> Result<String, &'static str> {
        let mut seen = 0;
        let found = self.look(|collected| {
            let new = &collected.lines[seen..];
            let found = new.iter().find(|line| is_it(line)).cloned();
            seen = collected.lines.len();
            match found {
                Some(line) => Some(Ok(line)),
                None => collected.is_over.then_some(Err("the server has ended")),
            }
        });
        found.unwrap_or(Err("time is up"))
    }

    /// Runs `look` on the collected lines, and again whenever there are more, until it returns
    /// something or the time is over.
    fn look<T>(&self, mut look: impl FnMut(&Collected) -> Option<T>) -> Option<T> {
        let by = Instant::now() + deadline();
        let (collected, changed) = &*self.0;
        let mut collected = collected.lock().expect("no panic");
        loop {
            let found = look(&collected);
            let left = by.saturating_duration_since(Instant::now());
            if found.is_some() || left.is_zero() {
                return found;
            }
            (collected, _) = changed.wait_timeout(collected, left).expect("no panic");
        }
    }
}
