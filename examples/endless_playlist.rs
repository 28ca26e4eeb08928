//! A first attempt at a relay: a playlist that names one endless stream, and a loop that writes to
//! one player after the other. It shows why neither is enough.

use std::env;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

type Players = Arc<Mutex<Vec<TcpStream>>>;

fn main() -> io::Result<()> {
    let mut addresses = env::args().skip(1);
    let mut listen = |default: &str| TcpListener::bind(addresses.next().unwrap_or(default.into()));
    let ingest = listen("127.0.0.1:9989")?;
    let http = listen("127.0.0.1:9988")?;
    println!("encoder to {}", ingest.local_addr()?);
    println!("listening on {}", http.local_addr()?);
    let players = Players::default();
    let listeners = Arc::clone(&players);
    thread::spawn(move || relay(&ingest, &listeners));
    for stream in http.incoming() {
        // The relay ignores the errors of a single player.
        let _ = answer(stream?, &players);
    }
    Ok(())
}

// ANCHOR: relay
/// Sends the encoder's stream to each player.
fn relay(ingest: &TcpListener, players: &Players) -> io::Result<()> {
    let (mut encoder, _) = ingest.accept()?;
    let mut buffer = [0; 64 << 10];
    loop {
        let count = encoder.read(&mut buffer)?;
        let mut players = players.lock().expect("no panic");
        players.retain_mut(|player| player.write_all(&buffer[..count]).is_ok());
    }
}

/// Answers one request: with the playlist, or with the stream from here on.
fn answer(mut stream: TcpStream, players: &Players) -> io::Result<()> {
    let mut asked = String::new();
    let mut lines = BufReader::new(stream.try_clone()?);
    while lines.read_line(&mut asked)? > 2 {}
    if asked.starts_with("GET /stream.m3u8 ") {
        let playlist = "#EXTM3U\n#EXTINF:-1,A live stream\nstream.ts\n";
        let size = playlist.len();
        let kind = "Content-Type: audio/x-mpegurl";
        write!(stream, "HTTP/1.0 200 OK\r\n{kind}\r\nContent-Length: {size}\r\n\r\n{playlist}")
    } else {
        write!(stream, "HTTP/1.0 200 OK\r\nContent-Type: video/mp2t\r\n\r\n")?;
        players.lock().expect("no panic").push(stream);
        Ok(())
    }
}
// ANCHOR_END: relay
