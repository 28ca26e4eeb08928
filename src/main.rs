//! The one program `after-accept`: every style of server, the client and the book. Without a
//! command, it starts all servers and the book at once.

mod all_at_once;
mod command;
mod completions;
mod server;
mod table;
mod uploads;

use std::env;
use std::path::Path;
use std::process::ExitCode;

use all_styles::find;
use command::hand_over;
use launch::Style;

fn main() -> ExitCode {
    // Started under the name of a server, it is that server.
    if let Some((style, serve)) = find(|style| is_called(style.process_name)) {
        return launch::main(style, serve);
    }
    #[cfg(feature = "book")]
    if is_called(book_server::NAME) {
        return book_server::main();
    }
    let mut program = command::program();
    let matches = match program.try_get_matches_from_mut(env::args_os()) {
        Ok(matches) => matches,
        Err(error) => return launch::usage_error(&program, &error),
    };
    match matches.subcommand() {
        None => all_at_once::serve(
            command::host(&matches),
            &command::styles(&matches),
            command::has_book(&matches),
            command::directory(&matches),
        ),
        Some(("talk", matches)) => hand_over(matches, &program, talk::run),
        Some(("addresses", matches)) => hand_over(matches, &program, addresses::run),
        Some(("datagrams", matches)) => hand_over(matches, &program, datagrams::run),
        Some(("load", matches)) => hand_over(matches, &program, load::run),
        Some(("check", matches)) => hand_over(matches, &program, check::run),
        Some(("compare", matches)) => {
            hand_over(matches, &program, |command| compare::run(command, &Style::ALL))
        }
        Some(("timelines", matches)) => {
            hand_over(matches, &program, |command| timelines::run(command, &Style::ALL))
        }
        Some(("doctor", matches)) => hand_over(matches, &program, doctor::run),
        #[cfg(feature = "hls-relay")]
        Some(("hls-relay", matches)) => hand_over(matches, &program, hls_relay::run),
        #[cfg(feature = "snmp-walk")]
        Some(("snmp-walk", matches)) => hand_over(matches, &program, snmp_walk::run),
        #[cfg(feature = "book")]
        Some(("book", matches)) => book_server::run(matches),
        Some(("completions", matches)) => completions::print(command::shell(matches)),
        Some((name, matches)) => match find(|style| style.name == name) {
            Some((style, serve)) => launch::run(style, serve, matches),
            None => unreachable!("clap knows no other command"),
        },
    }
}

fn is_called(name: &str) -> bool {
    env::args_os().next().is_some_and(|path| Path::new(&path).ends_with(name))
}
