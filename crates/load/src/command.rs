//! The command line, and a run from its beginning to its report.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::process::{self, ExitCode};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use clap::{ArgGroup, Args, Subcommand};
use launch::{HostPort, Problem, host_port, size};
use nix::errno::Errno;
use nix::time::{ClockId, clock_gettime};
use signal_hook::{consts::SIGINT, flag};
use sockets::{raise_descriptor_limit, without_number};

use crate::chat::{self, Chat};
use crate::connect::{CONNECTIONS_A_SOURCE, Route};
use crate::costs::{Costs, Snapshot};
use crate::dialogue::Dialogue;
use crate::echo::Echo;
use crate::fortune::Fortune;
use crate::progress::Progress;
use crate::report::Report;
use crate::run::{Failure, Pace, Run};
use crate::schedule::Schedule;

/// How many connections there may be, and messages under way on each: about as many as one process
/// may have descriptors (proc(5), `nr_open`).
const MOST: u32 = 1_000_000;

/// Put a server under load, and measure how it bears it
///
/// Many clients talk to one server for some seconds. Each checks every byte that comes back, and
/// what is lost, doubled, misordered or changed is reported as an error.
///
/// Without --rate it is a closed loop: who has been answered says the next message. That shows how
/// much a server can do. But while it stalls nobody asks anything of it, so one long wait stands
/// for all the messages that a stall would have kept waiting.
/// With --rate it is an open loop: messages are due at fixed times, whatever becomes of the ones
/// before, and latency counts from then. That shows what people would wait.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  after-accept load echo 127.0.0.1:6007 --connections 100
  after-accept load echo 127.0.0.1:4007 --rate 10000 --size 4K --duration 30
  after-accept load echo 127.0.0.1:5007 --idle 900 --pid $(pgrep -of 'select-server echo')
  after-accept load fortune 127.0.0.1:3017 --connections 10
  after-accept load chat 127.0.0.1:6026 --connections 100 --depth 64 --json

Exit status: 0 all answers were right, 1 some were not or the run failed, 2 wrong usage.")]
pub struct Command {
    #[command(subcommand)]
    service: Service,
}

#[derive(Clone, Debug, Subcommand)]
enum Service {
    /// What is sent has to come back (RFC 862)
    Echo {
        #[command(flatten)]
        load: Load,

        #[command(flatten)]
        stay: Stay,

        /// How long a message is, in bytes: 64, or 64K
        #[arg(long, value_name = "B", default_value = "64", value_parser = message_size)]
        size: u32,

        /// So many more connections that say nothing once they have been let in
        #[arg(long, value_name = "N", default_value = "0", value_parser = number(0, MOST))]
        idle: usize,

        /// Every message has a connection of its own: connect, send, read it back, close
        #[arg(long)]
        reconnect: bool,
    },
    /// Each connection gets one text, and the server ends it (RFC 865)
    Fortune {
        #[command(flatten)]
        load: Load,
    },
    /// Some members speak, and all others have to hear every line, once and in order
    Chat {
        #[command(flatten)]
        load: Load,

        #[command(flatten)]
        stay: Stay,

        /// How long a line is, in bytes, without its end: it says whose it is, and its number
        #[arg(
            long,
            value_name = "B",
            default_value = "64",
            value_parser = clap::value_parser!(u32).range(chat::SHORTEST as i64..=chat::LONGEST as i64)
        )]
        size: u32,

        /// How many members speak; the others only listen
        #[arg(
            long,
            value_name = "N",
            default_value = "1",
            value_parser = number(1, chat::MOST_SPEAKERS)
        )]
        speakers: usize,
    },
}

/// What every load has.
#[derive(Args, Clone, Debug)]
#[command(group = ArgGroup::new("pace").args(["rate", "depth"]))]
struct Load {
    /// Where the server listens
    #[arg(value_name = "HOST:PORT", value_parser = host_port)]
    address: HostPort,

    /// How many clients
    #[arg(long, value_name = "N", default_value = "1", value_parser = number(1, MOST))]
    connections: usize,

    /// How long they talk, in seconds (0.5 is half of one)
    #[arg(long, value_name = "SECS", default_value = "10", value_parser = seconds)]
    duration: Duration,

    /// An open loop: so many messages are due a second, of all speakers together
    #[arg(long, value_name = "R", value_parser = rate)]
    rate: Option<f64>,

    /// A closed loop in which each speaker has so many messages under way [default: 1]
    #[arg(long, value_name = "N", value_parser = number(1, MOST))]
    depth: Option<usize>,

    /// From how many addresses (127.0.0.1, 127.0.0.2, ...) the clients come, to a server on this
    /// machine: one address has about 28,000 ports [default: one for each 10,000 connections]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=200))]
    sources: Option<u8>,

    /// The server's process, to be told what all this costs it and its descendants
    #[arg(long, value_name = "PID")]
    pid: Option<i32>,

    /// Print the report as JSON; times are in nanoseconds, memory in bytes
    #[arg(long)]
    json: bool,
}

/// What a load has whose connections stay.
#[derive(Args, Clone, Debug)]
struct Stay {
    /// Connect them evenly over so many seconds [default: as fast as the server lets them in]
    #[arg(long, value_name = "SECS", value_parser = seconds)]
    ramp: Option<Duration>,
}

/// Puts a server under load as the command says, prints the report, and returns the status to exit
/// with: 0 if all answers were right, 1 if some were not or the run failed, 2 for wrong usage.
pub fn run(command: Command) -> ExitCode {
    let plan = Plan::from(command.service);
    let report = match plan.carry_out() {
        Ok(report) => report,
        Err(problem) => return problem.report(),
    };
    let text = match plan.load.json {
        true => serde_json::to_string_pretty(&report).expect("it has no map") + "\n",
        false => report.to_string(),
    };
    match io::stdout().write_all(text.as_bytes()) {
        Ok(()) if report.is_right() => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// What shall be done.
struct Plan {
    service: &'static str,
    load: Load,
    ramp: Duration,
    size: u64,
    speakers: usize,
    idle: usize,
    reconnects: bool,
}

impl From<Service> for Plan {
    fn from(service: Service) -> Plan {
        match service {
            Service::Echo {
                load,
                stay,
                size,
                idle,
                reconnect,
            } => Plan {
                service: "echo",
                ramp: stay.ramp.unwrap_or_default(),
                size: size.into(),
                speakers: load.connections,
                idle,
                reconnects: reconnect,
                load,
            },
            Service::Fortune { load } => Plan {
                service: "fortune",
                ramp: Duration::ZERO,
                size: 0,
                speakers: load.connections,
                idle: 0,
                reconnects: true,
                load,
            },
            Service::Chat {
                load,
                stay,
                size,
                speakers,
            } => Plan {
                service: "chat",
                ramp: stay.ramp.unwrap_or_default(),
                size: size.into(),
                speakers: speakers.min(load.connections),
                idle: 0,
                reconnects: false,
                load,
            },
        }
    }
}

impl Plan {
    fn carry_out(&self) -> Result<Report, Problem> {
        let load = &self.load;
        if self.reconnects && load.depth.is_some_and(|depth| depth > 1) {
            return Err(Problem::usage(
                "--depth is for connections that stay: where each message has one of its own, \
                 take more --connections",
            ));
        }
        let server = resolve(&load.address)?;
        let all = load.connections + self.idle;
        let sources = self.sources(server, all)?;
        require_descriptors(all)?;
        let pace = match load.rate {
            Some(rate) => Pace::Open(Schedule::new(rate, load.duration, self.speakers)),
            None => Pace::Closed {
                depth: load.depth.unwrap_or(1),
            },
        };
        let route = Route::new(server, sources);
        let run = Run::new(
            self.dialogue(),
            all,
            route,
            pace,
            Progress::on_standard_error(),
        );
        let mut run = run.map_err(|error| Problem::world(without_number(&error)))?;
        // The first Ctrl-C ends the measuring, and the second one everything.
        let flag = Arc::clone(&run.is_interrupted);
        flag::register_conditional_shutdown(SIGINT, 130, Arc::clone(&flag))
            .and_then(|_| flag::register(SIGINT, flag))
            .expect("SIGINT may be caught");

        let snapshot = || match load.pid.map(Snapshot::of).transpose() {
            Ok(snapshot) => Ok(snapshot.unwrap_or_default()),
            Err(error) => Err(Problem::world(error.to_string())),
        };
        let explain = |failure| self.explain(failure, server, all);
        let at_rest = snapshot()?;
        run.arrive(self.ramp).map_err(explain)?;
        let with_clients = snapshot()?;
        let used_before = processor_time();
        let time = run.talk(load.duration).map_err(explain)?;
        let used = processor_time() - used_before;
        let answers = run.tally.count();
        run.listen().map_err(explain)?;
        let at_the_end = snapshot();
        run.leave().map_err(explain)?;
        let costs = match at_the_end {
            Ok(end) => load
                .pid
                .map(|_| Costs::between(&at_rest, &with_clients, &end)),
            // It has ended meanwhile, and its clients have more to tell.
            Err(problem) => {
                problem.report();
                None
            }
        };

        Ok(Report {
            service: self.service.to_owned(),
            server,
            connections: load.connections,
            speakers: self.speakers,
            idle: self.idle,
            size: self.size,
            reconnects: self.reconnects,
            rate: load.rate,
            depth: load.rate.is_none().then(|| load.depth.unwrap_or(1)),
            seconds: time.as_secs_f64(),
            answers,
            late_answers: run.tally.count() - answers,
            unanswered: run.waiting() as u64,
            latency_ns: run.tally.latency(),
            fairness: run.tally.fairness(run.dialogue.listeners()),
            faults: run.dialogue.faults(),
            broken: run.broken,
            first_broken: run.first_broken.as_ref().map(without_number),
            generator_core: used.as_secs_f64() / time.as_secs_f64(),
            costs,
        })
    }

    fn dialogue(&self) -> Box<dyn Dialogue> {
        let clients = self.load.connections;
        match self.service {
            "echo" => Box::new(Echo::new(clients, self.idle, self.size, self.reconnects)),
            "fortune" => Box::new(Fortune::new(clients)),
            _ => Box::new(Chat::new(clients, self.speakers, self.size, run_number())),
        }
    }

    fn sources(&self, server: SocketAddr, all: usize) -> Result<u8, Problem> {
        let enough = all.div_ceil(CONNECTIONS_A_SOURCE).clamp(1, 200) as u8;
        match self.load.sources {
            None if is_here(server) => Ok(enough),
            None | Some(1) => Ok(1),
            Some(sources) if is_here(server) => Ok(sources),
            Some(_) => Err(Problem::usage(
                "--sources are addresses of 127.0.0.0/8, from which only a server there can be reached",
            )),
        }
    }

    /// What has happened, and what to do about it.
    fn explain(&self, failure: Failure, server: SocketAddr, all: usize) -> Problem {
        let text = match failure {
            Failure::Connect(error) => {
                let hint = match error.raw_os_error().map(Errno::from_raw) {
                    Some(Errno::ECONNREFUSED) => " (nobody listens there)",
                    Some(Errno::EADDRNOTAVAIL) if is_here(server) => {
                        " (ports have run out: raise --sources)"
                    }
                    Some(Errno::EADDRNOTAVAIL) => {
                        " (ports have run out: take fewer --connections, or a server at 127.0.0.1)"
                    }
                    _ => "",
                };
                format!(
                    "cannot connect to {server}: {}{hint}",
                    without_number(&error)
                )
            }
            Failure::NotLetIn(here) => format!(
                "{server} has let {here} of {all} clients in, and no more \
                 (its --max-clients, or another service?)"
            ),
            Failure::Poll(error) => format!("cannot go on: {}", without_number(&error)),
            Failure::Interrupted => "interrupted before anything was measured".to_owned(),
        };
        Problem::world(text)
    }
}

/// Whether all of 127.0.0.0/8 can reach the server.
fn is_here(server: SocketAddr) -> bool {
    server.is_ipv4() && server.ip().is_loopback()
}

/// The server's address; of several that a name has, the first at which anybody listens.
fn resolve(HostPort(address): &HostPort) -> Result<SocketAddr, Problem> {
    let found: Vec<SocketAddr> = match address.to_socket_addrs() {
        Ok(found) => found.collect(),
        Err(error) => {
            let why = without_number(&error);
            return Err(Problem::world(format!("cannot find {address}: {why}")));
        }
    };
    if let [only] = found[..] {
        return Ok(only);
    }
    // The connection that has found it out is closed again.
    let connected = TcpStream::connect(&found[..]).and_then(|stream| stream.peer_addr());
    connected.map_err(|error| {
        let why = without_number(&error);
        Problem::world(format!("cannot connect to {address}: {why}"))
    })
}

/// A descriptor for each connection, and some for the rest.
fn require_descriptors(connections: usize) -> Result<(), Problem> {
    let wanted = connections + 16;
    match raise_descriptor_limit() {
        Ok(limit) if limit < wanted => Err(Problem::world(format!(
            "{connections} connections want {wanted} descriptors, and this process may have \
             {limit}: raise the limit, with ulimit -n {wanted}"
        ))),
        Ok(_) => Ok(()),
        Err(error) => Err(Problem::world(format!(
            "cannot raise the limit of descriptors: {}",
            without_number(&error)
        ))),
    }
}

/// What tells this run's lines from those of others.
fn run_number() -> u32 {
    let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    since.subsec_nanos() ^ process::id()
}

/// How much processor time this process has used so far.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID);
    time.expect("every Linux has this clock").into()
}

/// Reads a number of seconds above 0, which may have a fraction.
///
/// # Errors
///
/// One line that says what would be right.
pub fn seconds(text: &str) -> Result<Duration, &'static str> {
    text.parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|seconds| !seconds.is_zero())
        .ok_or("want a number of seconds above 0, like 10 or 0.5")
}

fn rate(text: &str) -> Result<f64, &'static str> {
    match text.parse() {
        Ok(rate) if rate > 0.0 && rate <= 1e9 => Ok(rate),
        _ => Err("want how many messages a second, like 1000 or 0.5"),
    }
}

fn message_size(text: &str) -> Result<u32, String> {
    match size(text)? {
        0 => Err("want 1 or more".to_owned()),
        size => Ok(size),
    }
}

fn number(least: u32, most: u32) -> impl Fn(&str) -> Result<usize, String> + Clone {
    move |text| match text.parse() {
        Ok(number) if (least..=most).contains(&number) => Ok(number as usize),
        _ => Err(format!("want a number from {least} to {most}")),
    }
}
