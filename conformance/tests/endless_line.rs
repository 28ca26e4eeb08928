//! A line without an end costs no memory.

use std::env;

use test_kit::chat::{expect_silence, join};
use test_kit::{Client, Process, Server, Style, each_style, wait_until};

each_style!(an_endless_line_is_refused_once_and_not_stored (row 32));

fn an_endless_line_is_refused_once_and_not_stored(style: Style) {
    for service in ["chat", "lines"] {
        check(style, service);
    }
}

fn check(style: Style, service: &str) {
    let server = Server::start(style, service);
    let begun = || server.process().begun_threads();
    wait_until("each worker has begun, and has its memory", || begun() > style.worker_threads());
    let mut client = match service {
        "chat" => join(&server, 1),
        _ => server.connect(),
    };
    let megabyte = vec![b'x'; 1 << 20];
    let expect_silence = |client: &mut Client| match service {
        "chat" => expect_silence(client),
        _ => {
            client.send("silence\r\n");
            client.expect_line("=> silence");
        }
    };
    // Memory that the server allocates for a first line is allocated from now on.
    let too_long = "* a line has at most 1024 bytes; that one was dropped";
    client.send(&megabyte);
    client.send("\n");
    client.expect_line(too_long);
    expect_silence(&mut client);
    let mut processes = vec![server.process()];
    processes.extend(server.process().children());
    let memory = || -> Vec<u64> { processes.iter().copied().map(Process::vm_hwm).collect() };
    let before = memory();
    for _ in 0..megabytes() {
        client.send(&megabyte);
    }
    client.send("\n");
    client.expect_line(too_long);
    expect_silence(&mut client);
    let after = memory();
    for (before, after) in before.iter().zip(&after) {
        let grown = after.saturating_sub(*before);
        assert!(grown <= 256, "{before} KiB have become {after}");
    }
}

/// A gigabyte; less for a build that is not optimized.
fn megabytes() -> usize {
    let is_ci = env::var("CI").as_deref() == Ok("true");
    if is_ci && !cfg!(debug_assertions) { 1024 } else { 32 }
}
