//! Four workers share a queue, and hold its lock only while they take a client out. The first client
//! is silent, and the second sends a word (std::sync::mpsc, std::sync::Mutex).

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

fn main() -> io::Result<()> {
    let (queue, waiting) = channel();
    let waiting = Arc::new(Mutex::new(waiting));
    for _ in 0..4 {
        let waiting = Arc::clone(&waiting);
        thread::spawn(move || {
            loop {
                let Ok(client) = waiting.lock().unwrap().recv() else { break };
                echo(&client);
            }
        });
    }

    let (_silent, theirs) = UnixStream::pair()?;
    let _ = queue.send(theirs);
    let (mut talking, theirs) = UnixStream::pair()?;
    let _ = queue.send(theirs);
    talking.set_read_timeout(Some(Duration::from_secs(3)))?;
    talking.write_all(b"hello")?;
    match talking.read(&mut [0; 100]) {
        Ok(count) => println!("{count} bytes come back"),
        Err(_) => println!("no answer within 3 seconds"),
    }
    Ok(())
}

fn echo(mut client: &UnixStream) {
    let _ = io::copy(&mut { client }, &mut client);
}
