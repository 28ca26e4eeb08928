//! The loop of a conversation.

use std::io::ErrorKind::{BrokenPipe, ConnectionReset, Interrupted, WouldBlock};
use std::io::{self, IsTerminal, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use nix::errno::Errno;
use nix::sys::select::{FD_SETSIZE, FdSet, select};
use nix::sys::time::TimeVal;

use crate::{Screen, Stream};

/// The number of bytes that are read at once, from the keyboard or from the server.
const PIECE: usize = 16 * 1024;

/// How long a pipe may bring no input, once the server has finished, before the conversation is over:
/// one second. The program that fills the pipe may not run for a moment on a busy machine.
const LULL_SECS: i64 = 1;

/// Sends what the user types and shows what the server sends, until the server has finished.
///
/// It never waits for only one side. A client that only wrote would not read the answers; they
/// would fill all buffers until the server could not write, would not read either, and both would
/// wait forever. So a write sends what the socket accepts, and the rest waits. While bytes wait,
/// the keyboard is not read: memory is bounded, and a fast keyboard or pipe has to wait as well.
///
/// The end of the input is a half-close (shutdown(2)): the server learns that no more data will
/// come, and its remaining data is shown. When the server ends its side, the conversation is over,
/// even if the keyboard is still open. Only input that comes without a lull is still sent, such as the
/// rest of a file, since the end of the server's side does not mean that it reads no more.
///
/// # Errors
///
/// A [`Failure`] names the step that failed. The stream stays non-blocking.
pub fn converse<W: Write>(
    stream: &Stream,
    keyboard: impl Read + AsFd,
    screen: Screen<W>,
) -> Result<(), Failure> {
    converse_in(stream, keyboard, screen, Rest::Sent, |typed, outgoing| {
        outgoing.extend_from_slice(typed);
        Ok(())
    })
}

/// Whether the input that is not sent yet is still sent when the server has finished.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Rest {
    /// It is sent, unless a terminal still has it: then the user sees that the talk is over.
    Sent,
    /// It is left: the server of this service has said why it wants no more.
    Left,
}

/// The same, but the input is encoded: `form` gets it in pieces as they arrive, with an empty one
/// at the end, and appends the bytes to send.
///
/// An error of `form` is [`Failure::Input`].
pub(crate) fn converse_in<W: Write>(
    mut stream: &Stream,
    mut keyboard: impl Read + AsFd,
    mut screen: Screen<W>,
    rest: Rest,
    mut form: impl FnMut(&[u8], &mut Vec<u8>) -> io::Result<()>,
) -> Result<(), Failure> {
    let highest = stream.as_fd().as_raw_fd();
    let highest = highest.max(keyboard.as_fd().as_raw_fd());
    let descriptors = count_for_select(highest).map_err(Failure::Wait)?;
    stream.set_nonblocking().map_err(Failure::Wait)?;
    let mut buffer = [0; PIECE];
    let mut outgoing = Vec::new(); // typed, but not yet accepted by the socket
    let mut typing = true; // until the keyboard's end
    let mut sending = true; // until our side of the stream is shut
    let mut hearing = true; // until the server has finished
    let mut reset = None; // found while sending, reported after all earlier bytes are shown

    loop {
        let wanted = Wanted { hearing, sending: !outgoing.is_empty(), typing };
        let ready = wait(descriptors, stream.as_fd(), keyboard.as_fd(), wanted);
        let Ready { heard, sendable, typed } = ready.map_err(Failure::Wait)?;
        // ANCHOR: act
        if heard && let Some(count) = now(stream.read(&mut buffer)).map_err(Failure::Receive)? {
            screen.show(&buffer[..count]).map_err(Failure::Output)?;
            hearing = count > 0;
            if !hearing && (rest == Rest::Left || keyboard.as_fd().is_terminal()) {
                return reset.map_or(Ok(()), Err);
            }
        }
        if sendable {
            match now(stream.write(&outgoing)) {
                Ok(count) => drop(outgoing.drain(..count.unwrap_or(0))),
                // The server takes no more, but its last bytes may still wait to be read.
                Err(error) if matches!(error.kind(), BrokenPipe | ConnectionReset) => {
                    (typing, sending) = (false, false);
                    outgoing.clear();
                    // A broken pipe is no failure: the server had finished before it closed.
                    let is_reset = hearing && error.kind() == ConnectionReset;
                    reset = is_reset.then_some(Failure::Send(error));
                }
                Err(error) => return Err(Failure::Send(error)),
            }
        }
        if typed && let Some(count) = now(keyboard.read(&mut buffer)).map_err(Failure::Input)? {
            form(&buffer[..count], &mut outgoing).map_err(Failure::Input)?;
            typing = count > 0;
        }
        if sending && !typing && outgoing.is_empty() {
            // An error here means that the connection is broken, which the next read will report.
            sending = false;
            let _ = stream.shutdown(Shutdown::Write);
        }
        // No more input is there: either it has ended, or it was waited for and has not come.
        let came_none = !wanted.hearing && !wanted.sending && !typed;
        if !hearing && outgoing.is_empty() && (!typing || came_none) {
            return reset.map_or(Ok(()), Err);
        }
        // ANCHOR_END: act
    }
}

/// The events to wait for.
#[derive(Clone, Copy)]
struct Wanted {
    hearing: bool,
    sending: bool,
    typing: bool,
}

/// The possible next steps: receive from the server, send something, read the keyboard.
#[derive(Default)]
struct Ready {
    heard: bool,
    sendable: bool,
    typed: bool,
}

// ANCHOR: wait
/// Waits until something can be done. If a signal arrives, nothing is ready.
fn wait(
    descriptors: i32,
    stream: BorrowedFd<'_>,
    keyboard: BorrowedFd<'_>,
    wanted: Wanted,
) -> io::Result<Ready> {
    let mut readable = FdSet::new();
    let mut writable = FdSet::new();
    let mut lull = TimeVal::new(LULL_SECS, 0);
    let mut timeout = None;
    if wanted.hearing {
        readable.insert(stream);
    }
    if wanted.sending {
        writable.insert(stream);
    } else if wanted.typing {
        readable.insert(keyboard);
        // When the server has finished, only input that comes without a lull counts.
        timeout = (!wanted.hearing).then_some(&mut lull);
    }
    match select(descriptors, &mut readable, &mut writable, None, timeout) {
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

/// The step of a conversation that failed, and the system's error.
#[derive(Debug)]
pub enum Failure {
    /// recv(2): the connection broke.
    Receive(io::Error),
    /// send(2): the connection broke.
    Send(io::Error),
    /// The input cannot be read.
    Input(io::Error),
    /// The output cannot be written; [`BrokenPipe`] if its reader has closed it.
    Output(io::Error),
    /// select(2) cannot wait for these descriptors.
    Wait(io::Error),
}

/// The result of a read or write, or `None` if it must be tried again: select(2) may report a
/// descriptor as ready when it is not, and a signal may interrupt the call.
fn now(result: io::Result<usize>) -> io::Result<Option<usize>> {
    match result {
        Err(error) if matches!(error.kind(), WouldBlock | Interrupted) => Ok(None),
        result => result.map(Some),
    }
}

/// The first argument of select(2), if `highest` is the highest descriptor.
///
/// A set holds only descriptors below [`FD_SETSIZE`], and [`FdSet::insert`] panics above. Ours are
/// that high only if the parent process left a thousand files open.
fn count_for_select(highest: RawFd) -> io::Result<i32> {
    if usize::try_from(highest).is_ok_and(|highest| highest < FD_SETSIZE) {
        return Ok(highest + 1);
    }
    Err(io::Error::other(format!(
        "select takes descriptors below {FD_SETSIZE}, but this one is {highest}: too many files \
         were open when talk was started"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_descriptor_that_select_cannot_watch_is_refused() {
        assert_eq!(count_for_select(0).unwrap(), 1);
        assert_eq!(count_for_select(1023).unwrap(), 1024);
        assert!(count_for_select(1024).is_err());
    }
}
