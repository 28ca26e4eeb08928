//! One silent client, watched for a tenth of a second, for reading and for writing (epoll(7)).

use std::io;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags};

fn main() -> io::Result<()> {
    let (_silent, client) = UnixStream::pair()?;
    let epoll = Epoll::new(EpollCreateFlags::empty())?;
    let flags = EpollFlags::EPOLLIN | EpollFlags::EPOLLOUT;
    epoll.add(&client, EpollEvent::new(flags, 1))?;
    let (begun, mut turns) = (Instant::now(), 0);
    while begun.elapsed() < Duration::from_millis(100) {
        epoll.wait(&mut [EpollEvent::empty(); 8], 100_u8)?;
        turns += 1;
    }
    let turns = if turns > 100 { "more than 100" } else { "a few" };
    println!("the loop has made {turns} turns, and the client has said nothing");
    Ok(())
}
