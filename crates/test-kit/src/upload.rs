//! Messages that many tests of uploads send.

use crate::Client;

/// The beginning of an upload: the name, and how many bytes will follow.
pub fn header(name: impl AsRef<[u8]>, size: usize) -> Vec<u8> {
    let size = u32::try_from(size).expect("it fits into 32 bits").to_be_bytes();
    [name.as_ref(), b"\n", &size, b"\n"].concat()
}

/// An upload: name, size, bytes.
pub fn upload(name: &str, bytes: &[u8]) -> Vec<u8> {
    [&header(name, bytes.len()), bytes].concat()
}

/// Receives the one line that a client gets, and then the end.
#[track_caller]
pub fn answer(client: &mut Client) -> String {
    let line = client.read_line();
    client.expect_end();
    line
}
