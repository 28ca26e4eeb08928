//! The loop.

use std::io::ErrorKind::{BrokenPipe, ConnectionReset, Interrupted, WouldBlock};
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use nix::errno::Errno;
use nix::sys::select::{FD_SETSIZE, FdSet, select};

use crate::{Screen, Stream};

/// How many bytes are taken at once, from the keyboard or from the server.
const PIECE: usize = 16 * 1024;

/// Sends what is typed and shows what the server says, until the server has finished.
///
/// It never waits for one side alone. If it only wrote, nobody would read the answers; they would
/// pile up until the server could write no more, and read no more, and both would wait for ever.
/// So a write takes what the socket takes, and the rest waits its turn. While something waits, the
/// keyboard is not read: memory is bounded, and whoever types or pipes too much waits as well.
///
/// The end of the input is a half-close (shutdown(2)): the server learns that no more will come,
/// and what it still says is shown. The end of what the server says is the end of everything,
/// however much may yet be typed.
///
/// # Errors
///
/// A [`Failure`] says which step failed. The stream stays non-blocking.
pub fn converse<W: Write>(
    stream: &Stream,
    keyboard: impl Read + AsFd,
    screen: Screen<W>,
) -> Result<(), Failure> {
    converse_in(stream, keyboard, screen, |typed, outgoing| {
        outgoing.extend_from_slice(typed);
        Ok(())
    })
}

/// The same, where what is typed is put into a form: `form` gets it in pieces as they come, an
/// empty one at the end, and appends what is to be sent.
///
/// If it cannot, that is [`Failure::Input`].
pub(crate) fn converse_in<W: Write>(
    mut stream: &Stream,
    mut keyboard: impl Read + AsFd,
    mut screen: Screen<W>,
    mut form: impl FnMut(&[u8], &mut Vec<u8>) -> io::Result<()>,
) -> Result<(), Failure> {
    let highest = stream.as_fd().as_raw_fd();
    let highest = highest.max(keyboard.as_fd().as_raw_fd());
    let descriptors = count_for_select(highest).map_err(Failure::Wait)?;
    stream.set_nonblocking().map_err(Failure::Wait)?;
    let mut buffer = [0; PIECE];
    let mut outgoing = Vec::new(); // typed, and not yet taken by the socket
    let mut typing = true; // until the keyboard's end
    let mut sending = true; // until our side of the stream is shut
    let mut reset = None; // met while sending, and told when all that came before it is shown

    loop {
        let wanted = (!outgoing.is_empty(), typing);
        let ready = wait(descriptors, stream.as_fd(), keyboard.as_fd(), wanted);
        let Ready { heard, sendable, typed } = ready.map_err(Failure::Wait)?;
        // ANCHOR: act
        if heard && let Some(count) = now(stream.read(&mut buffer)).map_err(Failure::Receive)? {
            screen.show(&buffer[..count]).map_err(Failure::Output)?;
            if count == 0 {
                return reset.map_or(Ok(()), Err);
            }
        }
        if sendable {
            match now(stream.write(&outgoing)) {
                Ok(count) => drop(outgoing.drain(..count.unwrap_or(0))),
                // The server takes no more, but its last words may still wait to be read.
                Err(error) if matches!(error.kind(), BrokenPipe | ConnectionReset) => {
                    (typing, sending) = (false, false);
                    outgoing.clear();
                    // A broken pipe is no failure: the server has finished before it closed.
                    reset = (error.kind() == ConnectionReset).then_some(Failure::Send(error));
                }
                Err(error) => return Err(Failure::Send(error)),
            }
        }
        if typed && let Some(count) = now(keyboard.read(&mut buffer)).map_err(Failure::Input)? {
            form(&buffer[..count], &mut outgoing).map_err(Failure::Input)?;
            typing = count > 0;
        }
        if sending && !typing && outgoing.is_empty() {
            // An error here means that the connection is gone, as the next read will tell.
            sending = false;
            let _ = stream.shutdown(Shutdown::Write);
        }
        // ANCHOR_END: act
    }
}

/// What can be done now: hear what the server says, send something, read what was typed.
#[derive(Default)]
struct Ready {
    heard: bool,
    sendable: bool,
    typed: bool,
}

// ANCHOR: wait
/// Waits until something can be done: or until a signal comes, and then nothing can.
fn wait(
    descriptors: i32,
    stream: BorrowedFd<'_>,
    keyboard: BorrowedFd<'_>,
    (has_outgoing, typing): (bool, bool),
) -> io::Result<Ready> {
    let mut readable = FdSet::new();
    let mut writable = FdSet::new();
    readable.insert(stream);
    if has_outgoing {
        writable.insert(stream);
    } else if typing {
        readable.insert(keyboard);
    }
    match select(descriptors, &mut readable, &mut writable, None, None) {
        Err(Errno::EINTR) => return Ok(Ready::default()),
        result => result?,
    };
    Ok(Ready {
        heard: readable.contains(stream),
        sendable: writable.contains(stream),
        typed: readable.contains(keyboard),
    })
}
// ANCHOR_END: wait

/// The step of a conversation that failed, and what the system says about it.
#[derive(Debug)]
pub enum Failure {
    /// recv(2): the connection broke.
    Receive(io::Error),
    /// send(2): the connection broke.
    Send(io::Error),
    /// The input cannot be read.
    Input(io::Error),
    /// The output cannot be written; [`BrokenPipe`] if its reader has gone.
    Output(io::Error),
    /// select(2) cannot wait for these descriptors.
    Wait(io::Error),
}

/// What was read or written, or `None` if it has to be tried again: select(2) may say "ready" when
/// it is not, and a signal may come in between.
fn now(result: io::Result<usize>) -> io::Result<Option<usize>> {
    match result {
        Err(error) if matches!(error.kind(), WouldBlock | Interrupted) => Ok(None),
        result => result.map(Some),
    }
}

/// How many descriptors select has to look at, if `highest` is the highest.
///
/// A set has room below [`FD_SETSIZE`] only, and [`FdSet::insert`] panics above. Ours are that high
/// only if whoever started us left a thousand files open.
fn count_for_select(highest: RawFd) -> io::Result<i32> {
    if usize::try_from(highest).is_ok_and(|highest| highest < FD_SETSIZE) {
        return Ok(highest + 1);
    }
    Err(io::Error::other(format!(
        "select takes descriptors below {FD_SETSIZE}, and this one is {highest}: too many files \
         were open when talk was started"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_descriptor_that_select_cannot_take_is_refused() {
        assert_eq!(count_for_select(0).unwrap(), 1);
        assert_eq!(count_for_select(1023).unwrap(), 1024);
        assert!(count_for_select(1024).is_err());
    }
}
