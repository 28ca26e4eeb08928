//! Uploads a large file to each style, and meanwhile small ones, one after the other. A session
//! that waits for the disk delays all clients on the same thread (poll(2): a regular file is always
//! ready).

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use launch::Style;

/// The well-known port of the service upload, to which each style adds its thousand.
const UPLOAD: u16 = 29;

const LARGE: usize = 16 << 20;
const SMALL: usize = 1024;

fn main() -> io::Result<()> {
    println!("             16 MiB   1 KiB meanwhile, the slowest");
    // The styles that `cargo run` starts.
    for style in Style::ALL.iter().filter(|style| style.starts_by_default) {
        let name = style.name;
        let (large, small) = both(name, style.thousand * 1000 + UPLOAD)?;
        let [large, small] = [large, small].map(|time| time.as_millis());
        println!("{name:<10} {large:>5} ms {small:>7} ms");
    }
    Ok(())
}

// ANCHOR: both
/// How long the large file takes, and how long the slowest small one takes meanwhile.
fn both(style: &str, port: u16) -> io::Result<(Duration, Duration)> {
    let (begin, begun) = mpsc::channel();
    thread::scope(|scope| {
        let large = format!("large-{style}");
        let sending = scope.spawn(move || upload(port, &large, LARGE, || begin.send(()).is_ok()));
        // If the upload fails before it has begun, `join` returns the error at the end.
        let _ = begun.recv();
        let (mut slowest, mut count) = (Duration::ZERO, 0);
        while !sending.is_finished() {
            count += 1;
            let small = format!("small-{style}-{count}");
            slowest = slowest.max(upload(port, &small, SMALL, || true)?);
        }
        Ok((sending.join().expect("it does not panic")?, slowest))
    })
}
// ANCHOR_END: both

/// Uploads `size` bytes, and returns the time from connecting to the answer.
fn upload(
    port: u16,
    name: &str,
    size: usize,
    begun: impl FnOnce() -> bool,
) -> io::Result<Duration> {
    let called = Instant::now();
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    writeln!(stream, "{name}")?;
    stream.write_all(&u32::try_from(size).expect("it fits").to_be_bytes())?;
    stream.write_all(b"\n")?;
    begun();
    stream.write_all(&vec![b'x'; size])?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    match answer.starts_with("stored ") {
        true => Ok(called.elapsed()),
        false => Err(io::Error::other(answer)),
    }
}
