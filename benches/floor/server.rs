//! Starts the barest programs: each gets a listening socket as its standard input.

use std::env;
use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use test_kit::require_tool;

use crate::kit::Chat;
use crate::load::{Load, Work};
use crate::running::Running;
use crate::{tokio_chat, tokio_echo};

/// A program that is as bare as its style allows.
#[derive(Clone, Copy)]
pub(crate) enum Floor {
    /// A program in C, in the file of this name in this folder.
    C(&'static str),
    /// A program with tokio. This program becomes it with `--become-floor`.
    Tokio(&'static str),
    /// nats-server(1), the message broker of Debian. It is no floor but a neighbour: it does more
    /// than a room does, and is known to be fast.
    Nats,
}

/// The name of the only floor that needs a library.
const URING: &str = "uring";

/// The broker's program.
const NATS: &str = "nats-server";

impl fmt::Display for Floor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Floor::C(name) => write!(f, "{name}.c"),
            Floor::Tokio(name) => f.write_str(name),
            Floor::Nats => f.write_str(NATS),
        }
    }
}

/// Serves like the tokio program of this name, with standard input as its listener.
pub(crate) fn serve_tokio(name: &str) {
    let listener = io::stdin().as_fd().try_clone_to_owned();
    let listener = TcpListener::from(listener.expect("standard input is open"));
    listener.set_nonblocking(true).expect("it is a socket");
    match name {
        "tokio_echo" => tokio_echo::serve(listener),
        "tokio_chat" => tokio_chat::serve(listener),
        _ => panic!("there is no floor {name}"),
    }
}

impl Floor {
    /// Whether this machine can run it.
    pub(crate) fn is_there(self) -> bool {
        match self {
            Floor::Tokio(_) => true,
            Floor::Nats => has_broker(),
            Floor::C(URING) => has_compiler() && Path::new("/usr/include/liburing.h").exists(),
            Floor::C(_) => has_compiler(),
        }
    }

    /// Runs it.
    pub(crate) fn start(self) -> Running {
        match self {
            Floor::C(name) => Running::start(Command::new(compile(name))),
            Floor::Tokio(name) => {
                let mut command = Command::new(env::current_exe().expect("it runs"));
                command.args(["--become-floor", name]);
                Running::start(command)
            }
            Floor::Nats => Running::start_at(|port| {
                let mut command = Command::new(NATS);
                command.args(["-a", "127.0.0.1", "-p", &port.to_string()]).stderr(Stdio::null());
                command
            }),
        }
    }

    /// Connects a client to the running floor.
    pub(crate) fn begin(self, load: Load, address: SocketAddr) -> Work {
        match (self, load) {
            (Floor::Nats, Load::Chat { speakers, lines }) => {
                let mut chat = Chat::subscribe(address, 100, speakers);
                Box::new(move || chat.round(lines))
            }
            _ => load.begin(address),
        }
    }
}

/// Whether the broker is installed.
fn has_broker() -> bool {
    static FOUND: OnceLock<bool> = OnceLock::new();
    *FOUND.get_or_init(|| require_tool(NATS))
}

/// Whether there is a C compiler, under its old POSIX name `cc`.
fn has_compiler() -> bool {
    static FOUND: OnceLock<bool> = OnceLock::new();
    *FOUND.get_or_init(|| require_tool("cc"))
}

fn compile(name: &str) -> String {
    let source = format!("{}/floor/{name}.c", env!("CARGO_MANIFEST_DIR"));
    let program = format!("{}/floor-{name}", env!("CARGO_TARGET_TMPDIR"));
    let mut command = Command::new("cc");
    command.args(["-O2", "-pthread", "-o", &program, &source]);
    if name == URING {
        command.arg("-luring");
    }
    let compiled = command.status().expect("cc is installed");
    assert!(compiled.success(), "cc refuses {name}.c");
    program
}
