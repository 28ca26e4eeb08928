//! The header of an upload.

// ANCHOR: read_header
use std::io::{self, BufRead, Read};

/// The longest name, in bytes.
const NAME_BYTES: u64 = 255;

/// Reads a name, LF, a size as a big-endian u32, and LF. Returns the name and the size.
///
/// # Errors
///
/// The stream breaks or ends, or the bytes are not such a header.
pub fn read_header(stream: &mut impl BufRead, max_size: u32) -> io::Result<(String, u32)> {
    let wrong = |why: &str| io::Error::new(io::ErrorKind::InvalidData, why);
    let mut name = Vec::new();
    // One byte more than the longest name, for the LF: reading stops there if no LF comes.
    stream.take(NAME_BYTES + 1).read_until(b'\n', &mut name)?;
    if name.pop() != Some(b'\n') {
        return Err(wrong("the name is too long, or the stream ended in it"));
    }
    let name = String::from_utf8(name).map_err(|_| wrong("the name is not UTF-8"))?;
    if name.is_empty()
        || name.starts_with('.')
        || name.contains(['/', '\\'])
        || name.contains(char::is_control)
    {
        return Err(wrong("that is not the name of a file in this directory"));
    }
    // Four bytes, of any value.
    let mut size = [0; 4];
    stream.read_exact(&mut size)?;
    let mut end = [0];
    stream.read_exact(&mut end)?;
    let size = u32::from_be_bytes(size);
    if end != *b"\n" || size > max_size {
        return Err(wrong("that is not a size, or it is too large"));
    }
    Ok((name, size))
}
// ANCHOR_END: read_header

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Cursor};

    use super::*;

    fn read(bytes: &[u8]) -> io::Result<(String, u32)> {
        // Byte by byte, as a network may deliver them.
        read_header(&mut BufReader::with_capacity(1, bytes), 1000)
    }

    #[test]
    fn a_size_that_looks_like_a_line_feed_is_a_size() {
        assert_eq!(read(b"ten\n\0\0\0\x0a\n").unwrap(), ("ten".into(), 10));
        let longest = [&[b'x'; 255][..], b"\n\0\0\0\0\n"].concat();
        assert_eq!(read(&longest).unwrap(), ("x".repeat(255), 0));
    }

    #[test]
    fn the_bytes_after_the_header_are_left() {
        let mut stream = Cursor::new(b"a\n\0\0\0\x02\nhi");
        read_header(&mut stream, 2).unwrap();
        let mut rest = String::new();
        stream.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "hi");
    }

    #[test]
    fn a_wrong_header_is_refused() {
        for name in ["", ".", "..", ".ssh", "../x", "a/b", "a\\b", "a\0b", "a\r"] {
            let header = [name.as_bytes(), b"\n\0\0\0\0\n"].concat();
            assert!(read(&header).is_err(), "{name:?}");
        }
        for size in [&b"\0\0\x03\xe9\n"[..], b"\xff\xff\xff\xff\n", b"6\nhell", b"\0\0\0\x06h"] {
            assert!(read(&[b"a\n", size].concat()).is_err(), "{size:?}");
        }
        assert!(read(&[b'x'; 256]).is_err());
        assert!(read(b"\xff\n\0\0\0\0\n").is_err());
    }

    #[test]
    fn a_header_that_ends_early_is_an_error() {
        let header = b"ten\n\0\0\0\x0a\n";
        for end in 0..header.len() {
            assert!(read(&header[..end]).is_err(), "{end}");
        }
    }
}
