//! Two clients, and only one set for all calls. select(2) overwrites its sets with the answer.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;

use nix::sys::select::{FdSet, select};
use nix::sys::time::{TimeVal, TimeValLike};

fn main() -> io::Result<()> {
    let (mut first, ours) = UnixStream::pair()?;
    let (mut second, theirs) = UnixStream::pair()?;
    let highest = ours.as_raw_fd().max(theirs.as_raw_fd());

    let mut readable = FdSet::new();
    readable.insert(ours.as_fd());
    readable.insert(theirs.as_fd());

    first.write_all(b"x")?;
    let ready = select(highest + 1, &mut readable, None, None, None)?;
    println!("the first has written, and {ready} is ready");
    (&ours).read_exact(&mut [0])?;

    second.write_all(b"x")?;
    let mut timeout = TimeVal::seconds(1);
    let ready = select(highest + 1, &mut readable, None, None, Some(&mut timeout))?;
    println!("the second has written, and {ready} is ready");
    Ok(())
}
