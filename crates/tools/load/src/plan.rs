//! A run, from its beginning to its report.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{self, ExitCode};
use std::time::{Duration, SystemTime};

use launch::{HostPort, Problem, raise_descriptor_limit, without_numbers};
use nix::errno::Errno;
use nix::time::{ClockId, clock_gettime};

use crate::chat::Chat;
use crate::command::{Command, Load, Room, Service};
use crate::connect::{CONNECTIONS_A_SOURCE, Route, SOURCES_TO_RECONNECT};
use crate::costs::{Costs, Snapshot, serves_at};
use crate::dialogue::Dialogue;
use crate::echo::Echo;
use crate::fortune::Fortune;
use crate::nats::Nats;
use crate::progress::Progress;
use crate::report::Report;
use crate::run::{Failure, Pace, Run};
use crate::schedule::Schedule;

/// Puts a server under load as the command says, prints the report, and returns the exit status: 0
/// if all answers were right, 1 if some were wrong or the run failed, 2 for wrong usage.
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
    match launch::print(&text) {
        Ok(()) if report.is_right() => ExitCode::SUCCESS,
        Ok(()) => ExitCode::FAILURE,
        Err(problem) => problem.report(),
    }
}

/// The task of a run.
pub(crate) struct Plan {
    pub(crate) service: &'static str,
    pub(crate) load: Load,
    pub(crate) ramp: Duration,
    pub(crate) size: u64,
    pub(crate) speakers: usize,
    pub(crate) idle: usize,
    pub(crate) reconnects: bool,
}

impl Plan {
    /// Runs the plan and returns the report, or the problem that prevented it.
    pub(crate) fn carry_out(&self) -> Result<Report, Problem> {
        let load = &self.load;
        if self.reconnects && load.depth.is_some_and(|depth| depth > 1) {
            return Err(Problem::usage(
                "--depth is for connections that stay: if each message has its own connection, \
                 use more --connections",
            ));
        }
        let server = resolve(&load.address)?;
        let all = load.connections + self.idle;
        load.pid.iter().for_each(|pid| warn_of_another(*pid, server));
        let mut run = self.run(server, all)?;
        let snapshot = || Snapshot::of(&load.pid).map_err(Problem::world);
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
            Ok(end) => {
                let costs = Costs::between(&at_rest, &with_clients, &end);
                Some(costs).filter(|_| !load.pid.is_empty())
            }
            // The server has ended meanwhile, and the clients' error says more about it.
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
            bars: run.tally.bars(),
            fairness: run.tally.fairness(run.dialogue.listeners()),
            faults: run.dialogue.faults(),
            broken: run.broken,
            first_broken: run.first_broken.as_ref().map(without_numbers),
            generator_core: used.as_secs_f64() / time.as_secs_f64(),
            costs,
        })
    }

    /// The run, before any client has connected.
    fn run(&self, server: SocketAddr, all: usize) -> Result<Run, Problem> {
        let load = &self.load;
        let route = Route::new(server, self.sources(server, all)?);
        require_descriptors(all)?;
        let pace = match load.rate {
            Some(rate) => Pace::Open(Schedule::new(rate, load.duration, self.speakers)),
            None => Pace::Closed { depth: load.depth.unwrap_or(1) },
        };
        let run = Run::new(self.dialogue(), all, route, pace, Progress::on_standard_error());
        let mut run = run.map_err(Problem::world)?;
        // The first Ctrl-C ends the measurement, and the second one ends the program.
        run.is_interrupted = launch::interruption().expect("SIGINT may be caught");
        Ok(run)
    }

    fn dialogue(&self) -> Box<dyn Dialogue> {
        let clients = self.load.connections;
        match self.service {
            "echo" => Box::new(Echo::new(clients, self.idle, self.size, self.reconnects)),
            "fortune" => Box::new(Fortune::new(clients)),
            NATS => Box::new(Nats::new(clients, self.speakers, self.size, run_number())),
            _ => Box::new(Chat::new(clients, self.speakers, self.size, run_number())),
        }
    }

    fn sources(&self, server: SocketAddr, all: usize) -> Result<u8, Problem> {
        // Each further connection of a client takes another port.
        let least = if self.reconnects { SOURCES_TO_RECONNECT } else { 1 };
        let enough = all.div_ceil(CONNECTIONS_A_SOURCE).clamp(least, 200) as u8;
        match self.load.sources {
            None if is_here(server) => Ok(enough),
            None | Some(1) => Ok(1),
            Some(sources) if is_here(server) => Ok(sources),
            Some(_) => Err(Problem::usage(
                "--sources are addresses in 127.0.0.0/8, so the server must have one, too",
            )),
        }
    }

    /// Explains a failure, and suggests what to do about it.
    fn explain(&self, failure: Failure, server: SocketAddr, all: usize) -> Problem {
        let text = match failure {
            Failure::Connect(error) => {
                let hint = match error.raw_os_error().map(Errno::from_raw) {
                    Some(Errno::ECONNREFUSED) => " (no program listens there)",
                    Some(Errno::EADDRNOTAVAIL) if is_here(server) => {
                        " (ports have run out: raise --sources)"
                    }
                    Some(Errno::EADDRNOTAVAIL) => {
                        " (ports have run out: use fewer --connections, or a server at 127.0.0.1)"
                    }
                    _ => "",
                };
                format!("cannot connect to {server}: {error}{hint}")
            }
            Failure::NotLetIn(here) => format!(
                "{server} has let {here} of {all} clients in, and no more \
                 (its --max-clients, or another service?)"
            ),
            Failure::Poll(error) => format!("cannot go on: {error}"),
            Failure::Interrupted => "interrupted before anything was measured".to_owned(),
        };
        Problem::world(text)
    }
}

impl From<Service> for Plan {
    fn from(service: Service) -> Plan {
        match service {
            Service::Echo { load, stay, size, idle, reconnect } => Plan {
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
            Service::Chat(room) => Plan::of_room("chat", room),
            Service::Nats(room) => Plan::of_room(NATS, room),
        }
    }
}

/// The service that is none of ours.
const NATS: &str = "nats";

impl Plan {
    fn of_room(service: &'static str, Room { load, stay, size, speakers }: Room) -> Plan {
        Plan {
            service,
            ramp: stay.ramp.unwrap_or_default(),
            size: size.into(),
            speakers: speakers.min(load.connections),
            idle: 0,
            reconnects: false,
            load,
        }
    }
}

/// Whether all of 127.0.0.0/8 can reach the server.
fn is_here(server: SocketAddr) -> bool {
    server.is_ipv4() && server.ip().is_loopback()
}

/// The server's address; if a name has several, the first one that accepts a connection.
fn resolve(HostPort(address): &HostPort) -> Result<SocketAddr, Problem> {
    let found = lookup::look_up(address)
        .map_err(|error| Problem::world(format!("cannot find {address}: {error}")))?;
    if let [only] = found[..] {
        return Ok(only);
    }
    // The connection that tested this is closed again.
    let connected = TcpStream::connect(&found[..]).and_then(|stream| stream.peer_addr());
    connected.map_err(|error| Problem::world(format!("cannot connect to {address}: {error}")))
}

/// Requires a descriptor for each connection, and some for the rest.
fn require_descriptors(connections: usize) -> Result<(), Problem> {
    let wanted = connections + 16;
    match raise_descriptor_limit() {
        Ok(limit) if limit < wanted => Err(Problem::world(format!(
            "{connections} connections need {wanted} descriptors, but this process may have \
             {limit}: raise the limit, with ulimit -n {wanted}"
        ))),
        Ok(_) => Ok(()),
        Err(error) => {
            Err(Problem::world(format!("cannot raise the limit of descriptors: {error}")))
        }
    }
}

/// The number that distinguishes this run's lines from those of others.
fn run_number() -> u32 {
    let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    since.subsec_nanos() ^ process::id()
}

/// The processor time that this process has used so far.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID);
    time.expect("every Linux has this clock").into()
}

/// Says on standard error that a process has nothing to do with the server: the report would show
/// the costs of something else.
fn warn_of_another(pid: i32, server: SocketAddr) {
    // An error means that this user may not look into it, which the snapshot reports.
    if let Ok(false) = serves_at(pid, server.port()) {
        let _ = writeln!(
            io::stderr(),
            "warning: process {pid} and its children have no socket at port {}, so the costs \
             are not those of the server {server}",
            server.port()
        );
    }
}
