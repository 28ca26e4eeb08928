//! Two clients at a listener that reports each change once, and one accept for each report
//! (epoll(7), EPOLLET).

use std::io;
use std::net::{TcpListener, TcpStream};

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags};

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let epoll = Epoll::new(EpollCreateFlags::empty())?;
    let flags = EpollFlags::EPOLLIN | EpollFlags::EPOLLET;
    epoll.add(&listener, EpollEvent::new(flags, 1))?;

    let address = listener.local_addr()?;
    let _clients = [TcpStream::connect(address)?, TcpStream::connect(address)?];
    let mut accepted = 0;
    while epoll.wait(&mut [EpollEvent::empty(); 8], 1000_u16)? > 0 {
        listener.accept()?;
        accepted += 1;
    }
    println!("nothing is reported any more, and {accepted} of 2 clients are accepted");
    Ok(())
}
