//! The relay, between encoders and players: ffmpeg, and clients that check every byte.

mod relaying;

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use relaying::{Relay, ffmpeg};
use test_kit::{BROWSER_PAUSE, Client, Mux, Running, Signal};
use test_kit::{deadline, node, require_tool, wait_until};

/// Segments of one second, so that a test does not wait for those of four.
const SHORT: [&str; 2] = ["--segment", "1"];

/// Makes ffmpeg play this many seconds, and expects no complaints.
#[track_caller]
fn expect_to_play(url: &str, seconds: &str) {
    let mut command = ffmpeg();
    command.args(["-xerror", "-t", seconds, "-i", url, "-f", "null", "-"]);
    let ended = Running::spawn(command).end();
    assert!(ended.status.success() && ended.errors.is_empty(), "{ended:#?}");
}

/// The streams that ffprobe finds in it.
fn probe(url: &str) -> String {
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0", url]);
    let ended = Running::spawn(command).end();
    assert!(ended.status.success() && ended.errors.is_empty(), "{ended:#?}");
    let mut codecs: Vec<_> = ended.output.into_iter().filter(|line| !line.is_empty()).collect();
    codecs.sort();
    codecs.dedup();
    codecs.join(" ")
}

#[test]
fn ffmpeg_plays_the_stream_that_ffmpeg_pushes() {
    if !require_tool("ffmpeg") {
        return;
    }
    let relay = Relay::start(&SHORT);
    let _encoder = relay.push();
    relay.wait_for_playlist();
    let playlist = format!("http://{}/stream.m3u8", relay.http);
    assert_eq!(probe(&playlist), "aac h264");
    expect_to_play(&playlist, "4");
    expect_to_play(&format!("http://{}/stream.ts", relay.http), "2");
}

#[test]
fn ffmpeg_plays_a_radio() {
    if !require_tool("ffmpeg") {
        return;
    }
    let relay = Relay::start(&SHORT);
    let _encoder = relay.push_radio();
    relay.wait_for_playlist();
    let playlist = format!("http://{}/stream.m3u8", relay.http);
    assert_eq!(probe(&playlist), "mp3");
    expect_to_play(&playlist, "4");
}

/// All playlists and segments of a run in which the encoder is killed and comes back.
#[test]
fn an_encoder_that_is_killed_and_returns_leaves_no_error() {
    if !require_tool("ffmpeg") {
        return;
    }
    // Of two seconds: an encoder may pause for six times as long.
    let relay = Relay::start(&["--segment", "2", "--grace", "60"]);
    let mut playlists = Vec::new();
    let mut segments = BTreeMap::new();
    let mut watch_until = |is_it: fn(&str) -> bool| {
        wait_until("the playlist is as expected", || {
            let answer = relay.get("/stream.m3u8");
            if answer.status == 200 && playlists.last() != Some(&answer.text()) {
                playlists.push(answer.text());
                collect(&relay, &answer.text(), &mut segments);
            }
            playlists.last().is_some_and(|playlist| is_it(playlist))
        });
    };
    let encoder = relay.push();
    watch_until(|_| true);
    encoder.process().signal(Signal::SIGKILL);
    let _encoder = relay.push();
    watch_until(|playlist| playlist.contains("#EXT-X-DISCONTINUITY\n"));
    watch_until(|playlist| playlist.contains("#EXT-X-DISCONTINUITY-SEQUENCE:1\n"));
    relay.process().signal(Signal::SIGTERM);
    watch_until(|playlist| playlist.contains("#EXT-X-ENDLIST\n"));
    expect_no_decode_error(&segments.into_values().collect::<Vec<_>>());
    expect_strictly_right(&playlists);
}

/// Stores the segments that a playlist lists.
fn collect(relay: &Relay, playlist: &str, segments: &mut BTreeMap<u64, Vec<u8>>) {
    for path in playlist.lines().filter(|line| !line.starts_with('#')) {
        let number = path.rsplit_once('-').and_then(|(_, it)| it.strip_suffix(".ts"));
        let number = number.and_then(|it| it.parse().ok()).expect("it has a number");
        segments.entry(number).or_insert_with(|| {
            let answer = relay.get(&format!("/{path}"));
            assert_eq!(answer.status, 200, "{path} is listed");
            answer.body
        });
    }
}

/// Makes ffmpeg decode the segments one after the other. The clock jumps back when an encoder
/// returns, but that does not concern a decoder.
#[track_caller]
fn expect_no_decode_error(segments: &[Vec<u8>]) {
    let directory = test_kit::Directory::default();
    let file = directory.path().join("stream.ts");
    std::fs::write(&file, segments.concat()).unwrap();
    let mut command = ffmpeg();
    command.arg("-i").arg(&file).args(["-f", "null", "-"]);
    let ended = Running::spawn(command).end();
    let is_error = |line: &&String| !line.ends_with("out of order");
    let errors: Vec<_> = ended.errors.iter().filter(is_error).collect();
    assert!(ended.status.success() && errors.is_empty(), "{errors:#?}");
}

#[track_caller]
fn expect_strictly_right(playlists: &[String]) {
    let Some(mut node) = node("playlists.mjs") else { return };
    node.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = node.spawn().expect("node runs");
    let text = serde_json::to_string(playlists).expect("it is text");
    child.stdin.take().expect("it is a pipe").write_all(text.as_bytes()).expect("it reads");
    let ended = child.wait_with_output().expect("it is ours");
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success() && playlists.len() >= 5, "{said}");
}

#[test]
fn there_is_nothing_to_play_at_first() {
    let relay = Relay::start(&[]);
    let answer = relay.get("/stream.m3u8");
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("4")));
    assert_eq!(answer.text(), "There is nothing to play: no encoder is connected.\n");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[test]
fn requests_get_the_answers_that_players_need() {
    let relay = Relay::start(&[]);
    let _encoder = relay.push_bytes(&Mux::video().seconds(13));
    let playlist = relay.wait_for_playlist();
    let path = playlist.lines().find(|line| line.ends_with(".ts")).unwrap();
    let path = format!("/{path}");
    let whole = relay.get(&path);
    assert_eq!((whole.status, whole.body[0]), (200, 0x47));
    let size = whole.body.len();
    let range = |range: &str| relay.ask("GET", &path, &[&format!("Range: {range}")]);

    let all = range("bytes=0-");
    let expected = format!("bytes 0-{}/{size}", size - 1);
    assert_eq!((all.status, all.header("content-range")), (206, Some(&*expected)));
    assert!(all.body == whole.body);
    let some = range("bytes=188-375");
    assert_eq!((some.status, &some.body[..]), (206, &whole.body[188..376]));
    assert_eq!(range(&format!("bytes={size}-")).status, 416);

    let table = [
        ("GET", "/stream.m3u8", 200, "application/vnd.apple.mpegurl", "no-cache"),
        ("HEAD", "/stream.m3u8", 200, "application/vnd.apple.mpegurl", "no-cache"),
        ("HEAD", &path, 200, "video/mp2t", "public, max-age=31536000, immutable"),
        ("HEAD", "/stream.ts", 200, "video/mp2t", "no-store"),
        ("GET", "/status.json", 200, "application/json", "no-cache"),
        ("GET", "/segments/0-0.ts", 404, "text/plain; charset=utf-8", "no-store"),
        ("GET", "/nothing", 404, "text/plain; charset=utf-8", "no-store"),
        ("OPTIONS", "/stream.m3u8", 204, "text/plain; charset=utf-8", "no-store"),
    ];
    for (method, path, status, kind, cache) in table {
        let answer = relay.ask(method, path, &[]);
        assert_eq!(answer.status, status, "{method} {path}");
        assert_eq!(answer.header("content-type"), Some(kind), "{method} {path}");
        assert_eq!(answer.header("cache-control"), Some(cache), "{method} {path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{method} {path}");
        assert!(method != "HEAD" || answer.body.is_empty(), "{method} {path}");
    }
    let head = relay.ask("HEAD", &path, &[]);
    assert_eq!(head.header("content-length"), Some(&*size.to_string()));
    for path in ["/", "/stream.m3u8", "/stream.ts", "/status.json"] {
        let refused = relay.ask("POST", path, &[]);
        assert_eq!(refused.status, 405, "{path}");
        let allowed = refused.header("allow").unwrap_or_default();
        assert!(allowed.contains("GET") && allowed.contains("HEAD"), "{path}: {allowed}");
    }
}

#[test]
fn a_second_encoder_is_refused_with_a_reason() {
    let relay = Relay::start(&[]);
    let first = relay.push_bytes(&Mux::video().seconds(1));
    let address = first.name();
    wait_until("it is the encoder", || relay.get("/status.json").text().contains(&address));
    let mut second = relay.push_bytes(&Mux::video().seconds(1));
    let said = String::from_utf8(second.read_to_end()).unwrap();
    assert_eq!(said, format!("an encoder is connected already, from {address}\n"));
}

#[test]
fn an_encoder_that_sends_something_else_gets_an_error() {
    let relay = Relay::start(&[]);
    let mut encoder = Client::connect(relay.ingest);
    let garbage = vec![b'x'; hls_relay::GARBAGE + 1000];
    let said = String::from_utf8(encoder.exchange(&garbage)).unwrap();
    assert_eq!(said, "this is no transport stream\n");
}

#[test]
fn at_the_end_players_get_a_notice_and_a_grace() {
    let mut relay = Relay::start(&["--grace", "2"]);
    let mut listener = Client::connect(relay.http);
    listener.send(relaying::request("GET", "/stream.ts", &[]));
    wait_until("it listens", || relay.get("/status.json").text().contains("\"listeners\":1"));
    let mut encoder = relay.push_bytes(&Mux::video().seconds(13));
    relay.wait_for_playlist();
    relay.process().signal(Signal::SIGTERM);
    wait_until("the playlist has its end", || {
        relay.get("/stream.m3u8").text().contains("#EXT-X-ENDLIST")
    });
    assert_eq!(encoder.read_to_end(), b"the relay is about to stop\n");
    encoder.half_close();
    let heard = listener.read_to_end();
    assert!(heard.ends_with(b"\r\n0\r\n\r\n"), "the endless response ends cleanly");
    assert_eq!(relay.running.wait().code(), Some(0));
}

#[test]
fn an_ingest_that_other_machines_reach_causes_a_warning() {
    let warning = |address: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_after-accept"));
        command.args(["hls-relay", "--ingest", address, "--http", "127.0.0.1:0"]);
        let running = Running::spawn(command);
        running.wait_for_output(|line| line.starts_with("listening on "));
        running.process().signal(Signal::SIGTERM);
        running.end().errors.iter().any(|line| line.contains("there is no password"))
    };
    assert!(warning("0.0.0.0:0"));
    assert!(!warning("127.0.0.1:0"));
}

#[test]
fn an_address_in_use_is_named_with_its_option() {
    let relay = Relay::start(&[]);
    let places = [relay.ingest.to_string(), relay.http.to_string()];
    let options = [("--ingest", "--http"), ("--http", "--ingest")];
    for ((option, other), place) in options.into_iter().zip(places) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_after-accept"));
        command.args(["hls-relay", option, &place, other, "127.0.0.1:0"]);
        Running::spawn(command).end().expect_refusal(1, &[&place, option]);
    }
}

#[test]
fn a_request_of_http_1_1_has_one_host() {
    let relay = Relay::start(&[]);
    for (head, status) in [
        ("GET / HTTP/1.1", "HTTP/1.1 400 "),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b", "HTTP/1.1 400 "),
        ("GET / HTTP/1.1\r\nHost: a", "HTTP/1.1 200 "),
        ("GET / HTTP/1.0", "HTTP/1.0 200 "),
    ] {
        let mut client = Client::connect(relay.http);
        client.send(format!("{head}\r\nConnection: close\r\n\r\n"));
        let answer = String::from_utf8_lossy(&client.read_to_end()).into_owned();
        assert!(answer.starts_with(status), "{head}: {answer}");
    }
}

/// A silent connection is closed, whether it has begun a request or not: slowhttptest(1) can occupy
/// any number of connections of a server without such a limit. But a browser has the time it needs.
#[test]
fn heads_that_never_end_are_not_waited_for() {
    let relay = Relay::start(&[]);
    let start = Instant::now();
    let mut slow: Vec<_> = (0..300).map(|_| Client::connect(relay.http)).collect();
    for (number, client) in slow.iter_mut().enumerate() {
        let heads = ["GET /stream.m3u8 HTTP/1.1\r\nX-Slow: 1", "G", ""];
        client.send(heads[number % heads.len()]);
    }
    assert_eq!(relay.get("/stream.m3u8").status, 503, "other clients are served meanwhile");
    assert!(deadline() > Duration::from_secs(21), "the relay waits for 20");
    for mut client in slow {
        // The relay may answer that the time is over (408).
        client.read_to_end();
    }
    assert!(start.elapsed() > BROWSER_PAUSE);
}
