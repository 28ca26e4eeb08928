//! Fortune (RFC 865, over TCP): one fortune, and the end.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use test_kit::{Directory, Server, Style, deadline, each_style, require_tool};

each_style!(
    a_fortune_is_lines_of_at_most_512_bytes,
    input_is_never_answered,
    a_client_that_closes_is_not_waited_for,
    a_client_that_does_not_close_is_waited_for_two_seconds,
    the_next_client_waits_for_a_lingering_one_or_not,
    fortunes_come_from_the_file,
    entries_that_are_too_long_are_counted,
    debians_fortunes_can_be_served,
    the_zen_of_python_can_be_served,
);

/// Connects, reads a fortune and closes.
#[track_caller]
fn fortune(server: &Server) -> String {
    let told = String::from_utf8(server.connect().read_to_end()).expect("a fortune is UTF-8");
    assert!(told.ends_with("\r\n"), "{told:?}");
    assert!((3..=512).contains(&told.len()), "{told:?}");
    assert_eq!(told.replace("\r\n", "").find(['\r', '\n']), None, "{told:?}");
    told
}

fn a_fortune_is_lines_of_at_most_512_bytes(style: Style) {
    let server = Server::start(style, "fortune");
    for _ in 0..20 {
        fortune(&server);
    }
}

fn input_is_never_answered(style: Style) {
    let server = Server::start_with(style, "fortune", &["--seed", "1"]);
    let mut client = server.connect();
    client.send("more, please\r\n");
    client.half_close();
    let told = client.read_to_end();
    let again = Server::start_with(style, "fortune", &["--seed", "1"]);
    assert_eq!(told, fortune(&again).as_bytes());
}

#[test]
fn a_seed_gives_the_same_fortunes_in_every_style() {
    let told = |style: Style, seed| {
        let server = Server::start_with(style, "fortune", &["--seed", seed]);
        (0..20).map(|_| fortune(&server)).collect::<Vec<_>>()
    };
    let expected = told(Style::ITERATIVE, "42");
    for style in Style::ALL.map(|style| *style) {
        assert_eq!(told(style, "42"), expected, "{style:?}");
    }
    // A seed does not give the same fortune again and again.
    assert!(expected.iter().collect::<BTreeSet<_>>().len() > 5);
    assert_ne!(told(Style::ITERATIVE, "43"), expected);
}

fn a_client_that_closes_is_not_waited_for(style: Style) {
    let server = Server::start(style, "fortune");
    let begun = Instant::now();
    let clients = deadline().as_secs();
    for client in 1..=clients {
        fortune(&server);
        server.wait_for_log(|line| line.ends_with(&format!("client {client} left")));
    }
    // Two seconds for each would take twice as long.
    assert!(begun.elapsed() < Duration::from_secs(clients));
}

fn a_client_that_does_not_close_is_waited_for_two_seconds(style: Style) {
    let server = Server::start(style, "fortune");
    let begun = Instant::now();
    let mut client = server.connect();
    client.read_to_end();
    server.wait_for_log(|line| line.ends_with("client 1 left"));
    assert!(begun.elapsed() >= Duration::from_secs(2));
}

fn the_next_client_waits_for_a_lingering_one_or_not(style: Style) {
    let server = Server::start(style, "fortune");
    let begun = Instant::now();
    if style.serves_many() {
        let count = deadline().as_secs();
        let lingering: Vec<_> = (0..count)
            .map(|_| {
                let mut client = server.connect();
                client.read_to_end();
                client
            })
            .collect();
        // One after the other would take twice as long.
        assert!(begun.elapsed() < Duration::from_secs(count));
        drop(lingering);
    } else {
        let mut lingers = server.connect();
        lingers.read_to_end();
        fortune(&server);
        assert!(begun.elapsed() >= Duration::from_secs(2));
    }
}

/// Writes a file of fortunes.
fn file(directory: &Directory, content: impl AsRef<[u8]>) -> PathBuf {
    let path = directory.file("fortunes");
    fs::write(&path, content).expect("a temporary file");
    path
}

fn serve(style: Style, file: &Path) -> Server {
    let path = file.to_str().expect("its name is UTF-8");
    Server::start_with(style, "fortune", &["--fortunes", path])
}

fn fortunes_come_from_the_file(style: Style) {
    let entries = "one\n%\ntwo\nlines\twith a tab\n%\n%\nesc \x1b[2J 汉语\r\n%\n100 % of it\n%%\n";
    let directory = Directory::default();
    let file = file(&directory, entries);
    let server = serve(style, &file);
    let expected = [
        "one\r\n",
        "two\r\nlines\twith a tab\r\n",
        "esc \u{fffd}[2J 汉语\r\n",
        "100 % of it\r\n%%\r\n",
    ];
    let told: BTreeSet<_> = (0..100).map(|_| fortune(&server)).collect();
    // The chance that one of the four is not drawn in a hundred times is one in 10^12.
    assert!(told.iter().eq(&BTreeSet::from(expected.map(str::to_owned))), "{told:?}");
}

fn entries_that_are_too_long_are_counted(style: Style) {
    let fits = "x".repeat(510);
    // A byte that is not UTF-8 becomes three bytes, and a line end two.
    let entries: [&[u8]; 4] = [
        fits.as_bytes(),
        &[fits.as_bytes(), b"x"].concat(),
        &[&fits.as_bytes()[..508], b"\xff"].concat(),
        &b"\n".repeat(300),
    ];
    let directory = Directory::default();
    let file = file(&directory, entries.join(&b"\n%\n"[..]));
    let server = serve(style, &file);
    let path = file.to_str().expect("its name is UTF-8");
    let noted = server.wait_for_log(|line| line.contains(path));
    assert!(noted.contains("1 fortune"), "{noted}");
    assert!(noted.contains("2 more are too long"), "{noted}");
    for _ in 0..5 {
        assert_eq!(fortune(&server), format!("{fits}\r\n"));
    }
}

fn debians_fortunes_can_be_served(style: Style) {
    let directory = "/usr/share/games/fortunes";
    if !require_tool(&format!("{directory}/fortunes")) {
        return;
    }
    let files = fs::read_dir(directory).expect("it is a directory");
    let files = files.map(|entry| entry.expect("it can be read").path());
    // Beside each file are its index and a second name.
    for file in files.filter(|file| file.extension().is_none()) {
        let text = fs::read_to_string(&file).expect("they are UTF-8");
        let entries: BTreeSet<String> = text
            .split("\n%\n")
            .map(|entry| entry.replace('\x08', "\u{fffd}") + "\n")
            .map(|entry| entry.replace('\n', "\r\n"))
            .collect();
        let server = serve(style, &file);
        for _ in 0..20 {
            let told = fortune(&server);
            assert!(entries.contains(&told), "{told:?} is not in {file:?}");
        }
    }
}

fn the_zen_of_python_can_be_served(style: Style) {
    if !require_tool("python3") {
        return;
    }
    let python = Command::new("python3").args(["-c", "import this"]).output();
    let zen = String::from_utf8(python.expect("python3 runs").stdout).expect("UTF-8");
    let lines: Vec<_> = zen.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines.len(), 20);
    let directory = Directory::default();
    let file = file(&directory, lines.join("\n%\n"));
    let server = serve(style, &file);
    for _ in 0..20 {
        let told = fortune(&server);
        assert!(lines.contains(&told.trim_end()), "{told:?}");
    }
}
