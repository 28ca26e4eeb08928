//! A non-blocking socket returns EAGAIN, `WouldBlock`, if it would have waited (fcntl(2),
//! O_NONBLOCK). Do not wait by asking again and again: use poll(2).

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, poll};

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut client = TcpStream::connect(listener.local_addr()?)?;
    let (mut server, _) = listener.accept()?;
    // ANCHOR: wait
    server.set_nonblocking(true)?;
    let mut byte = [0];

    let error = server.read(&mut byte).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    println!("read: {error}");

    let begun = Instant::now();
    let mut reads = 0;
    while begun.elapsed() < Duration::from_millis(100) && server.read(&mut byte).is_err() {
        reads += 1;
    }
    println!("asking for 100 ms: {reads} system calls");

    let begun = Instant::now();
    let ready = poll(&mut [PollFd::new(server.as_fd(), PollFlags::POLLIN)], 100_u16)?;
    assert!(begun.elapsed() >= Duration::from_millis(100));
    println!("waiting for 100 ms: 1 system call, and {ready} descriptors are ready");

    client.write_all(b"!")?;
    let ready = poll(&mut [PollFd::new(server.as_fd(), PollFlags::POLLIN)], 100_u16)?;
    println!(
        "after a write: {ready} descriptor is ready, and read gives {:?}",
        server.read(&mut byte)?
    );
    // ANCHOR_END: wait
    Ok(())
}
