//! The relay's page in a browser: Debian's Chromium plays the stream of ffmpeg with hls.js.
//!
//! With `SCREENSHOTS=1` in the environment it saves pictures in `target/screenshots`.

mod relaying;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use relaying::Relay;
use test_kit::{Client, Mux, Running, Signal, node, repository, require_tool, skip};

/// Segments of two seconds: an encoder may pause for six times as long.
const PATIENT: [&str; 2] = ["--segment", "2"];

#[test]
fn the_page_plays_on_a_desktop() {
    check(Relay::start(&PATIENT), "relay.mjs", &[("WIDTH", "1280")]);
}

#[test]
fn the_page_plays_on_a_phone() {
    check(Relay::start(&PATIENT), "relay.mjs", &[("WIDTH", "390")]);
}

#[test]
fn the_page_plays_a_radio() {
    if !require_tool("ffmpeg") {
        return;
    }
    let relay = Relay::start(&["--segment", "1"]);
    let _encoder = relay.push_radio();
    check(relay, "radio.mjs", &[]);
}

/// `examples/endless_playlist.rs` serves this playlist in place of the relay's own.
#[test]
fn hls_js_refuses_the_endless_playlist() {
    let mut command = Command::new(test_kit::examples().join("endless_playlist"));
    command.args(["127.0.0.1:0", "127.0.0.1:0"]);
    let naive = Running::spawn(command);
    let line = naive.wait_for_output(|line| line.starts_with("listening on "));
    let mut player = Client::connect(line["listening on ".len()..].parse().expect("an address"));
    player.send("GET /stream.m3u8 HTTP/1.0\r\n\r\n");
    let answer = String::from_utf8(player.read_to_end()).expect("it is text");
    let (_, playlist) = answer.split_once("\r\n\r\n").expect("it has a body");
    // It waits for a silent encoder for six times as long.
    let relay = Relay::start(&["--segment", "20"]);
    let _encoder = relay.push_bytes(&Mux::video().seconds(61));
    relay.wait_for_playlist();
    check(relay, "endless.mjs", &[("PLAYLIST", playlist)]);
}

#[test]
fn hls_js_is_the_file_from_npm() {
    let there = repository().join("tests/browser/node_modules/hls.js");
    if !there.is_dir() {
        return skip("what tests/browser needs is not installed: npm ci in that directory");
    }
    let ours = repository().join("crates/applications/hls-relay/src/page/hls.js");
    let read = |path: PathBuf| fs::read(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let player = read(ours.join("hls.min.js"));
    assert!(player == read(there.join("dist/hls.min.js")), "hls.min.js differs");
    assert_eq!(read(ours.join("LICENSE")), read(there.join("LICENSE")));
    let package: serde_json::Value =
        serde_json::from_slice(&read(there.join("package.json"))).expect("it is JSON");
    let version = package["version"].as_str().expect("it has a version");
    let readme = String::from_utf8(read(ours.join("README.md"))).expect("it is text");
    assert!(readme.contains(&format!("hls.js {version},")), "README.md: {version}");
    let relay = Relay::start(&[]);
    let page = relay.get("/").text();
    assert!(page.contains(&format!("hls.js</a> {version},")), "the page: {version}");
    assert!(relay.get("/hls.js/hls.min.js").body == player, "another file is served");
}

/// Plays the page with a script, which can ask for an encoder to start and end.
#[track_caller]
fn check(relay: Relay, script: &str, environment: &[(&str, &str)]) {
    if !["ffmpeg", "chromium"].into_iter().all(require_tool) {
        return;
    }
    let (Some(script), Some(chromium)) = (node(script), node("chromium.mjs")) else { return };
    let mut browser = Running::spawn(chromium);
    let mut script = start(script, &relay, &browser, environment);
    let mut encoder = None;
    let mut told = script.stdin.take().expect("it is a pipe");
    let mut said = Vec::new();
    for line in BufReader::new(script.stdout.take().expect("it is a pipe")).lines() {
        match line.as_deref().expect("it is text") {
            "push" => encoder = Some(relay.push()),
            "kill" => drop(encoder.take()),
            other => {
                said.push(other.to_owned());
                continue;
            }
        }
        told.write_all(b"done\n").expect("the script waits for it");
    }
    let ended = script.wait().expect("it is ours");
    browser.process().signal(Signal::SIGTERM);
    browser.wait();
    assert!(ended.success() && said == ["done"], "{}", said.join("\n"));
}

fn start(
    mut node: Command,
    relay: &Relay,
    browser: &Running,
    environment: &[(&str, &str)],
) -> Child {
    let said = "listening on ";
    let address = browser.wait_for_output(|line| line.starts_with(said));
    node.envs(environment.iter().copied());
    node.env("BOOK", format!("http://{}", relay.http)).env("BROWSER", &address[said.len()..]);
    node.env_remove("SCREENSHOTS");
    if std::env::var_os("SCREENSHOTS").is_some() {
        let pictures = repository().join("target/screenshots");
        fs::create_dir_all(&pictures).expect("target can be written");
        node.env("SCREENSHOTS", pictures);
    }
    node.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("node runs")
}
