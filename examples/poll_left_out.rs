//! A client whose input has to wait, left out of the list for that time (poll(2)).

use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, poll};

fn main() -> io::Result<()> {
    let (client, theirs) = UnixStream::pair()?;
    drop(theirs);
    let wanted = PollFlags::empty();
    let (begun, mut turns) = (Instant::now(), 0);
    while begun.elapsed() < Duration::from_millis(100) {
        let mut watched = Vec::new();
        if !wanted.is_empty() {
            watched.push(PollFd::new(client.as_fd(), wanted));
        }
        poll(&mut watched, 100_u8)?;
        turns += 1;
    }
    let turns = if turns > 100 { "more than 100" } else { "a few" };
    println!("the loop has made {turns} turns, and the client has hung up");
    Ok(())
}
