//! One silent client, watched for a tenth of a second, for writing only while there is output to
//! write (select(2)).

use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use nix::sys::select::{FdSet, select};
use nix::sys::time::{TimeVal, TimeValLike};

fn main() -> io::Result<()> {
    let (_silent, client) = UnixStream::pair()?;
    let unsent: Vec<u8> = Vec::new();
    let (begun, mut turns) = (Instant::now(), 0);
    while begun.elapsed() < Duration::from_millis(100) {
        let (mut readable, mut writable) = (FdSet::new(), FdSet::new());
        readable.insert(client.as_fd());
        if !unsent.is_empty() {
            writable.insert(client.as_fd());
        }
        let mut timeout = TimeVal::milliseconds(100);
        let highest = client.as_raw_fd();
        select(highest + 1, &mut readable, &mut writable, None, &mut timeout)?;
        turns += 1;
    }
    let turns = if turns > 100 { "more than 100" } else { "a few" };
    println!("the loop has made {turns} turns, and the client has said nothing");
    Ok(())
}
