use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};

use crate::Trace;

/// A connection that shows its system calls if asked.
#[derive(Debug)]
pub struct Stream {
    stream: TcpStream,
    trace: Trace,
}

impl Stream {
    pub(crate) fn new(stream: TcpStream, trace: Trace) -> Stream {
        Stream { stream, trace }
    }

    pub(crate) fn set_nonblocking(&self) -> io::Result<()> {
        self.stream.set_nonblocking(true)
    }

    pub(crate) fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        let result = self.stream.shutdown(how);
        self.trace.shut(&self.stream, how, &result);
        result
    }
}

/// A stream that shows no system calls.
impl From<TcpStream> for Stream {
    fn from(stream: TcpStream) -> Stream {
        Stream::new(stream, Trace::OFF)
    }
}

impl Read for &Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let result = (&self.stream).read(buffer);
        let given = result.as_ref().copied();
        self.trace.received(&self.stream, buffer, None, given);
        result
    }
}

impl Write for &Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = (&self.stream).write(bytes);
        self.trace.sent(&self.stream, bytes, None, &result);
        result
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}
