//! The command line.

use std::net::SocketAddrV4;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use launch::{HostPort, Problem, host_port};
use sockets::Stop;

use crate::interfaces::{interfaces, table};
use crate::many::Schedule;
use crate::{Service, broadcast, multicast};

/// Datagrams (UDP): services that answer them, one datagram to many hosts, and this machine's
/// interfaces
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  after-accept datagrams echo
  echo hello | socat -t 1 - UDP:127.0.0.1:8007
  after-accept datagrams increment
  printf '\\0\\51' | socat -t 1 - UDP:127.0.0.1:8008 | xxd
  after-accept datagrams interfaces
  after-accept datagrams multicast receive --interface lo
  after-accept datagrams multicast send --interface lo
  after-accept datagrams broadcast send 'who is there?' --count 1

Exit status: 0 done or stopped, 1 something failed on the way, 2 wrong usage.")]
pub struct Command {
    #[command(subcommand)]
    task: Task,
}

#[derive(Clone, Debug, Subcommand)]
enum Task {
    /// Send every datagram back (RFC 862)
    #[command(after_help = SERVER)]
    Echo(Serving),
    /// Answer a big-endian number of two bytes with the next number
    ///
    /// The number is an i16: 32767 is followed by -32768. Datagrams of any other size are dropped.
    #[command(after_help = SERVER)]
    Increment(Serving),
    /// Send datagrams to a group, or receive them
    #[command(subcommand)]
    Multicast(Multicast),
    /// Send to all hosts of a network, or receive what is sent to them
    #[command(subcommand)]
    Broadcast(Broadcast),
    /// The interfaces of this machine: name, index, up, multicast, MAC, addresses
    Interfaces,
}

#[derive(Clone, Debug, Subcommand)]
enum Multicast {
    /// Send a text to a group, again and again
    ///
    /// A sender need not be a member. Its datagrams pass no router (their TTL is 1). Members on
    /// this machine receive them, too.
    #[command(after_help = "\
Without --interface the kernel takes the one that its routes suggest. If there is none, the error \
names the interfaces that you can choose.

Examples:
  after-accept datagrams multicast send --interface lo
  after-accept datagrams multicast send 'to the point' --count 1
  after-accept datagrams multicast send --group 239.1.2.3:54321 --interface eth0")]
    Send {
        #[command(flatten)]
        group: Group,
        #[command(flatten)]
        sending: Sending,
    },
    /// Join a group, and print each datagram that arrives: FROM TEXT
    ///
    /// It receives only this group, even if other programs on this machine have joined other
    /// groups. If you start several, all of them receive it. It leaves the group when it is
    /// stopped, and joins again when its interface disappears and comes back.
    #[command(after_help = "\
It prints `listening on GROUP:PORT` as soon as it has joined. SIGINT (Ctrl-C), SIGTERM or SIGHUP stops it.

Examples:
  after-accept datagrams multicast receive --interface lo
  after-accept datagrams multicast receive --interface 192.168.1.7 --count 1")]
    Receive {
        #[command(flatten)]
        group: Group,
        #[command(flatten)]
        receiving: Receiving,
    },
}

#[derive(Args, Clone, Debug)]
struct Group {
    /// The group and the port: 224.0.0.0 to 239.255.255.255, or an address that begins with ff
    #[arg(long, value_name = "GROUP:PORT", value_parser = multicast::group,
        default_value = "224.202.20.30:54321")]
    group: multicast::Meant,
    /// The interface: its name, one of its addresses, or its index
    /// [default: the one that the routes suggest]
    #[arg(long, value_name = "NAME|ADDRESS|INDEX")]
    interface: Option<String>,
}

impl Group {
    fn meant(self) -> Result<multicast::Meant, Problem> {
        self.group.with(self.interface)
    }
}

#[derive(Clone, Debug, Subcommand)]
enum Broadcast {
    /// Send a text to all hosts, again and again
    ///
    /// 255.255.255.255 means all hosts on the link. The broadcast address of one of this machine's
    /// networks means all hosts in it. Those of other networks no longer have an effect, since
    /// routers drop datagrams to them (RFC 2644).
    #[command(after_help = "\
Examples:
  after-accept datagrams broadcast send 'who is there?' --count 1
  after-accept datagrams broadcast send --interface eth0
  after-accept datagrams broadcast send --address 192.168.1.255:54321")]
    Send {
        #[command(flatten)]
        everybody: Everybody,
        #[command(flatten)]
        sending: Sending,
    },
    /// Show what is sent to all hosts: FROM TEXT
    ///
    /// It receives only datagrams to exactly this address: 255.255.255.255 and the broadcast
    /// address of a network are different.
    #[command(after_help = "\
It prints `listening on ADDRESS:PORT` when it is ready. SIGINT (Ctrl-C), SIGTERM or SIGHUP stops it.

Examples:
  after-accept datagrams broadcast receive
  after-accept datagrams broadcast receive --address 192.168.1.255:54321")]
    Receive {
        #[command(flatten)]
        everybody: Everybody,
        #[command(flatten)]
        receiving: Receiving,
    },
}

#[derive(Args, Clone, Debug)]
struct Everybody {
    /// The broadcast address and the port: 255.255.255.255, or the address of a network
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = broadcast::address,
        default_value = "255.255.255.255:54321")]
    address: SocketAddrV4,
    /// The interface: its name, one of its addresses, or its index
    /// [default: to send, the one that the routes suggest; to receive, all]
    #[arg(long, value_name = "NAME|ADDRESS|INDEX")]
    interface: Option<String>,
}

#[derive(Args, Clone, Debug)]
struct Sending {
    /// The text to send [default: "hello 1", "hello 2" and so on]
    text: Option<String>,
    /// The seconds between two datagrams; 0.5 is half a second
    #[arg(long, value_name = "SECS", default_value = "2", value_parser = seconds)]
    every: Duration,
    /// The number of datagrams to send [default: until it is stopped]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
}

#[derive(Args, Clone, Debug)]
struct Receiving {
    /// Stop after this number of datagrams [default: until it is stopped]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
}

/// The part of the help that all datagram servers share.
const SERVER: &str = "\
It prints `listening on HOST:PORT` when it is ready, and logs to standard error. SIGINT (Ctrl-C), \
SIGTERM or SIGHUP stops it.

A sender can write any source address on a datagram. So the server sends no answer to ports below \
1024, to groups, to itself, or to an address more than 1000 times at once and 100 times a second: \
otherwise two services could answer each other without end. The log counts what is dropped.";

#[derive(Args, Clone, Debug)]
struct Serving {
    /// The address to listen on: [::]:PORT serves IPv6 and IPv4 alike, port 0 lets the system
    /// choose
    /// [default: 127.0.0.1 and port 8007 for echo, 8008 for increment]
    #[arg(long, value_name = "HOST:PORT", value_parser = host_port)]
    listen: Option<HostPort>,
}

/// Runs the command, and returns the exit status: 0 if it is done or was stopped, 1 if something
/// failed on the way.
///
/// A failure is reported in one line on standard error.
pub fn run(command: Command) -> ExitCode {
    let done = match command.task {
        Task::Echo(serving) => serve(Service::Echo, serving),
        Task::Increment(serving) => serve(Service::Increment, serving),
        Task::Multicast(task) => multicast(task),
        Task::Broadcast(task) => broadcast(task),
        Task::Interfaces => list(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => problem.report(),
    }
}

fn serve(service: Service, serving: Serving) -> Result<(), Problem> {
    let place = match serving.listen {
        Some(HostPort(place)) => place,
        None => format!("127.0.0.1:{}", service.port()),
    };
    launch::begin_log(None);
    let (socket, stop) = launch::prepare("datagrams", None, || sockets::bind(&place))?;
    crate::serve::serve(&socket, service, &stop)
        .map_err(|error| Problem::world(format!("cannot go on serving: {error}")))
}

fn multicast(task: Multicast) -> Result<(), Problem> {
    match task {
        Multicast::Send { group, sending } => {
            let (schedule, stop) = (sending.into(), stop()?);
            multicast::send(&group.meant()?, &schedule, &stop)
        }
        Multicast::Receive { group, receiving } => {
            multicast::receive(&group.meant()?, receiving.count)
        }
    }
}

fn broadcast(task: Broadcast) -> Result<(), Problem> {
    match task {
        Broadcast::Send { everybody, sending } => {
            let (schedule, stop) = (sending.into(), stop()?);
            let interface = everybody.interface.as_deref();
            broadcast::send(everybody.address, interface, &schedule, &stop)
        }
        Broadcast::Receive { everybody, receiving } => {
            let interface = everybody.interface.as_deref();
            broadcast::receive(everybody.address, interface, receiving.count)
        }
    }
}

fn list() -> Result<(), Problem> {
    launch::print(&table(&interfaces()?))
}

impl From<Sending> for Schedule {
    fn from(sending: Sending) -> Schedule {
        Schedule { text: sending.text, every: sending.every, count: sending.count }
    }
}

fn stop() -> Result<Stop, Problem> {
    Stop::at_first_signal().map_err(Problem::world)
}

/// From a millisecond, so that no user floods a network by mistake, to a day.
fn seconds(text: &str) -> Result<Duration, &'static str> {
    let seconds = text.parse().ok();
    seconds
        .filter(|seconds| (0.001..=86_400.0).contains(seconds))
        .map(Duration::from_secs_f64)
        .ok_or("want a number of seconds from 0.001 to 86400, like 2 or 0.5")
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;
    use crate::{A_SECOND, AT_ONCE};

    #[derive(Debug, Parser)]
    struct Program {
        #[command(flatten)]
        command: Command,
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Program::command().debug_assert();
    }

    #[test]
    fn the_help_states_the_real_limits() {
        assert!(SERVER.contains(&format!("more than {AT_ONCE} times at once")));
        assert!(SERVER.contains(&format!("{A_SECOND} times a second")));
    }

    #[test]
    fn a_pause_is_neither_zero_nor_endless() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        for text in ["0", "-1", "NaN", "inf", "86401", "soon", ""] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
