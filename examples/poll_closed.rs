//! A list that still holds the number of a descriptor that is closed (poll(2), POLLNVAL).

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use nix::poll::{PollFd, PollFlags, poll};

#[allow(unsafe_code)]
fn main() -> io::Result<()> {
    let (client, _theirs) = UnixStream::pair()?;
    // SAFETY: the number is valid only as long as `client` lives, and this program breaks the rule.
    let number = unsafe { BorrowedFd::borrow_raw(client.as_raw_fd()) };
    let mut watched = [PollFd::new(number, PollFlags::POLLIN)];
    poll(&mut watched, 0_u8)?;
    println!("the client is here: {:?}", watched[0].revents());

    drop(client);
    poll(&mut watched, 0_u8)?;
    println!("the client is gone: {:?}", watched[0].revents());

    let _stranger = File::open("/dev/null")?;
    poll(&mut watched, 0_u8)?;
    println!("a file is opened: {:?}", watched[0].revents());
    Ok(())
}
