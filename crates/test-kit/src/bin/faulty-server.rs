//! A server with a bug in its service: `faulty-server STYLE SERVICE`, where the style is named
//! after its binary.
//!
//! It serves as the real one does, by the very same `serve`. But a session that reads `panic!`
//! does so, and the session of the 13th client already when it greets.

use std::env;
use std::process::ExitCode;
use std::time::Duration;

use launch::{Serve, Style};
use protocol::{Answer, CATALOGUE, Client, Service, Session, Settings};
use sockets::Limits;

const SERVERS: [(&Style, Serve); 5] = [
    (&Style::ITERATIVE, iterative_server::serve),
    (&Style::FORK, fork_server::serve),
    (&Style::THREAD, thread_server::serve),
    (&Style::SELECT, select_server::serve),
    (&Style::ASYNC, async_server::serve),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [style, service] = &arguments[..] else {
        panic!("usage: faulty-server STYLE SERVICE");
    };
    let server = SERVERS
        .iter()
        .find(|(known, _)| known.process_name == style);
    let (style, serve) = server.expect("a style's binary");
    let entry = CATALOGUE.iter().find(|known| known.name == service);
    let service = (entry.expect("a service").open)(Settings::built_in(0));
    launch::Server {
        process_name: style.process_name,
        serve: *serve,
        service: faulty(service),
        listen: "127.0.0.1:0".to_owned(),
        limits: Limits {
            max_clients: if style.name == "iterative" { 1 } else { 100 },
            idle_timeout: None,
            grace: Duration::from_secs(5),
        },
        notes: Vec::new(),
        log_file: None,
        ends_with: None,
    }
    .live()
}

fn faulty(service: Service) -> Service {
    let (together, read_size) = (service.has_room(), service.read_size());
    let open = move |client| -> Box<dyn Session> {
        Box::new(Faulty {
            client,
            session: service.session(client),
        })
    };
    let service = if together {
        Service::together(open)
    } else {
        Service::alone(open)
    };
    service.reading(read_size)
}

struct Faulty {
    client: Client,
    session: Box<dyn Session>,
}

impl Session for Faulty {
    fn greet(&mut self) -> Answer<'static> {
        assert_ne!(self.client.0, 13, "this number brings bad luck");
        self.session.greet()
    }

    fn receive<'a>(&mut self, input: &'a [u8]) -> Answer<'a> {
        let is_asked_to = input.windows(6).any(|bytes| bytes == b"panic!");
        assert!(!is_asked_to, "the client asked for it,\nin two lines");
        self.session.receive(input)
    }

    fn idle(&mut self, seconds: u64) -> Answer<'static> {
        self.session.idle(seconds)
    }
}
