//! select(2) always reports a regular file as ready, and epoll(7), with which tokio waits, does not
//! accept it at all (epoll_ctl(2), EPERM).

use std::io;
use std::os::fd::AsFd;

use nix::sys::select::{FdSet, select};
use tokio::io::unix::AsyncFd;

#[allow(unsafe_code)]
#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    // ANCHOR: ready
    let file = tempfile::tempfile()?;
    let mut writable = FdSet::new();
    writable.insert(file.as_fd());
    let ready = select(None, None, &mut writable, None, None)?;
    println!("select: {ready} of 1 is ready to be written to");

    // SAFETY: the file owns its descriptor, and has the same one for as long as it lives.
    match unsafe { AsyncFd::register(file) } {
        Ok(_) => println!("epoll:  the file is watched"),
        Err(error) => println!("epoll:  {error}"),
    }
    // ANCHOR_END: ready
    Ok(())
}
