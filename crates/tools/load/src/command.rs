//! The command line.

use std::time::Duration;

use clap::{ArgGroup, Args, Subcommand};
use launch::{HostPort, host_port, size};

use crate::chat;

/// Put a server under load, and measure its answers
///
/// Many clients talk to one server for some seconds. Each checks every byte that it receives. Lost,
/// repeated, misordered or changed data is reported as an error.
///
/// Without --rate the load is a closed loop: a client sends its next message when the last one is
/// answered. This shows how much a server can do. But while the server stalls, no client sends
/// anything, so the report has one long wait instead of all the messages that the stall would have
/// delayed. With --rate the load is an open loop: messages are due at fixed times, even if earlier
/// ones are not answered, and latency counts from those times. This shows how long people would
/// wait.
///
/// Ctrl-C ends it early, and prints the report so far.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  after-accept load echo 127.0.0.1:6007 --connections 100
  after-accept load echo 127.0.0.1:4007 --rate 10000 --size 4K --duration 30
  after-accept load echo 127.0.0.1:5007 --idle 900
  after-accept load echo 127.0.0.1:5007 --pid $(pgrep -of 'select-server echo')
  after-accept load fortune 127.0.0.1:3017 --connections 10
  after-accept load chat 127.0.0.1:6026 --connections 100 --depth 64 --json
  after-accept load nats 127.0.0.1:4222 --connections 100 --depth 64

Exit status: 0 all answers were right, 1 some were not or the run failed, 2 wrong usage.")]
pub struct Command {
    #[command(subcommand)]
    pub(crate) service: Service,
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Service {
    /// The server has to send everything back (RFC 862)
    Echo {
        #[command(flatten)]
        load: Load,

        #[command(flatten)]
        stay: Stay,

        /// The length of a message in bytes: 64, or 64K
        #[arg(long, value_name = "BYTES", default_value = "64", value_parser = message_size)]
        size: u32,

        /// The number of additional connections that stay silent after the server has let them in
        #[arg(long, value_name = "N", default_value = "0", value_parser = number(0, MOST))]
        idle: usize,

        /// Use a new connection for each message: connect, send, read it back, close
        #[arg(long)]
        reconnect: bool,
    },
    /// Each connection gets one text, and the server ends it (RFC 865)
    Fortune {
        #[command(flatten)]
        load: Load,
    },
    /// Some members speak, and all others have to receive every line, once and in order
    Chat(Room),
    /// A room at a NATS server: each line is published, and all others subscribe to it
    Nats(Room),
}

/// The options of a load in a room.
#[derive(Args, Clone, Debug)]
pub(crate) struct Room {
    #[command(flatten)]
    pub(crate) load: Load,

    #[command(flatten)]
    pub(crate) stay: Stay,

    /// The length of a line in bytes, without its end; the line contains its speaker and number
    #[arg(
        long,
        value_name = "BYTES",
        default_value = "64",
        value_parser = clap::value_parser!(u32).range(chat::SHORTEST as i64..=chat::LONGEST as i64)
    )]
    pub(crate) size: u32,

    /// The number of members that speak; the others only listen
    #[arg(
        long,
        value_name = "N",
        default_value = "1",
        value_parser = number(1, chat::MOST_SPEAKERS)
    )]
    pub(crate) speakers: usize,
}

/// The options of every load.
#[derive(Args, Clone, Debug)]
#[command(group = ArgGroup::new("pace").args(["rate", "depth"]))]
pub(crate) struct Load {
    /// The address of the server
    #[arg(value_name = "HOST:PORT", value_parser = host_port)]
    pub(crate) address: HostPort,

    /// The number of clients
    #[arg(long, value_name = "N", default_value = "1", value_parser = number(1, MOST))]
    pub(crate) connections: usize,

    /// How long the clients talk, in seconds (0.5 is half a second)
    #[arg(long, value_name = "SECS", default_value = "10", value_parser = seconds)]
    pub(crate) duration: Duration,

    /// An open loop: this many messages are due a second, from all speakers together
    #[arg(long, value_name = "N", value_parser = rate)]
    pub(crate) rate: Option<f64>,

    /// A closed loop in which each speaker has this many unanswered messages [default: 1]
    #[arg(long, value_name = "N", value_parser = number(1, MOST))]
    pub(crate) depth: Option<usize>,

    /// The number of addresses (127.0.0.1, 127.0.0.2, ...) from which the clients come, to a server
    /// on this machine: one address has about 28,000 ports [default: one for each 10,000
    /// connections, or 8 if each message has a connection of its own]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=200))]
    pub(crate) sources: Option<u8>,

    /// The server's process; the report then contains the costs of it and its descendants. If
    /// several servers share the port, give all: PID,PID
    #[arg(
        long,
        value_name = "PID",
        value_delimiter = ',',
        value_parser = clap::value_parser!(i32).range(1..)
    )]
    pub(crate) pid: Vec<i32>,

    /// Print the report as JSON; times are in nanoseconds, memory in bytes
    #[arg(long)]
    pub(crate) json: bool,
}

/// The options of loads whose connections stay.
#[derive(Args, Clone, Debug)]
pub(crate) struct Stay {
    /// Connect the clients evenly over this time, in seconds [default: as fast as the server lets them in]
    #[arg(long, value_name = "SECS", value_parser = seconds)]
    pub(crate) ramp: Option<Duration>,
}

/// The upper limit of all numbers: about as many connections as one process may have descriptors
/// (proc(5), `nr_open`), and more messages a second than one thread can send.
const MOST: u32 = 1_000_000;

/// Reads a number of seconds above 0, which may have a fraction.
///
/// # Errors
///
/// One line that describes a correct value.
pub fn seconds(text: &str) -> Result<Duration, &'static str> {
    text.parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|seconds| !seconds.is_zero())
        .ok_or("want a number of seconds above 0, like 10 or 0.5")
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if rate > 0.0 && rate <= f64::from(MOST) => Ok(rate),
        _ => Err(format!("want a number of messages a second, up to {MOST}, like 1000 or 0.5")),
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
