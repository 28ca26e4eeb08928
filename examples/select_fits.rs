//! More clients than a set has bits: a client whose descriptor does not fit is refused (select(2),
//! FD_SETSIZE).

use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;

use nix::sys::select::{FD_SETSIZE, FdSet};

fn main() -> io::Result<()> {
    launch::raise_descriptor_limit()?;
    let mut clients = Vec::new();
    for count in 1..=1000 {
        let client = UnixStream::pair()?;
        if client.0.as_raw_fd() >= FD_SETSIZE as i32 {
            println!("a descriptor is too high, and its client refused");
            break;
        }
        let mut readable = FdSet::new();
        readable.insert(client.0.as_fd());
        clients.push(client);
        if count % 128 == 0 {
            println!("{count} clients, and both ends of each");
        }
    }
    Ok(())
}
