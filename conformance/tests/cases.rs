//! The cases of `after-accept check`: what every server of a service has to do on the wire, whatever
//! its language, and so each of ours.

use std::time::Duration;

use test_kit::{Directory, Server, Style, each_style};

each_style!(echo, fortune, lines, frames, upload, chat);

/// How long a client waits for an answer, on a machine that does something else meanwhile.
const PATIENCE: Duration = Duration::from_secs(60);

fn echo(style: Style) {
    play_all(style, "echo");
}

fn fortune(style: Style) {
    play_all(style, "fortune");
}

fn lines(style: Style) {
    play_all(style, "lines");
}

fn frames(style: Style) {
    play_all(style, "frames");
}

fn upload(style: Style) {
    play_all(style, "upload");
}

fn chat(style: Style) {
    play_all(style, "chat");
}

/// Each case has a server of its own. What an iterative server does instead is in other tests.
fn play_all(style: Style, service: &str) {
    let cases = check::all_cases();
    let cases = cases.iter().filter(|case| case.service == service);
    for case in cases.filter(|case| style.serves_many() || !case.needs_many) {
        let directory = Directory::default();
        let options = ["--directory", directory.as_str()];
        let options = if service == "upload" { &options[..] } else { &[] };
        let server = Server::start_with(style, service, options);
        if let Err(story) = check::play_fresh(case, server.address(), PATIENCE) {
            panic!("{story}");
        }
    }
}
