//! One run: a server under strace(1), and the clients, each in its own thread.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::{self, BufRead, BufReader, Error, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::process::{self, Child, Command, Stdio};
use std::sync::{Condvar, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use launch::Style;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::record::{Event, Lane, Record};
use crate::scenario::{Part, SCENARIO, SERVICE};
use crate::trace::{self, Thread};

/// The time limit of everything that should be quick.
const PATIENCE: Duration = Duration::from_secs(60);

/// The signal for a slow client to go on. No client goes on before all have sent something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tempo {
    /// The clock, as in the scenario: for a picture.
    Clock,
    /// No other signal: for a server that has one client at a time.
    AllHaveCalled,
    /// The answers to all quick clients: for a server that has many clients. So a slow machine
    /// cannot make it look as if one client had waited for another.
    QuickOnesAreAnswered,
}

/// Plays the scenario against a server of the style, which `program` becomes by its arguments.
///
/// # Errors
///
/// strace(1) is missing, the server does not start, or a client has to wait too long.
pub fn play(program: &Path, style: &Style, tempo: Tempo) -> io::Result<Record> {
    let directory = tempfile::tempdir_in(launch::temporary_directory())?;
    let mut server = Server::start(program, style, directory.path())?;
    let stage = Stage::new(tempo);
    let clients = thread::scope(|scope| {
        let clients = (0..SCENARIO.len()).map(|number| {
            let (stage, port) = (&stage, server.port);
            scope.spawn(move || act(number, stage, port))
        });
        let clients: Vec<_> = clients.collect();
        let ended = clients.into_iter().zip(SCENARIO).map(|(client, part)| {
            let acted = client.join().expect("a client does not panic");
            acted
                .map_err(|error| Error::new(error.kind(), format!("client {}: {error}", part.name)))
        });
        ended.collect::<io::Result<Vec<_>>>()
    })?;
    server.stop()?;
    let threads = trace::read(directory.path())?;
    record(style, &clients, threads).map_err(Error::other)
}

/// A client that has finished its part.
struct Client {
    name: &'static str,
    port: u16,
    calls: Vec<Call>,
}

/// One system call of a client. Its times are microseconds since 1970.
struct Call {
    from: i64,
    to: i64,
    name: &'static str,
    text: Option<String>,
}

// ANCHOR: act
/// Plays one part of the scenario.
fn act(number: usize, stage: &Stage, port: u16) -> io::Result<Client> {
    let part = &SCENARIO[number];
    stage.wait_for_entrance(number)?;
    let mut calls = Calls::default();
    let mut stream = calls.time("connect", || TcpStream::connect(("127.0.0.1", port)))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    for (count, piece) in part.sends.iter().enumerate() {
        if count > 0 {
            stage.take_time(part.hesitates)?;
        }
        calls.time("send", || stream.write_all(piece.as_bytes()))?;
        calls.had_text(piece);
        stage.note(|done| &mut done.called, number);
    }
    let mut answer = String::new();
    calls.time("recv", || BufReader::new(&stream).read_line(&mut answer))?;
    calls.had_text(&answer);
    stage.note(|done| &mut done.answered, number);
    if part.stays > 0 {
        stage.take_time(part.stays)?;
    }
    calls.time("shutdown", || stream.shutdown(Shutdown::Write))?;
    calls.time("recv", || stream.read_to_string(&mut answer))?;
    let port = stream.local_addr()?.port();
    let (name, calls) = (part.name, calls.0);
    Ok(Client { name, port, calls })
}
// ANCHOR_END: act

/// The calls of a client so far.
#[derive(Default)]
struct Calls(Vec<Call>);

impl Calls {
    fn time<T>(
        &mut self,
        name: &'static str,
        call: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        let from = now();
        let result = call();
        let (to, text) = (now(), None);
        self.0.push(Call { from, to, name, text });
        result
    }

    /// Adds the text that the last call has sent or received.
    fn had_text(&mut self, text: &str) {
        if let Some(call) = self.0.last_mut() {
            call.text = Some(text.to_owned());
        }
    }
}

/// The time of the same clock that strace(1) uses.
fn now() -> i64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.map_or(0, |now| now.as_micros() as i64)
}

/// The progress that the clients share with one another.
struct Stage {
    tempo: Tempo,
    /// The time when the first client began.
    begun: OnceLock<Instant>,
    done: Mutex<Done>,
    changed: Condvar,
}

/// The clients that have sent something, and those that have their answer, by number.
#[derive(Default)]
struct Done {
    called: HashSet<usize>,
    answered: HashSet<usize>,
}

impl Stage {
    fn new(tempo: Tempo) -> Stage {
        Stage { tempo, begun: OnceLock::new(), done: Mutex::default(), changed: Condvar::new() }
    }

    /// Waits until it is time for a client to connect.
    fn wait_for_entrance(&self, number: usize) -> io::Result<()> {
        self.wait_until(|done| number == 0 || done.called.contains(&(number - 1)))?;
        let begun = self.begun.get_or_init(Instant::now);
        if self.tempo == Tempo::Clock {
            let connects = Duration::from_millis(SCENARIO[number].connects);
            thread::sleep(connects.saturating_sub(begun.elapsed()));
        }
        Ok(())
    }

    /// Makes a client wait, for this many milliseconds if the clock counts.
    fn take_time(&self, millis: u64) -> io::Result<()> {
        if self.tempo == Tempo::Clock {
            thread::sleep(Duration::from_millis(millis));
        }
        let is_quick = |part: &Part| part.hesitates == 0;
        self.wait_until(|done| {
            let mut parts = SCENARIO.iter().enumerate();
            parts.all(|(number, part)| match self.tempo {
                Tempo::QuickOnesAreAnswered if is_quick(part) => done.answered.contains(&number),
                _ => done.called.contains(&number),
            })
        })
    }

    /// Tells the other clients about this one's progress.
    fn note(&self, of: impl FnOnce(&mut Done) -> &mut HashSet<usize>, number: usize) {
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        of(&mut done).insert(number);
        self.changed.notify_all();
    }

    fn wait_until(&self, holds: impl Fn(&Done) -> bool) -> io::Result<()> {
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = &self.changed;
        let waited = changed.wait_timeout_while(done, PATIENCE, |done| !holds(done));
        let (done, _) = waited.unwrap_or_else(PoisonError::into_inner);
        match holds(&done) {
            true => Ok(()),
            false => Err(Error::new(
                ErrorKind::TimedOut,
                "the other clients did not get far enough for it to go on",
            )),
        }
    }
}

/// A server that is killed when it is dropped.
struct Server<'a> {
    child: Child,
    port: u16,
    directory: &'a Path,
}

impl Server<'_> {
    fn start<'a>(program: &Path, style: &Style, directory: &'a Path) -> io::Result<Server<'a>> {
        let log = directory.join("log");
        let child = Command::new("strace")
            .args(trace::OPTIONS)
            .arg(trace::CALLS)
            .arg("-o")
            .arg(trace::files(directory))
            .arg(program)
            .args([style.name, SERVICE, "--listen", "127.0.0.1:0"])
            // A server with a ring tells of its completions.
            .env("RUST_LOG", "trace")
            // With -D strace is the server's child, and the server is our child.
            .args(["--ends-with", &process::id().to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(&log)?)
            .spawn();
        let child = child.map_err(|error| match error.kind() {
            ErrorKind::NotFound => Error::new(
                ErrorKind::NotFound,
                "strace is not installed; it records the system calls of the server",
            ),
            _ => error,
        })?;
        let mut server = Server { child, port: 0, directory };
        let output = server.child.stdout.take().expect("it is piped");
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let port = line.trim_end().rsplit_once(':');
        match port.and_then(|(_, port)| port.parse().ok()) {
            Some(port) => server.port = port,
            None => {
                let said = fs::read_to_string(&log).unwrap_or_default();
                let said = said.trim_end();
                return Err(Error::other(format!("the server does not start: {said}")));
            }
        }
        Ok(server)
    }

    /// Stops the server, and waits until strace(1) has written everything.
    fn stop(&mut self) -> io::Result<()> {
        kill(Pid::from_raw(self.child.id() as i32), Signal::SIGTERM)?;
        self.child.wait()?;
        let by = Instant::now() + PATIENCE;
        while !trace::is_complete(self.directory, self.child.id()) {
            if Instant::now() > by {
                return Err(Error::new(ErrorKind::TimedOut, "strace does not end"));
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Drop for Server<'_> {
    fn drop(&mut self) {
        // Both fail only if the process has been waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Combines the calls of the clients with those that strace(1) has seen.
fn record(style: &Style, clients: &[Client], mut threads: Vec<Thread>) -> Result<Record, String> {
    let calls = || clients.iter().flat_map(|client| &client.calls);
    let zero = calls().map(|call| call.from).min().unwrap_or_default();
    let end = calls().map(|call| call.to).max().unwrap_or_default();
    let millis = |time: i64| (time.clamp(zero, end) - zero) as f64 / 1000.0;

    let names: HashMap<_, _> = clients.iter().map(|client| (client.port, client.name)).collect();
    let mut events = Vec::new();
    for client in clients {
        events.extend(client.calls.iter().map(|call| Event {
            from: millis(call.from),
            to: millis(call.to),
            who: client.name.to_owned(),
            call: call.name.to_owned(),
            client: None,
            text: call.text.clone(),
        }));
    }
    // The kernel has cut off the name: a thread's name has at most 15 characters.
    if let Some(first) = threads.first_mut() {
        first.name = style.process_name.to_owned();
    }
    let all = threads.len();
    threads.retain(|thread| thread.calls.iter().any(|call| call.client.is_some()));
    let others = all - threads.len();
    number_those_of_one_name(&mut threads);
    for thread in &threads {
        let happens = |call: &&trace::Call| call.from <= end && call.to >= zero;
        let matters = |call: &&trace::Call| call.client.is_some() || call.is_sleep();
        let calls = thread.calls.iter().filter(happens).filter(matters);
        events.extend(calls.map(|call| Event {
            from: millis(call.from),
            to: millis(call.to),
            who: thread.name.clone(),
            call: call.name.clone(),
            client: call.client.and_then(|port| names.get(&port)).map(|&name| name.to_owned()),
            text: None,
        }));
    }
    let lanes = threads.iter().map(|thread| Lane {
        name: thread.name.clone(),
        kind: thread.kind,
        from: millis(thread.from),
        to: millis(thread.to),
    });
    Record::new(style.name.to_owned(), lanes.collect(), others, events)
}

fn number_those_of_one_name(threads: &mut [Thread]) {
    let names: Vec<_> = threads.iter().map(|thread| thread.name.clone()).collect();
    for (place, thread) in threads.iter_mut().enumerate() {
        let same = |other: &&String| **other == names[place];
        if names.iter().filter(same).count() > 1 {
            let number = names[..=place].iter().filter(same).count();
            thread.name = format!("{} {number}", names[place]);
        }
    }
}
