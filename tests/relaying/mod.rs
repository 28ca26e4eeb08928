//! A relay, its encoder, and players that check its output byte by byte.

#![allow(dead_code, reason = "each test uses what it needs")]

use std::net::SocketAddr;
use std::process::Command;

use test_kit::{Client, Process, Running};

/// A relay that runs as a process of its own.
pub(crate) struct Relay {
    pub(crate) running: Running,
    pub(crate) ingest: SocketAddr,
    pub(crate) http: SocketAddr,
}

/// An answer to a request.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// As they were sent: hyper writes their names in lower case.
    pub(crate) headers: Vec<String>,
    pub(crate) body: Vec<u8>,
}

impl Relay {
    /// Starts a relay on its own ports.
    pub(crate) fn start(options: &[&str]) -> Relay {
        let mut command = Command::new(env!("CARGO_BIN_EXE_after-accept"));
        command.args(["hls-relay", "--ingest", "127.0.0.1:0", "--http", "127.0.0.1:0"]);
        command.args(options);
        let running = Running::spawn(command);
        let address = |said: &str| {
            let line = running.wait_for_output(|line| line.starts_with(said));
            line[said.len()..].parse().expect("it says an address")
        };
        let (http, ingest) = (address("listening on "), address("encoder to "));
        Relay { running, ingest, http }
    }

    pub(crate) fn process(&self) -> Process {
        self.running.process()
    }

    /// The answer to a GET, on a new connection.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[])
    }

    pub(crate) fn ask(&self, method: &str, path: &str, headers: &[&str]) -> Answer {
        let mut client = Client::connect(self.http);
        client.send(request(method, path, headers));
        Answer::read(&client.read_to_end())
    }

    /// Waits for the playlist, and returns it as text.
    pub(crate) fn wait_for_playlist(&self) -> String {
        let mut text = None;
        test_kit::wait_until("there is a playlist", || {
            let answer = self.get("/stream.m3u8");
            text = (answer.status == 200).then(|| answer.text());
            text.is_some()
        });
        text.expect("it was waited for")
    }

    /// An encoder that sends these bytes.
    pub(crate) fn push_bytes(&self, bytes: &[u8]) -> Client {
        let mut encoder = Client::connect(self.ingest);
        encoder.send(bytes);
        encoder
    }

    /// Makes ffmpeg push the stream of a radio: MP3 in a transport stream.
    pub(crate) fn push_radio(&self) -> Running {
        let mut command = ffmpeg();
        command.args(["-re", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100"]);
        command.args(["-c:a", "libmp3lame", "-b:a", "128k", "-f", "mpegts"]);
        command.arg(format!("tcp://{}", self.ingest));
        Running::spawn(command)
    }

    /// Makes ffmpeg push a generated stream at normal speed: moving pictures, and a tone.
    pub(crate) fn push(&self) -> Running {
        let mut command = ffmpeg();
        command.args(["-re", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25"]);
        command.args(["-re", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000"]);
        command.args(["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency"]);
        command.args(["-g", "25", "-pix_fmt", "yuv420p", "-c:a", "aac", "-f", "mpegts"]);
        command.arg(format!("tcp://{}", self.ingest));
        Running::spawn(command)
    }
}

impl Answer {
    fn read(bytes: &[u8]) -> Answer {
        let end = bytes.windows(4).position(|it| it == b"\r\n\r\n").expect("the headers end");
        let head = String::from_utf8(bytes[..end].to_vec()).expect("headers are text");
        let mut lines = head.lines().map(str::to_owned);
        let status = lines.next().expect("there is a status");
        let status = status.split(' ').nth(1).and_then(|it| it.parse().ok());
        Answer {
            status: status.expect("it is a number"),
            headers: lines.collect(),
            body: bytes[end + 4..].to_vec(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let named = |line: &'_ str| line.split_once(": ").is_some_and(|(said, _)| said == name);
        let line = self.headers.iter().find(|line| named(line))?;
        line.split_once(": ").map(|(_, value)| value)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("it is text")
    }
}

/// A request that also closes the connection.
pub(crate) fn request(method: &str, path: &str, headers: &[&str]) -> String {
    let lines = headers.iter().map(|line| format!("{line}\r\n")).collect::<String>();
    format!("{method} {path} HTTP/1.1\r\nHost: relay\r\nConnection: close\r\n{lines}\r\n")
}

/// ffmpeg, which prints only errors.
pub(crate) fn ffmpeg() -> Command {
    let mut command = Command::new("ffmpeg");
    command.args(["-hide_banner", "-nostdin", "-v", "warning"]);
    command
}
