//! The command line.

use std::time::Duration;

use clap::{ArgGroup, Args, Subcommand};
use launch::{HostPort, host_port, size};

use crate::chat;

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
///
/// Ctrl-C ends it early, and what there is so far is reported.
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
    pub(crate) service: Service,
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Service {
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
pub(crate) struct Load {
    /// Where the server listens
    #[arg(value_name = "HOST:PORT", value_parser = host_port)]
    pub(crate) address: HostPort,

    /// How many clients
    #[arg(long, value_name = "N", default_value = "1", value_parser = number(1, MOST))]
    pub(crate) connections: usize,

    /// How long they talk, in seconds (0.5 is half of one)
    #[arg(long, value_name = "SECS", default_value = "10", value_parser = seconds)]
    pub(crate) duration: Duration,

    /// An open loop: so many messages are due a second, of all speakers together
    #[arg(long, value_name = "R", value_parser = rate)]
    pub(crate) rate: Option<f64>,

    /// A closed loop in which each speaker has so many messages under way [default: 1]
    #[arg(long, value_name = "N", value_parser = number(1, MOST))]
    pub(crate) depth: Option<usize>,

    /// From how many addresses (127.0.0.1, 127.0.0.2, ...) the clients come, to a server on this
    /// machine: one address has about 28,000 ports [default: one for each 10,000 connections]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=200))]
    pub(crate) sources: Option<u8>,

    /// The server's process, to be told what all this costs it and its descendants
    #[arg(long, value_name = "PID", value_parser = clap::value_parser!(i32).range(1..))]
    pub(crate) pid: Option<i32>,

    /// Print the report as JSON; times are in nanoseconds, memory in bytes
    #[arg(long)]
    pub(crate) json: bool,
}

/// What a load has whose connections stay.
#[derive(Args, Clone, Debug)]
pub(crate) struct Stay {
    /// Connect them evenly over so many seconds [default: as fast as the server lets them in]
    #[arg(long, value_name = "SECS", value_parser = seconds)]
    pub(crate) ramp: Option<Duration>,
}

/// How much can be asked for of anything: about as many connections as one process may have
/// descriptors (proc(5), `nr_open`), and more messages a second than one thread can say.
const MOST: u32 = 1_000_000;

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

fn rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if rate > 0.0 && rate <= f64::from(MOST) => Ok(rate),
        _ => Err(format!("want how many messages a second, up to {MOST}, like 1000 or 0.5")),
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
