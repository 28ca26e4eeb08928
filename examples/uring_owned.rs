//! A buffer that belongs to its order as long as that is under way (io_uring(7)).

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

use io_uring::{IoUring, opcode, types::Fd};

#[allow(unsafe_code)]
fn main() -> io::Result<()> {
    let (mut client, mut server) = UnixStream::pair()?;
    let full = fill(&mut server)?;
    let mut ring = IoUring::new(8)?;
    let mut buffer = b"first".to_vec();

    let under_way = buffer.clone();
    let order = opcode::Send::new(Fd(server.as_raw_fd()), under_way.as_ptr(), 5).build();
    // SAFETY: the socket and the copy stay until the completion has come.
    unsafe { ring.submission().push(&order) }.map_err(io::Error::other)?;
    ring.submit()?;
    buffer.copy_from_slice(b"other");

    client.read_exact(&mut vec![0; full])?;
    ring.submit_and_wait(1)?;
    let mut text = [0; 5];
    client.read_exact(&mut text)?;
    println!("the client reads {:?}", String::from_utf8_lossy(&text));
    Ok(())
}

/// Writes until the socket takes no more, and returns how much that was.
fn fill(socket: &mut UnixStream) -> io::Result<usize> {
    socket.set_nonblocking(true)?;
    let mut full = 0;
    loop {
        match socket.write(&[b'x'; 4096]) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            written => full += written?,
        }
    }
    socket.set_nonblocking(false)?;
    Ok(full)
}
