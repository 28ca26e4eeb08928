//! A file of fortunes, which may turn out to be anything else.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::fcntl::OFlag;
use protocol::fortune::{FORTUNE_LIMIT, Fortunes};

/// The largest file: 16 MiB. Debian's largest has 2.
const FILE_LIMIT: u64 = 16 << 20;

/// The fortunes in a file, and a note for the log about it.
///
/// # Errors
///
/// The reason why there are none, with the path.
pub(crate) fn read(path: &Path, seed: u64) -> Result<(Fortunes, String), String> {
    let shown = path.display();
    let bytes = text(path).map_err(|why| format!("cannot read the fortunes in {shown}: {why}"))?;
    let parsed = Fortunes::parse(&bytes, seed).ok_or_else(|| {
        format!(
            "there is no fortune in {shown}: want entries of at most {FORTUNE_LIMIT} bytes, \
             separated by lines that hold a single %"
        )
    })?;
    let note = format!("{:?} in {shown}, {} more are too long", parsed.fortunes, parsed.too_long);
    Ok((parsed.fortunes, note))
}

/// The contents of a file, if they can be text.
fn text(path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = open(path).and_then(|file| file.take(FILE_LIMIT + 1).read_to_end(&mut bytes));
    read.map_err(|error| error.to_string())?;
    if bytes.len() as u64 > FILE_LIMIT {
        return Err(format!("it has more than {} MiB", FILE_LIMIT >> 20));
    }
    match why_no_text(&bytes) {
        Some(why) => Err(why.to_owned()),
        None => Ok(bytes),
    }
}

/// Opens a regular file. To open a named pipe would wait for its writer, and a device may have no
/// end.
fn open(path: &Path) -> io::Result<File> {
    let expect_file = |is_file| match is_file {
        true => Ok(()),
        false => Err(io::Error::other("it is not a regular file; save the fortunes as one first")),
    };
    expect_file(fs::metadata(path)?.is_file())?;
    // Another file may have taken its place meanwhile.
    let flags = OFlag::O_NONBLOCK.bits();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    expect_file(file.metadata()?.is_file())?;
    Ok(file)
}

/// The reason why these bytes are no text in UTF-8, if they are something that people have beside
/// their fortunes.
fn why_no_text(bytes: &[u8]) -> Option<&'static str> {
    if is_index(bytes) {
        return Some("it is an index that strfile(1) made; name the file of the text beside it");
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Some("it is in UTF-16; `iconv -f UTF-16 -t UTF-8` makes UTF-8 of it");
    }
    let why = "a byte of it is 0, so it is no text in UTF-8 (UTF-16 perhaps, or no text at all)";
    bytes.contains(&0).then_some(why)
}

/// Whether the file begins like an index of strfile(1): six numbers of four bytes, big-endian, which
/// are a version (1 or 2), a count, two lengths, flags, and a separator in the first byte; then comes
/// a place for each fortune, and the end.
fn is_index(bytes: &[u8]) -> bool {
    let number = |at: usize| bytes.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes);
    let (Some(1 | 2), Some(count), Some(separator)) = (number(0), number(4), number(20)) else {
        return false;
    };
    let size = 24 + 4 * (u64::from(count) + 1);
    separator & 0x00ff_ffff == 0 && bytes.len() as u64 == size
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_is_told_from_a_text() {
        let index = |numbers: &[u32]| -> Vec<u8> {
            numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
        };
        assert!(is_index(&index(&[2, 1, 9, 9, 0, 0x2500_0000, 0, 12])));
        assert!(is_index(&index(&[1, 0, 0, 0, 0, 0x2500_0000, 0])));
        assert!(!is_index(&index(&[2, 2, 9, 9, 0, 0x2500_0000, 0, 12])));
        assert!(!is_index(&index(&[3, 1, 9, 9, 0, 0x2500_0000, 0, 12])));
        assert!(!is_index(b"one\n%\ntwo\n"));
    }
}
