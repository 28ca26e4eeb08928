//! The command line of the relay.

use std::io;
use std::net::TcpListener;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::builder::RangedU64ValueParser;
use clap::{Args, value_parser};
use launch::{HostPort, Problem, host_port};
use sockets::{listen, local_address};

use crate::Settings;
use crate::serve::{Listeners, serve};

/// Its name in `ps`.
const NAME: &str = "hls-relay";

/// Relay a live stream: an encoder pushes it over TCP, any number of players play it over HTTP
///
/// The encoder sends an MPEG transport stream to one port. On the other port, /stream.m3u8 is an
/// HLS playlist of the last segments (RFC 8216), /stream.ts is one endless response, and / is a
/// page that plays the stream and shows what the relay is doing.
#[derive(Args, Debug)]
#[command(after_help = "\
It prints `listening on HOST:PORT` when players may come, and logs to standard error. \
SIGINT (Ctrl-C), SIGTERM or SIGHUP ends the stream, and the relay exits when the grace is over. \
An encoder is, for example: ffmpeg -re -i FILE -c copy -f mpegts tcp://127.0.0.1:9999")]
pub struct Command {
    /// Where the encoder connects. There is no password
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:9999", value_parser = host_port)]
    ingest: HostPort,

    /// Where players connect
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:9998", value_parser = host_port)]
    http: HostPort,

    /// The wanted length of a segment, in seconds. A segment then ends at the next picture that
    /// needs no other, and is never longer than twice that
    #[arg(long, value_name = "SECS", default_value_t = 4, value_parser = value_parser!(u64).range(1..=60))]
    segment: u64,

    /// How many segments the playlist lists; it lists more if these are too short for a player, which
    /// needs three times the length that the playlist promises
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = RangedU64ValueParser::<usize>::new().range(3..=1000))]
    window: usize,

    /// How long to serve a segment after the playlist has dropped it, and everything after the end,
    /// in seconds
    #[arg(long, value_name = "SECS", default_value_t = 5, value_parser = value_parser!(u64).range(0..=86_400))]
    grace: u64,
}

/// Relays as the command line says. Returns the exit status: 0 after serving and stopping, 1 if it
/// could not serve.
pub fn run(command: Command) -> ExitCode {
    match relay(&command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => problem.report(),
    }
}

fn relay(command: &Command) -> Result<(), Problem> {
    launch::begin_log(None);
    let descriptors = launch::raise_descriptor_limit().map_err(Problem::world)?;
    let mut ingest = None;
    let (http, stop) = launch::prepare(NAME, None, || {
        let players = listen_by(&command.http, "--http")?;
        let encoder = listen_by(&command.ingest, "--ingest")?;
        // This line comes before `listening on`: after that, an encoder may connect.
        crate::ingest::announce(local_address(&encoder)?);
        ingest = Some(encoder);
        Ok(players)
    })?;
    let ingest = ingest.expect("it listens, or there was a problem");
    serve(Listeners { ingest, http }, command.settings(), descriptors, stop)
        .map_err(|error| Problem::world(format!("cannot go on serving: {error}")))
}

/// Listens where an option says. An error names the option, so that the user can correct it.
fn listen_by(place: &HostPort, option: &str) -> io::Result<TcpListener> {
    listen(&place.0).map_err(|error| {
        io::Error::new(error.kind(), error.to_string().replace("--listen", option))
    })
}

impl Command {
    fn settings(&self) -> Settings {
        // Even a clock before 1970 gives a number; the numbers only have to differ from run to run.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Settings {
            segment: Duration::from_secs(self.segment),
            window: self.window,
            grace: Duration::from_secs(self.grace),
            run: since.as_secs(),
        }
    }
}
