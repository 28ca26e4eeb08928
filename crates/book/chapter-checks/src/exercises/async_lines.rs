//! Lines that are not lost when their future is dropped.

// ANCHOR: lines
use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// The lines of a reader.
#[derive(Debug)]
pub struct Lines<R> {
    reader: R,
    /// Bytes that do not form a line yet. They outlive the future of `next`.
    bytes: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    /// Reads lines from the reader's current position.
    pub fn new(reader: R) -> Lines<R> {
        let bytes = Vec::new();
        Lines { reader, bytes }
    }

    /// The next line, without its LF, or `None` at the end. It is cancel safe.
    ///
    /// # Errors
    ///
    /// Errors of the reader.
    pub async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(end) = self.bytes.iter().position(|byte| *byte == b'\n') {
                let mut line: Vec<_> = self.bytes.drain(..=end).collect();
                line.pop();
                return Ok(Some(line));
            }
            // read_buf is cancel safe: if its future is dropped, it has read nothing.
            if self.reader.read_buf(&mut self.bytes).await? == 0 {
                return Ok(None);
            }
        }
    }
}
// ANCHOR_END: lines

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use tokio::io::{AsyncWriteExt, duplex};

    use super::*;

    /// Polls once, and drops a future that is not ready.
    fn poll_once<T>(future: impl Future<Output = T>) -> Option<T> {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => Some(value),
            Poll::Pending => None,
        }
    }

    #[test]
    fn no_byte_is_lost_when_futures_are_dropped() {
        let (mut client, server) = duplex(64);
        let mut lines = Lines::new(server);
        for (said, heard) in [
            ("hel", None),
            ("lo\nwor", Some("hello")),
            ("", None),
            ("ld\n\n", Some("world")),
            ("", Some("")),
            ("", None),
        ] {
            poll_once(client.write_all(said.as_bytes())).unwrap().unwrap();
            let line = poll_once(lines.next()).map(|line| line.unwrap().unwrap());
            assert_eq!(line.as_deref(), heard.map(str::as_bytes), "after {said:?}");
        }
        drop(client);
        assert_eq!(poll_once(lines.next()).unwrap().unwrap(), None);
    }
}
