//! An echo that copies bytes. `after-accept check` finds nothing wrong with it.

use std::net::TcpListener;
use std::{env, io, thread};

fn main() -> io::Result<()> {
    let port = env::args().nth(1).unwrap_or_default();
    // ANCHOR: main
    let listener = TcpListener::bind(format!("127.0.0.1:{port}"))?;
    for client in listener.incoming() {
        let client = client?;
        thread::spawn(move || io::copy(&mut &client, &mut &client));
    }
    // ANCHOR_END: main
    Ok(())
}
