//! One silent client, watched for a tenth of a second, for writing only while there is output to
//! write (epoll(7)).

use std::io;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags};

fn main() -> io::Result<()> {
    let (_silent, client) = UnixStream::pair()?;
    let unsent: Vec<u8> = Vec::new();
    let epoll = Epoll::new(EpollCreateFlags::empty())?;
    let mut flags = EpollFlags::EPOLLIN;
    flags.set(EpollFlags::EPOLLOUT, !unsent.is_empty());
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
