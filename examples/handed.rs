//! The lines service for one client, whose connection this program has as its descriptors 0 and 1
//! from the start. What inetd or socat starts is a server without listen(2) and accept(2).

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::fd::AsFd;

use protocol::{CATALOGUE, ClientId, Settings};

fn main() -> io::Result<()> {
    // ANCHOR: serve
    // A file reads and writes, and does not ask what is behind a descriptor ...
    let mut input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    // ... but that it is a connection can still be seen (getpeername(2)).
    let connection = TcpStream::from(input.as_fd().try_clone_to_owned()?);
    eprintln!("handed a connection from {}", connection.peer_addr()?.ip());

    let entry = CATALOGUE.iter().find(|entry| entry.name == "lines");
    let service = (entry.expect("it is there").open)(Settings::built_in(0));
    let mut session = service.session(ClientId(1));
    let mut buffer = [0; 4096];
    loop {
        let count = input.read(&mut buffer)?;
        let answer = session.receive(&buffer[..count]);
        output.write_all(&answer.send)?;
        if answer.finish {
            return Ok(());
        }
    }
    // ANCHOR_END: serve
}
