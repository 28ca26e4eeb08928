//! The server under test: one that runs already, or one that is started for each case.

use std::fs;
use std::io::{self, ErrorKind, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::{Pid, Uid, User, chown, getgid, getuid};
use tempfile::TempDir;

/// Where the server is.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// It runs, at this address.
    Address(SocketAddr),
    /// This command starts it. `{port}`, `{service}` and `{directory}` are replaced.
    Command(Vec<String>),
}

/// How a server is started.
#[derive(Clone, Debug, Default)]
pub(crate) struct How {
    /// The user whose rights it has; otherwise those of this process.
    pub(crate) user: Option<User>,
    /// The directory in which it runs; otherwise that of this process.
    pub(crate) place: Option<PathBuf>,
}

/// A server that was started. Dropping it ends it and all that it has started.
pub(crate) struct Running {
    child: Child,
    pub(crate) address: SocketAddr,
    output: Arc<Mutex<Output>>,
    _directory: TempDir,
}

/// What a server has said.
#[derive(Default)]
struct Output {
    bytes: Vec<u8>,
    /// How many of its streams have ended.
    ended: usize,
}

/// A server has to listen within this time: it may be a program that is compiled first.
const START: Duration = Duration::from_secs(30);

/// The most bytes of a server's output that are kept: its last ones.
const KEPT: usize = 16 << 10;

/// How often to look whether the server listens.
const LOOK: Duration = Duration::from_millis(5);

impl Running {
    /// Starts the server, and waits until it listens.
    ///
    /// # Errors
    ///
    /// One line, and the last output of the server: it cannot be started, or does not listen.
    pub(crate) fn start(command: &[String], service: &str, how: &How) -> Result<Running, String> {
        let port = free_port().map_err(|error| format!("no port is free: {error}"))?;
        let directory = TempDir::with_prefix("after-accept-check-");
        let directory = directory.map_err(|error| format!("no directory for files: {error}"))?;
        // A name that leads out of it shall not lead out of all that is ours.
        let place = directory.path().join("files");
        fs::create_dir(&place).map_err(|error| format!("no directory for files: {error}"))?;
        if let Some(user) = &how.user {
            for path in [directory.path(), &place] {
                let given = chown(path, Some(user.uid), Some(user.gid));
                given.map_err(|error| format!("cannot give {} away: {error}", path.display()))?;
            }
        }
        let place = place.display().to_string();
        let fill = |word: &String| {
            let word = word.replace("{port}", &port.to_string());
            word.replace("{service}", service).replace("{directory}", &place)
        };
        let words: Vec<String> = command.iter().map(fill).collect();
        let mut program = Command::new(&words[0]);
        program
            .args(&words[1..])
            .env("PORT", port.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        if let Some(place) = &how.place {
            program.current_dir(place);
        }
        if let Some(user) = &how.user {
            program.uid(user.uid.as_raw()).gid(user.gid.as_raw()).env("HOME", &user.dir);
        }
        let child = program.spawn();
        let mut child = child.map_err(|error| format!("cannot start {}: {error}", words[0]))?;
        let output = Arc::new(Mutex::new(Output::default()));
        keep(child.stdout.take(), &output);
        keep(child.stderr.take(), &output);
        let address = (Ipv4Addr::LOCALHOST, port).into();
        let mut server = Running { child, address, output, _directory: directory };
        server.wait_until_it_listens(port)?;
        Ok(server)
    }

    /// Looks into the kernel's tables: a connection would be one client too many.
    fn wait_until_it_listens(&mut self, port: u16) -> Result<(), String> {
        let deadline = Instant::now() + START;
        while !listens(port) {
            if let Some(status) = self.ended() {
                let said = self.last_output();
                return Err(format!("the server ended before it listened: {status}{said}"));
            }
            if Instant::now() > deadline {
                let said = self.last_output();
                let seconds = START.as_secs();
                return Err(format!(
                    "nothing listens at port {port} after {seconds} s; does the server take its port \
                     from {{port}} in the command, or from PORT in its environment?{said}"
                ));
            }
            thread::sleep(LOOK);
        }
        Ok(())
    }

    /// The process that was started.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// How the server has ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<String> {
        self.child.try_wait().ok().flatten().map(in_words)
    }

    /// The same, after a moment: a server whose client has just failed may be about to end.
    pub(crate) fn ends_soon(&mut self) -> Option<String> {
        let deadline = Instant::now() + Duration::from_millis(300);
        loop {
            match self.ended() {
                None if Instant::now() < deadline => thread::sleep(LOOK),
                ended => return ended,
            }
        }
    }

    /// The last lines that the server has said, each on a line of its own and indented; or nothing.
    pub(crate) fn last_output(&self) -> String {
        // If it has ended, its last words may still be on their way.
        let deadline = Instant::now() + Duration::from_millis(200);
        let output = || self.output.lock().expect("no thread panics");
        while output().ended < 2 && Instant::now() < deadline {
            thread::sleep(LOOK);
        }
        let text = String::from_utf8_lossy(&output().bytes).into_owned();
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        let first_of_last = lines.len().saturating_sub(5);
        // A long trace may follow the line that names the fault.
        let names_it = |line: &&str| {
            let words = ["panicked at", "Unhandled", "Error:", "fatal"];
            words.iter().any(|word| line.contains(word))
        };
        let named = lines[..first_of_last].iter().copied().find(names_it);
        let last = named.into_iter().chain(lines[first_of_last..].iter().copied());
        last.map(|line| format!("\n{}", shown(line))).collect()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let group = Pid::from_raw(self.child.id().cast_signed());
        // It may have ended itself, and its group with it.
        let _ = killpg(group, Signal::SIGKILL);
        let _ = self.child.wait();
    }
}

/// A line of a program, without what could drive a terminal.
fn shown(line: &str) -> String {
    line.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect()
}

/// How a process has ended, in words.
fn in_words(status: ExitStatus) -> String {
    match (status.code(), status.signal().map(Signal::try_from)) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(Ok(signal))) => format!("killed by {signal}"),
        (None, _) => status.to_string(),
    }
}

/// Keeps the end of what a program says.
fn keep(stream: Option<impl Read + Send + 'static>, output: &Arc<Mutex<Output>>) {
    let output = Arc::clone(output);
    let mut stream = stream.expect("it is piped");
    thread::spawn(move || {
        let mut piece = [0; 4096];
        loop {
            match stream.read(&mut piece) {
                Ok(count @ 1..) => {
                    let bytes = &mut output.lock().expect("no thread panics").bytes;
                    bytes.extend_from_slice(&piece[..count]);
                    let more = bytes.len().saturating_sub(KEPT);
                    bytes.drain(..more);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Ok(0) | Err(_) => {
                    output.lock().expect("no thread panics").ended += 1;
                    return;
                }
            }
        }
    });
}

fn free_port() -> io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}

/// Whether a socket listens at this port of this machine (proc_net_tcp(5): state 0A).
fn listens(port: u16) -> bool {
    let end = format!(":{port:04X}");
    ["tcp", "tcp6"].iter().any(|table| {
        let text = fs::read_to_string(format!("/proc/self/net/{table}")).unwrap_or_default();
        text.lines().any(|line| {
            let mut fields = line.split_whitespace().skip(1);
            let own = fields.next().unwrap_or_default();
            own.ends_with(&end) && fields.nth(1) == Some("0A")
        })
    })
}

/// Leaves the network: from now on this process and its servers have a loopback interface alone, so
/// that a server under test reaches nobody, and no stranger reaches it. Returns whether the system
/// allows that (network_namespaces(7)).
///
/// It has to be called while the process has one thread.
pub(crate) fn leave_the_network() -> bool {
    let (user, group) = (getuid(), getgid());
    let mut flags = CloneFlags::CLONE_NEWNET;
    if !Uid::effective().is_root() {
        flags |= CloneFlags::CLONE_NEWUSER;
    }
    if !has_ip() || unshare(flags).is_err() {
        return false;
    }
    if flags.contains(CloneFlags::CLONE_NEWUSER) {
        // Only root may bring up an interface, so the user becomes root of the new namespace.
        let written = fs::write("/proc/self/setgroups", "deny")
            .and_then(|()| fs::write("/proc/self/uid_map", format!("0 {user} 1")))
            .and_then(|()| fs::write("/proc/self/gid_map", format!("0 {group} 1")));
        if written.is_err() {
            return false;
        }
    }
    let up = Command::new("ip").args(["link", "set", "lo", "up"]).status();
    up.is_ok_and(|status| status.success())
}

/// Whether ip(8) is installed, which brings the interface up.
fn has_ip() -> bool {
    let tried = Command::new("ip").arg("-V").stdout(Stdio::null()).stderr(Stdio::null()).status();
    tried.is_ok_and(|status| status.success())
}
