//! A room of two members, of which one never reads, with four rules: wait for it, keep its lines,
//! skip lines, or drop it.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

const LINES: usize = 10_000;

fn main() -> io::Result<()> {
    for rule in ["wait", "keep", "skip", "drop"] {
        let (mut reader, theirs) = UnixStream::pair()?;
        let heard = thread::spawn(|| BufReader::new(theirs).lines().count());
        let (deaf, _never_read) = UnixStream::pair()?;
        let outcome = say_all(rule, &mut reader, deaf)?;
        drop(reader);
        let heard = heard.join().expect("no panic");
        println!("{rule}: {heard} of {LINES} lines heard; {outcome}");
    }
    Ok(())
}

// ANCHOR: rules
/// Sends each line to both, and returns what the rule has done to the one that never reads.
fn say_all(rule: &str, reader: &mut UnixStream, deaf: UnixStream) -> io::Result<String> {
    deaf.set_nonblocking(rule != "wait")?;
    deaf.set_write_timeout(Some(Duration::from_secs(1)))?;
    let mut deaf = Some(deaf);
    let (mut kept, mut left_out) = (Vec::<u8>::new(), 0);
    let line = [&[b'x'; 999][..], b"\n"].concat();
    for _ in 0..LINES {
        reader.write_all(&line)?;
        let Some(socket) = &mut deaf else { continue };
        // Such a socket takes lines of this size whole, or not at all.
        if socket.write_all(&line).is_err() {
            match rule {
                "wait" => return Ok("then neither heard anything for a second".to_owned()),
                "keep" => kept.extend(&line),
                "skip" => left_out += 1,
                _ => deaf = None,
            }
        }
    }
    Ok(match rule {
        "keep" => format!("{} bytes are kept for the other", kept.len()),
        "skip" => format!("the other will miss {left_out}"),
        _ => "the other is gone".to_owned(),
    })
}
// ANCHOR_END: rules
