//! More clients than a set has bits (select(2), FD_SETSIZE).

use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use nix::sys::select::FdSet;

fn main() -> io::Result<()> {
    launch::raise_descriptor_limit()?;
    let mut clients = Vec::new();
    for count in 1..=1000 {
        let client = UnixStream::pair()?;
        let mut readable = FdSet::new();
        readable.insert(client.0.as_fd());
        clients.push(client);
        if count % 128 == 0 {
            println!("{count} clients, and both ends of each");
        }
    }
    Ok(())
}
