//! A loop that reads from a pipe until the writer is gone, and acts on POLLIN only (poll(2)).

use std::io::{self, Read, Write};
use std::os::fd::AsFd;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

fn main() -> io::Result<()> {
    let (mut reader, mut writer) = io::pipe()?;
    writer.write_all(b"hello")?;
    drop(writer);
    for _turn in 0..100 {
        let mut watched = [PollFd::new(reader.as_fd(), PollFlags::POLLIN)];
        poll(&mut watched, PollTimeout::NONE)?;
        let events = watched[0].revents().unwrap_or(PollFlags::empty());
        if events.contains(PollFlags::POLLIN) {
            let mut buffer = [0; 100];
            let count = reader.read(&mut buffer)?;
            println!("{count} bytes");
            if count == 0 {
                return Ok(());
            }
        }
    }
    println!("the loop has made 100 turns, and has not seen the end");
    Ok(())
}
