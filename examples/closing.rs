//! Closes a connection one half at a time. After each step, ss(8) shows the states of its two ends
//! (RFC 9293, 3.3.2).

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Command;

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:5000")?;
    let mut client = TcpStream::connect("127.0.0.1:5000")?;
    let (mut server, _) = listener.accept()?;
    drop(listener);
    show("connected")?;

    // ANCHOR: halves
    client.write_all(b"question")?;
    client.shutdown(Shutdown::Write)?;
    let mut text = String::new();
    server.read_to_string(&mut text)?;
    show(&format!("the server has read {text:?} and the end"))?;

    server.write_all(b"answer")?;
    drop(server);
    text.clear();
    client.read_to_string(&mut text)?;
    show(&format!("the client has read {text:?} and the end"))
    // ANCHOR_END: halves
}

fn show(what: &str) -> io::Result<()> {
    let lasting = loop {
        let ss = Command::new("ss").args(["-Htan", "sport = :5000 or dport = :5000"]).output()?;
        let lines = String::from_utf8_lossy(&ss.stdout).into_owned();
        // These last only until the other kernel has answered.
        let passing = ["FIN-WAIT-1", "LAST-ACK", "CLOSING", "SYN-RECV"];
        if !passing.iter().any(|state| lines.contains(state)) {
            break lines;
        }
    };
    println!("{what}:");
    let mut ends: Vec<_> = lasting
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .map(|words| match words[3].ends_with(":5000") {
            true => format!("  server {}", words[0]),
            false => format!("  client {}", words[0]),
        })
        .collect();
    ends.sort();
    println!("{}", ends.join("\n"));
    Ok(())
}
