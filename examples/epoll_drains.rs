//! A client that has sent a lot, one that has sent a word, and a loop that reads all that is there
//! (read(2), EAGAIN).

use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags};

fn main() -> io::Result<()> {
    let pairs = [UnixStream::pair()?, UnixStream::pair()?];
    let [(mut fast, mut first), (mut slow, mut second)] = pairs;
    let epoll = Epoll::new(EpollCreateFlags::empty())?;
    for (client, name) in [(&first, 1), (&second, 2)] {
        client.set_nonblocking(true)?;
        epoll.add(client, EpollEvent::new(EpollFlags::EPOLLIN, name))?;
    }
    fast.set_nonblocking(true)?;
    while fast.write(&[b'x'; 1000]).is_ok() {}
    slow.write_all(b"hello")?;

    let mut reads = 0;
    loop {
        let mut events = [EpollEvent::empty(); 8];
        let count = epoll.wait(&mut events, 1000_u16)?;
        for event in &events[..count] {
            if event.data() == 2 {
                let count = second.read(&mut [0; 16])?;
                println!("{count} bytes of the second client, after {} of the first", times(reads));
                return Ok(());
            }
            loop {
                match first.read(&mut [0; 16]) {
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    read => drop(read?),
                }
                reads += 1;
            }
        }
    }
}

fn times(reads: u32) -> &'static str {
    if reads > 1000 { "more than 1,000 reads" } else { "one read" }
}
