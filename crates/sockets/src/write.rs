use std::io::{self, ErrorKind, IoSlice, Write};

use protocol::Queue;

/// How many lines leave in one write, at most. The kernel takes up to 1,024 pieces (IOV_MAX).
const LINES_A_WRITE: usize = 64;

/// How many bytes leave in one write, at most: 64 KiB.
pub const WRITE_SIZE: usize = 64 * 1024;

/// Writes as much of a queue as the socket takes without blocking, many lines in one write
/// (writev(2)).
///
/// # Errors
///
/// The errors of writev(2), except EAGAIN: lines that the socket does not take stay in the queue.
pub fn write_queue(mut socket: impl Write, queue: &mut Queue) -> io::Result<()> {
    while !queue.is_empty() {
        match socket.write_vectored(&gather(queue)) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => queue.advance(count),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The lines of a queue that leave in the next write.
pub fn gather(queue: &Queue) -> Vec<IoSlice<'_>> {
    let mut size = 0;
    let fits = |line: &&[u8]| {
        size += line.len();
        size <= WRITE_SIZE
    };
    queue.slices().take(LINES_A_WRITE).take_while(fits).map(IoSlice::new).collect()
}
