//! A small piece waits until the one before it is acknowledged (RFC 896, Nagle's algorithm), unless
//! TCP_NODELAY is set (tcp(7)). ss(8) shows the bytes that have not been sent yet.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:5000")?;
    for nodelay in [false, true] {
        // ANCHOR: pieces
        let mut client = TcpStream::connect("127.0.0.1:5000")?;
        let (mut server, _) = listener.accept()?;
        client.set_nodelay(nodelay)?;
        let mut held_back = false;
        // At first the other kernel acknowledges at once. Later it waits for an answer to send with
        // it.
        for _ in 0..20 {
            client.write_all(b"head")?;
            client.write_all(b"body")?;
            held_back |= is_unsent()?;
            server.read_exact(&mut [0; 8])?;
            server.write_all(b"answer")?;
            client.read_exact(&mut [0; 6])?;
        }
        // ANCHOR_END: pieces
        let what = match held_back {
            true => "has been held back until \"head\" was confirmed",
            false => "has always left at once",
        };
        println!("TCP_NODELAY {nodelay}: \"body\" {what}");
    }
    Ok(())
}

/// Whether the client has written bytes that its kernel has not sent.
fn is_unsent() -> io::Result<bool> {
    let ss = Command::new("ss").args(["-Htin", "dport = :5000"]).output()?;
    Ok(String::from_utf8_lossy(&ss.stdout).contains("notsent:"))
}
