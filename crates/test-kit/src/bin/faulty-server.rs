//! A server with a bug in its service, for tests of the clients: `faulty-server --help` tells more.

use std::borrow::Cow;
use std::env;
use std::mem;
use std::process::ExitCode;

use all_styles::STYLES;
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgMatches, Command};
use protocol::{Answer, CATALOGUE, ClientId, Service, Session, Settings};
use sockets::Limits;

fn main() -> ExitCode {
    let mut command = command();
    match command.try_get_matches_from_mut(env::args_os()) {
        Ok(matches) => server(&matches).live(),
        Err(error) => launch::usage_error(&command, &error),
    }
}

fn command() -> Command {
    let styles = STYLES.iter().map(|(style, _)| style.process_name);
    let services = CATALOGUE.iter().map(|entry| entry.name);
    let faults = FAULTS.iter().map(|(name, _)| *name);
    Command::new("faulty-server")
        .about("A server with a bug in its service, for tests of the clients")
        .after_help(
            "It listens at a free port of 127.0.0.1. With the fault `panic`, a session that reads \
             `panic!` panics, and one that has read `later!` when its connection is finished. The \
             session of the 13th client panics when it greets, and that of the 14th when it is \
             opened. `lose`, `double`, `swap` or `change` happens to every tenth read or, if the \
             server speaks first, to the greeting of every tenth client.",
        )
        .arg(word("STYLE", "The name of the style's binary", styles.collect()))
        .arg(word("SERVICE", "The service", services.collect()))
        .arg(word("FAULT", "The bug", faults.collect()))
}

fn word(name: &'static str, help: &'static str, values: Vec<&'static str>) -> Arg {
    Arg::new(name).required(true).help(help).value_parser(PossibleValuesParser::new(values))
}

fn server(matches: &ArgMatches) -> launch::Server {
    let word = |name: &str| matches.get_one::<String>(name).expect("it is required");
    let fault = FAULTS.iter().find(|(name, _)| name == word("FAULT"));
    let (_, fault) = fault.expect("a possible value");
    let server = all_styles::find(|known| known.process_name == word("STYLE"));
    let (style, serve) = server.expect("a possible value");
    let entry = CATALOGUE.iter().find(|known| known.name == word("SERVICE"));
    let service = (entry.expect("a possible value").open)(Settings::built_in(0));
    launch::Server {
        process_name: style.process_name,
        serve,
        service: faulty(service, *fault),
        listen: "127.0.0.1:0".to_owned(),
        limits: Limits { max_clients: style.at_once(100), ..Limits::default() },
        notes: Vec::new(),
        log_file: None,
        ends_with: None,
    }
}

fn faulty(service: Service, fault: Fault) -> Service {
    let (together, read_size) = (service.has_room(), service.read_size());
    let open = move |client| -> Box<dyn Session> {
        let session = service.session(client);
        match fault {
            Fault::Panic => {
                assert_ne!(client.0, 14, "not even opened");
                Box::new(Panicking { client, session, is_doomed: false })
            }
            Fault::Damage(damage) => {
                Box::new(Damaging { client, session, damage, reads: 0, held_back: Vec::new() })
            }
        }
    };
    let service = if together { Service::together(open) } else { Service::alone(open) };
    service.reading(read_size)
}

const FAULTS: [(&str, Fault); 5] = [
    ("panic", Fault::Panic),
    ("lose", Fault::Damage(Damage::Lose)),
    ("double", Fault::Damage(Damage::Double)),
    ("swap", Fault::Damage(Damage::Swap)),
    ("change", Fault::Damage(Damage::Change)),
];

#[derive(Clone, Copy)]
enum Fault {
    Panic,
    Damage(Damage),
}

#[derive(Clone, Copy)]
enum Damage {
    Lose,
    Double,
    /// The bytes come together with the next ones, and after them.
    Swap,
    /// One bit of the byte in the middle changes.
    Change,
}

struct Panicking {
    client: ClientId,
    session: Box<dyn Session>,
    /// It has read `later!`.
    is_doomed: bool,
}

impl Session for Panicking {
    fn greet(&mut self) -> Answer<'static> {
        assert_ne!(self.client.0, 13, "this number brings bad luck");
        self.session.greet()
    }

    fn receive<'a>(&mut self, input: &'a [u8]) -> Answer<'a> {
        let is_told = |words: &[u8; 6]| input.windows(6).any(|bytes| bytes == words);
        assert!(!is_told(b"panic!"), "the client asked for it,\nin two lines");
        self.is_doomed |= is_told(b"later!");
        self.session.receive(input)
    }

    fn discarded(&mut self, count: usize) {
        assert!(!self.is_doomed || count == 0, "later is now");
    }

    fn finished(&mut self) {
        assert!(!self.is_doomed, "later is now");
    }

    fn idle(&mut self, seconds: u64) -> Answer<'static> {
        self.session.idle(seconds)
    }
}

struct Damaging {
    client: ClientId,
    session: Box<dyn Session>,
    damage: Damage,
    reads: u64,
    held_back: Vec<u8>,
}

impl Session for Damaging {
    fn greet(&mut self) -> Answer<'static> {
        let mut answer = self.session.greet();
        if self.client.0.is_multiple_of(10) {
            let damaged = self.damaged(answer.send.into_owned());
            answer.send = Cow::Owned(damaged);
        }
        answer
    }

    fn receive<'a>(&mut self, input: &'a [u8]) -> Answer<'a> {
        self.reads += 1;
        let mut bytes = input.to_vec();
        if self.reads.is_multiple_of(10) && !input.is_empty() {
            bytes = self.damaged(bytes);
            if bytes.is_empty() {
                // To the session, an empty read would be the end of input.
                return Answer::default();
            }
        } else {
            bytes.append(&mut self.held_back);
        }
        let answer = self.session.receive(&bytes);
        Answer { send: Cow::Owned(answer.send.into_owned()), ..answer }
    }
}

impl Damaging {
    fn damaged(&mut self, mut bytes: Vec<u8>) -> Vec<u8> {
        match self.damage {
            Damage::Lose => bytes.clear(),
            Damage::Double => bytes.extend_from_within(..),
            Damage::Swap => self.held_back = mem::take(&mut bytes),
            Damage::Change => {
                let middle = bytes.len() / 2;
                if let Some(byte) = bytes.get_mut(middle) {
                    *byte ^= 1;
                }
            }
        }
        bytes
    }
}
