use std::io;
use std::net::TcpStream;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering::SeqCst};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::signal::Signal::{self, SIGCHLD, SIGHUP, SIGINT};
use nix::sys::signal::{SigHandler, signal};
use nix::unistd::{close, write};
use signal_hook::low_level;

use crate::{hear, stopping_signals};

/// The signal that tells a server to stop: the first SIGTERM, SIGINT or SIGHUP.
///
/// A server can notice it in two ways, and each style uses the one that suits it.
/// A style that waits for several descriptors waits for this one too: it is readable from the first
/// signal on.
/// A style that blocks in one read is woken, and finds the [`StopFlag`] raised.
#[derive(Debug)]
pub struct Stop {
    flag: StopFlag,
    signalled: UnixStream,
    /// The socket that the first signal writes to. It stays open, since a handler may run at any
    /// time. A forked child has [`NO_SOCKET`].
    signals: Arc<AtomicI32>,
}

/// Whether to stop, for the code that serves a client.
#[derive(Clone, Debug)]
pub struct StopFlag {
    raised: Arc<AtomicBool>,
    /// The socket whose reads and writes do not block any more once the signal has come.
    wakes: Arc<AtomicI32>,
}

/// The value of `wakes` and `signals` if there is no socket.
const NO_SOCKET: i32 = -1;

impl Default for StopFlag {
    fn default() -> StopFlag {
        StopFlag { raised: Arc::default(), wakes: Arc::new(AtomicI32::new(NO_SOCKET)) }
    }
}

impl Stop {
    /// Stops at the first SIGTERM, SIGINT or SIGHUP. A second one ends the process at once, with
    /// status 128 + signal, as a shell reports a process that a signal has ended. If two different
    /// signals come together, the kernel decides their order.
    ///
    /// From here on no signal is lost, even if the program was started with it blocked. SIGINT and
    /// SIGHUP stay ignored if they were ignored at the start. SIGTERM is always meant for this
    /// program, so it is always heard.
    ///
    /// # Errors
    ///
    /// There are no descriptors left, or the system refuses the handlers.
    pub fn at_first_signal() -> io::Result<Stop> {
        let flag = StopFlag::default();
        let (signalled, signals) = UnixStream::pair()?;
        signalled.set_nonblocking(true)?;
        let signals = Arc::new(AtomicI32::new(signals.into_raw_fd()));
        let stop = Stop { flag, signalled, signals };
        let heard = stopping_signals()?;
        hear(&heard, || heard.iter().try_for_each(|&signal| stop.stop_at(signal)))?;
        Ok(stop)
    }

    /// The flag that the first signal raises.
    pub fn flag(&self) -> &StopFlag {
        &self.flag
    }

    /// Turns it into the flag of a forked child: only the parent tells a child to stop, by SIGTERM,
    /// and may repeat that.
    ///
    /// The child ignores SIGINT and SIGHUP, since Ctrl-C and the end of a terminal reach the whole
    /// foreground group: they would end children that have not said goodbye. It has no children, so
    /// SIGCHLD gets its default action again. Call it in the child, with the signals blocked since
    /// before the fork: otherwise a signal would wake the parent.
    ///
    /// # Errors
    ///
    /// The system refuses an action for a signal.
    #[allow(unsafe_code)]
    pub fn into_child(self) -> io::Result<StopFlag> {
        // The handler of SIGTERM stays. To register another one would copy the list of all handlers,
        // and so write to pages that the child shares with its parent.
        close(self.signals.swap(NO_SOCKET, SeqCst))?;
        let (ignored, default) = (SigHandler::SigIgn, SigHandler::SigDfl);
        for (number, action) in [(SIGINT, ignored), (SIGHUP, ignored), (SIGCHLD, default)] {
            // SAFETY: neither action runs a handler.
            unsafe { signal(number, action) }?;
        }
        Ok(self.flag)
    }

    /// Registers the handler: the first signal raises the flag and writes to the socket, and the
    /// second one ends the process. In a child, each signal only raises the flag.
    #[allow(unsafe_code)]
    fn stop_at(&self, signal: Signal) -> io::Result<()> {
        let (flag, signals) = (self.flag.clone(), Arc::clone(&self.signals));
        let action = move || match (signals.load(SeqCst), flag.raise()) {
            (NO_SOCKET, _) => {}
            (_, true) => low_level::exit(128 + signal as i32),
            (signals, false) => {
                // SAFETY: a child stores NO_SOCKET before it closes the socket.
                let _ = write(unsafe { BorrowedFd::borrow_raw(signals) }, &[0]);
            }
        };
        // SAFETY: the action swaps, loads, and calls fcntl(2), write(2) and _exit(2), all of which
        // signal-safety(7) lists.
        unsafe { low_level::register(signal as i32, action) }?;
        Ok(())
    }
}

impl AsFd for Stop {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.signalled.as_fd()
    }
}

/// The socket that is readable from the first signal on, for a runtime that waits for its own
/// sockets.
impl From<Stop> for UnixStream {
    fn from(stop: Stop) -> UnixStream {
        stop.signalled
    }
}

impl StopFlag {
    /// Whether the server stops.
    pub fn is_raised(&self) -> bool {
        self.raised.load(SeqCst)
    }

    /// Forgets the signal: a later one raises the flag again.
    pub fn lower(&self) {
        self.raised.store(false, SeqCst);
    }

    /// Makes the signal also wake this thread from a read or write of `stream`, as long as the
    /// guard lives: the handler sets O_NONBLOCK.
    ///
    /// This leaves no gap. A wait under way is interrupted, and does not block when it is repeated;
    /// one that was about to begin does not block either. With a flag alone, a read that begins
    /// just after the check of the flag would block.
    pub fn wakes<'a>(&'a self, stream: &'a TcpStream) -> WakeGuard<'a> {
        self.wakes.store(stream.as_raw_fd(), SeqCst);
        if self.is_raised() {
            unblock(stream.as_raw_fd());
        }
        WakeGuard { flag: self, _stream: stream }
    }

    /// Raises it, and returns whether it was raised already.
    fn raise(&self) -> bool {
        let was_raised = self.raised.swap(true, SeqCst);
        unblock(self.wakes.load(SeqCst));
        was_raised
    }
}

/// While it lives, a signal that raises the flag also makes its socket non-blocking.
#[derive(Debug)]
pub struct WakeGuard<'a> {
    flag: &'a StopFlag,
    // Borrowed, so that the descriptor is not closed and reused before the guard is dropped.
    _stream: &'a TcpStream,
}

impl Drop for WakeGuard<'_> {
    fn drop(&mut self) {
        self.flag.wakes.store(NO_SOCKET, SeqCst);
    }
}

#[allow(unsafe_code)]
fn unblock(socket: i32) {
    if socket != NO_SOCKET {
        // SAFETY: the guard that stored it borrows the socket, so it is open.
        let socket = unsafe { BorrowedFd::borrow_raw(socket) };
        let _ = fcntl(socket, FcntlArg::F_SETFL(OFlag::O_NONBLOCK));
    }
}
