//! A client whose descriptor has a copy, and a loop that closes the client (epoll(7), Q6).

use std::io::{self, Write};
use std::os::unix::net::UnixStream;

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags};

fn main() -> io::Result<()> {
    let (mut theirs, client) = UnixStream::pair()?;
    let epoll = Epoll::new(EpollCreateFlags::empty())?;
    epoll.add(&client, EpollEvent::new(EpollFlags::EPOLLIN, 7))?;
    // As in a process that was forked meanwhile.
    let _copy = client.try_clone()?;

    drop(client);
    theirs.write_all(b"hello?")?;
    let mut events = [EpollEvent::empty(); 8];
    match epoll.wait(&mut events, 100_u8)? {
        0 => println!("the client is closed, and nothing is reported"),
        _ => println!("the client is closed, and client {} is ready", events[0].data()),
    }
    Ok(())
}
