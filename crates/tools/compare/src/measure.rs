//! One measurement: starts a server for it, and runs the load generator on another processor.

use std::env;
use std::io::{self, BufRead, BufReader, ErrorKind};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{self, Child, Command, Stdio};
use std::time::Duration;

use launch::{MaxClients, Style};
use load::Report;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};
use socket2::SockRef;

use crate::about::Placement;
use crate::loads::Load;

/// The result of a measurement.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// All answers were right.
    Measured(Box<Report>),
    /// The style cannot do it, for this reason.
    Cannot(String),
}

/// Puts a server of the style under the load.
///
/// # Errors
///
/// Something failed, independently of the style.
pub(crate) fn measure(
    style: &Style,
    load: &Load,
    duration: Duration,
    place: &Placement,
) -> io::Result<Outcome> {
    place.stay_with_servers(load)?;
    let servers = start(style, load);
    place.stay_with_generator(load)?;
    let (servers, address) = match servers? {
        Ok(started) => started,
        Err(why) => return Ok(Outcome::Cannot(why)),
    };
    let processes: Vec<String> = servers.iter().map(|server| server.0.id().to_string()).collect();
    let output = Command::new(env::current_exe()?)
        .args(["load", load.service, &address, "--json"])
        .args(["--connections", &load.connections.to_string()])
        .args(["--duration", &duration.as_secs_f64().to_string()])
        .args(["--pid", &processes.join(",")])
        .args((load.idle > 0).then(|| format!("--idle={}", load.idle)))
        .args(load.options)
        .stdin(Stdio::null())
        .output()?;
    let report: Result<Report, _> = serde_json::from_slice(&output.stdout);
    Ok(match report {
        Ok(report) if report.is_right() => Outcome::Measured(Box::new(report)),
        Ok(report) => Outcome::Cannot(format!("errors: {}", report.errors())),
        Err(_) => Outcome::Cannot(reason(&String::from_utf8_lossy(&output.stderr), &address)),
    })
}

/// The generator's message, shortened for a table.
fn reason(said: &str, address: &str) -> String {
    let said = said.trim().trim_start_matches("error: ");
    let said = said.replacen(&format!("{address} has "), "", 1);
    // The text in parentheses is advice for a person.
    let end = said.find(" (").unwrap_or(said.len());
    said[..end].to_owned()
}

/// Starts the servers of a load, and returns them and the address of all; or the reason why one
/// does not start.
fn start(style: &Style, load: &Load) -> io::Result<Result<(Vec<Server>, String), String>> {
    let mut listeners = Vec::new();
    if load.servers > 1 {
        let first = sockets::listen(FREE)?;
        SockRef::from(&first).set_reuse_port(true)?;
        for _ in 1..load.servers {
            listeners.push(Stdio::from(OwnedFd::from(sockets::listen_beside(&first)?)));
        }
        listeners.push(OwnedFd::from(first).into());
    } else {
        listeners.push(Stdio::null());
    }
    let listen = if load.servers > 1 { sockets::INHERITED } else { FREE };
    let (mut servers, mut address) = (Vec::new(), String::new());
    for listener in listeners {
        match Server::start(style, load, listen, listener)? {
            Ok((server, at)) => {
                servers.push(server);
                address = at;
            }
            Err(why) => return Ok(Err(why)),
        }
    }
    Ok(Ok((servers, address)))
}

/// Lets the kernel choose a port that is free.
const FREE: &str = "127.0.0.1:0";

/// A server, which is stopped when it is dropped.
struct Server(Child);

impl Server {
    /// Starts the server, and returns its address; or the reason why it does not start.
    fn start(
        style: &Style,
        load: &Load,
        listen: &str,
        input: Stdio,
    ) -> io::Result<Result<(Server, String), String>> {
        let mut command = Command::new(env::current_exe()?);
        command
            .arg0(style.process_name)
            .args([load.service, "--listen", listen])
            .args(["--ends-with", &process::id().to_string()])
            .stdin(input)
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        if let MaxClients::Default(default) = style.max_clients
            && load.clients() > default
        {
            command.args(["--max-clients", &load.clients().to_string()]);
        }
        let mut server = Server(command.spawn()?);
        let output = server.0.stdout.take().expect("it is piped");
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        Ok(match line.trim_end().strip_prefix("listening on ") {
            Some(address) => Ok((server, address.to_owned())),
            None => Err("the server does not start".to_owned()),
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // This fails only if the server has already ended.
        let _ = kill(Pid::from_raw(self.0.id() as i32), Signal::SIGTERM);
        while let Err(error) = self.0.wait() {
            if error.kind() != ErrorKind::Interrupted {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_fits_a_table() {
        let said = "error: 127.0.0.1:7 has let 1 of 10 clients in, and no more (its limit?)\n";
        assert_eq!(reason(said, "127.0.0.1:7"), "let 1 of 10 clients in, and no more");
        assert_eq!(reason("error: interrupted\n", "127.0.0.1:7"), "interrupted");
    }
}
