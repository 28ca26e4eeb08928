//! A socket that is closed when its order has been cancelled (io_uring(7)).

use std::io::{self, ErrorKind, Read};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use io_uring::{IoUring, opcode, types::Fd};

#[allow(unsafe_code)]
fn main() -> io::Result<()> {
    let (mut client, server) = UnixStream::pair()?;
    let mut ring = IoUring::new(8)?;
    let mut buffer = [0; 64];

    let into = buffer.as_mut_ptr();
    let order = opcode::Recv::new(Fd(server.as_raw_fd()), into, 64).build().user_data(7);
    // SAFETY: the buffer stays until the end of the ring.
    unsafe { ring.submission().push(&order) }.map_err(io::Error::other)?;
    ring.submit()?;

    let cancel = opcode::AsyncCancel::new(7).build().user_data(8);
    // SAFETY: it uses no memory.
    unsafe { ring.submission().push(&cancel) }.map_err(io::Error::other)?;
    ring.submit_and_wait(2)?;
    drop(server);
    client.set_read_timeout(Some(Duration::from_millis(300)))?;
    match client.read(&mut [0; 1]) {
        Ok(0) => println!("the client reads the end"),
        Err(error) if error.kind() == ErrorKind::WouldBlock => println!("the client still waits"),
        other => println!("{other:?}"),
    }
    Ok(())
}
