use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::time::{Duration, Instant};

use nix::libc::{O_NOCTTY, O_NONBLOCK};
use nix::poll::PollFlags;
use nix::sys::socket::{MsgFlags, send};
use nix::unistd::dup2_stderr;
use sockets::poll;

/// How long to wait for a reader that has kept up until now: 200 ms. On a busy machine, the kernel
/// may not schedule it for a moment.
const PATIENCE: Duration = Duration::from_millis(200);

/// A file for lines. A write waits only a moment for the file's reader.
///
/// O_NONBLOCK on standard error would affect other processes: the flag belongs to the open file
/// description (open(2)), which a server shares with the shell that has started it. So a pipe or a
/// terminal is opened again, by its name in /proc, and this second description does not block. A
/// socket takes a flag with each write. A file on a disk has no reader.
#[derive(Debug)]
pub(super) struct LineFile {
    file: Descriptor,
    blocking: Blocking,
}

#[derive(Debug)]
enum Descriptor {
    Stderr(io::Stderr),
    File(File),
}

/// How to keep a write from blocking.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Blocking {
    /// Nothing to do: writes never block, or the description is this process's own and does not
    /// block.
    Never,
    /// With MSG_DONTWAIT (send(2)).
    Socket,
    /// With poll(2) before each write, since the file blocks. Another process that writes at the
    /// same moment may still take the room.
    AskFirst,
}

impl LineFile {
    /// Standard error. It changes how this process writes to it from here on.
    pub(super) fn stderr() -> LineFile {
        let stderr = io::stderr();
        let (mut blocking, anew) = open_anew(stderr.as_fd());
        if anew.is_some_and(|anew| dup2_stderr(anew).is_err()) {
            blocking = Blocking::AskFirst;
        }
        LineFile { file: Descriptor::Stderr(stderr), blocking }
    }

    /// A file that was opened for the log.
    pub(super) fn new(file: File) -> LineFile {
        let (blocking, anew) = open_anew(file.as_fd());
        LineFile { file: Descriptor::File(anew.unwrap_or(file)), blocking }
    }

    /// Writes a line, or the part of it for which there is room. If there is no room and `waits` is
    /// set, waits a moment for it.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if there is no room, and the errors of write(2).
    pub(super) fn write(&self, line: &[u8], waits: bool) -> io::Result<usize> {
        let is_full = |error: &io::Error| error.kind() == ErrorKind::WouldBlock;
        match self.write_now(line) {
            Err(error) if is_full(&error) && waits && self.has_room(PATIENCE)? => {
                self.write_now(line)
            }
            result => result,
        }
    }

    fn write_now(&self, line: &[u8]) -> io::Result<usize> {
        match (self.blocking, &self.file) {
            (Blocking::Socket, _) => {
                let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
                Ok(send(self.as_fd().as_raw_fd(), line, flags)?)
            }
            (Blocking::AskFirst, _) if !self.has_room(Duration::ZERO)? => {
                Err(ErrorKind::WouldBlock.into())
            }
            (_, Descriptor::Stderr(stderr)) => stderr.lock().write(line),
            (_, Descriptor::File(file)) => { file }.write(line),
        }
    }

    fn has_room(&self, patience: Duration) -> io::Result<bool> {
        let interest = ((), self.as_fd(), PollFlags::POLLOUT);
        Ok(!poll([interest], Some(Instant::now() + patience))?.is_empty())
    }
}

impl AsFd for LineFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.file {
            Descriptor::Stderr(stderr) => stderr.as_fd(),
            Descriptor::File(file) => file.as_fd(),
        }
    }
}

/// Finds out how to keep writes to a file from blocking. A pipe or a terminal needs a new
/// description, which is returned as well.
fn open_anew(file: BorrowedFd<'_>) -> (Blocking, Option<File>) {
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    let Ok(file_type) = fs::metadata(&path).map(|metadata| metadata.file_type()) else {
        return (Blocking::AskFirst, None);
    };
    if file_type.is_socket() {
        return (Blocking::Socket, None);
    }
    if !file_type.is_fifo() && !file_type.is_char_device() {
        return (Blocking::Never, None);
    }
    match OpenOptions::new().write(true).custom_flags(O_NONBLOCK | O_NOCTTY).open(path) {
        Ok(anew) => (Blocking::Never, Some(anew)),
        Err(_) => (Blocking::AskFirst, None),
    }
}
