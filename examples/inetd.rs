//! A small inetd: it listens and, for each client, starts the program that its arguments name. The
//! connection is the program's standard input and output (inetd(8), "nowait").
//!
//! With `--wait` as the first argument it starts the program once, and hands it the listener.

use std::io;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::sync::Arc;

use signal_hook::{consts::SIGINT, flag};

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1).peekable();
    let wait = arguments.next_if_eq("--wait").is_some();
    let program: Vec<_> = arguments.collect();
    let listener = TcpListener::bind("127.0.0.1:5000")?;
    println!("inetd: listening on 127.0.0.1:5000");
    // ANCHOR: hand
    let mut command = Command::new(&program[0]);
    command.args(&program[1..]);
    if wait {
        // Ctrl-C should end the server, which may still have clients, and not this program.
        flag::register(SIGINT, Arc::default())?;
        command.stdin(OwnedFd::from(listener)).status()?;
        return Ok(());
    }
    loop {
        let (connection, _) = listener.accept()?;
        let connection = OwnedFd::from(connection);
        command.stdin(connection.try_clone()?).stdout(connection);
        command.status()?;
        // The command keeps its descriptors, so the connection would stay open here.
        command.stdin(Stdio::null()).stdout(Stdio::null());
    }
    // ANCHOR_END: hand
}
