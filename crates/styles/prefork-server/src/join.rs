//! How a worker lets its client join the room: it makes a link, and passes the parent's end of it
//! through a socket (unix(7), SCM_RIGHTS).
//!
//! A descriptor is a number that means something in one process only. The kernel makes a new one in
//! the process that receives it, for the same socket.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use drivers::link::{ChildEnd, Link, link};
use nix::cmsg_space;
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, UnixAddr, recvmsg, sendmsg};
use protocol::ClientId;
use socket2::{Domain, Socket, Type};

/// A client that joins the room.
pub(crate) struct Joining {
    pub(crate) client: ClientId,
    pub(crate) peer: SocketAddr,
    pub(crate) link: Link,
}

/// The longest message: a client's number, and an IPv6 address with an interface and a port.
const LONGEST: usize = 128;

/// Makes the two ends on which a worker passes links: its own, and the parent's.
///
/// # Errors
///
/// There are no descriptors left.
pub(crate) fn channel() -> io::Result<(Socket, Socket)> {
    let (theirs, ours) = Socket::pair(Domain::UNIX, Type::SEQPACKET, None)?;
    ours.set_nonblocking(true)?;
    Ok((theirs, ours))
}

// ANCHOR: pass
/// Makes a link for a client, and passes the parent's end.
///
/// # Errors
///
/// There are no descriptors left, or the parent is gone.
pub(crate) fn pass(links: &Socket, client: ClientId, peer: SocketAddr) -> io::Result<ChildEnd> {
    let (link, child_end) = link()?;
    let end = OwnedFd::from(link);
    let text = format!("{} {peer}", client.0);
    let rights = [end.as_raw_fd()];
    let rights = [ControlMessage::ScmRights(&rights)];
    let text = [IoSlice::new(text.as_bytes())];
    sendmsg::<UnixAddr>(links.as_raw_fd(), &text, &rights, MsgFlags::empty(), None)?;
    Ok(child_end)
}
// ANCHOR_END: pass

/// Receives a link that a worker has passed. `None` if the worker is gone.
///
/// # Errors
///
/// There are no descriptors left for the link, and it is lost.
#[allow(unsafe_code)]
pub(crate) fn receive(links: &Socket) -> io::Result<Option<Joining>> {
    let mut text = [0; LONGEST];
    let mut parts = [IoSliceMut::new(&mut text)];
    let mut space = cmsg_space!(RawFd);
    let flags = MsgFlags::MSG_CMSG_CLOEXEC;
    let received = recvmsg::<UnixAddr>(links.as_raw_fd(), &mut parts, Some(&mut space), flags)?;
    if received.bytes == 0 {
        return Ok(None);
    }
    let rights = received.cmsgs()?.find_map(|message| match message {
        ControlMessageOwned::ScmRights(rights) => rights.first().copied(),
        _ => None,
    });
    let size = received.bytes;
    let no_descriptor = || io::Error::other("no descriptor is left for its link");
    // SAFETY: the kernel has just made this descriptor, for this process.
    let end = unsafe { OwnedFd::from_raw_fd(rights.ok_or_else(no_descriptor)?) };
    let garbled = || io::Error::other("its worker has sent something else");
    let text = str::from_utf8(&text[..size]).map_err(|_| garbled())?;
    let (client, peer) = text.split_once(' ').ok_or_else(garbled)?;
    Ok(Some(Joining {
        client: ClientId(client.parse().map_err(|_| garbled())?),
        peer: peer.parse().map_err(|_| garbled())?,
        link: Link::from(end),
    }))
}
