//! One order, and one completion (io_uring(7)).

use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

use io_uring::{IoUring, opcode, types::Fd};

#[allow(unsafe_code)]
fn main() -> io::Result<()> {
    let (mut client, server) = UnixStream::pair()?;
    let mut ring = IoUring::new(8)?;
    let mut buffer = [0; 64];

    let into = buffer.as_mut_ptr();
    let order = opcode::Recv::new(Fd(server.as_raw_fd()), into, 64).build().user_data(7);
    // SAFETY: the socket and the buffer stay until the completion has come.
    unsafe { ring.submission().push(&order) }.map_err(io::Error::other)?;
    ring.submit()?;
    println!("the kernel has the order, and {} orders are done", ring.completion().len());

    client.write_all(b"hello")?;
    ring.submit_and_wait(1)?;
    let done = ring.completion().next().expect("one is done");
    let count = done.result() as usize;
    let text = String::from_utf8_lossy(&buffer[..count]);
    println!("order {} is done: the buffer has {count} bytes, {text:?}", done.user_data());
    Ok(())
}
