//! An echo that takes what comes for text. `after-accept check` finds out.

use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::{env, thread};

fn main() -> io::Result<()> {
    let port = env::args().nth(1).unwrap_or_default();
    // ANCHOR: main
    let listener = TcpListener::bind(format!("127.0.0.1:{port}"))?;
    for client in listener.incoming() {
        let mut client = client?;
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            loop {
                let count = client.read(&mut buffer).unwrap();
                let text = str::from_utf8(&buffer[..count]).unwrap();
                client.write_all(text.as_bytes()).unwrap();
                if count == 0 {
                    return;
                }
            }
        });
    }
    // ANCHOR_END: main
    Ok(())
}
