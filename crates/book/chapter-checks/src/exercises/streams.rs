//! Messages in a stream.

// ANCHOR: read_message
use std::io::{self, ErrorKind, Read};

/// The longest accepted message, in bytes.
const LIMIT: u32 = 64 * 1024;

/// Reads the next message: its size as a big-endian u32, and then that many bytes. `None` if the
/// stream has ended before it.
///
/// # Errors
///
/// [`ErrorKind::UnexpectedEof`] if the stream ends inside the message, [`ErrorKind::InvalidData`]
/// if the message is too long, or another error of the stream.
pub fn read_message(stream: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut header = Vec::new();
    let size = match stream.take(4).read_to_end(&mut header)? {
        0 => return Ok(None),
        _ => <[u8; 4]>::try_from(header).map_err(|_| ErrorKind::UnexpectedEof)?,
    };
    let size = u32::from_be_bytes(size);
    if size > LIMIT {
        return Err(ErrorKind::InvalidData.into());
    }
    let mut message = vec![0; size as usize];
    stream.read_exact(&mut message)?;
    Ok(Some(message))
}
// ANCHOR_END: read_message

#[cfg(test)]
mod tests {
    use super::*;

    /// A stream that returns one byte per read.
    struct Dripping<'a>(&'a [u8]);

    impl Read for Dripping<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let size = buffer.len().min(1);
            self.0.read(&mut buffer[..size])
        }
    }

    const TWO: &[u8] = b"\0\0\0\x05hello\0\0\0\0";

    #[test]
    fn messages_do_not_depend_on_the_pieces() {
        let streams: [&mut dyn Read; 2] = [&mut &*TWO, &mut Dripping(TWO)];
        for mut stream in streams {
            let mut next = || read_message(&mut stream).unwrap();
            assert_eq!(next().as_deref(), Some(&b"hello"[..]));
            assert_eq!(next().as_deref(), Some(&b""[..]));
            assert_eq!(next(), None);
        }
    }

    #[test]
    fn the_stream_may_end_only_between_messages() {
        for size in 1..9 {
            let error = read_message(&mut &TWO[..size]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "after {size} bytes");
        }
    }

    #[test]
    fn a_too_large_size_is_refused() {
        let error = read_message(&mut &b"\xff\xff\xff\xff"[..]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
    }
}
