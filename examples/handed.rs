//! The lines service for one client, whose connection is this program's descriptors 0 and 1 from
//! the start. If inetd or socat starts it, a server needs no listen(2) and no accept(2).

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::fd::AsFd;

use protocol::{CATALOGUE, ClientId, Settings};

fn main() -> io::Result<()> {
    // ANCHOR: serve
    // A file can read and write any kind of descriptor ...
    let mut input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    // ... but the program can still ask the connection for its peer (getpeername(2)).
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
