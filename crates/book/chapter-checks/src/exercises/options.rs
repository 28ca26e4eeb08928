//! One port for two protocols.

// ANCHOR: speaks_tls
use std::io;
use std::net::TcpStream;

/// Waits for a client's first byte and returns whether it begins a TLS handshake (RFC 8446, 5.1),
/// without removing it from the stream. A client that ends without a byte does not speak TLS.
///
/// # Errors
///
/// Errors of recv(2).
pub fn speaks_tls(client: &TcpStream) -> io::Result<bool> {
    const HANDSHAKE: u8 = 22;
    let mut first = [0];
    let count = client.peek(&mut first)?;
    Ok(first[..count] == [HANDSHAKE])
}
// ANCHOR_END: speaks_tls

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::*;

    #[track_caller]
    fn check(sent: &[u8], wanted: bool) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        client.write_all(sent).unwrap();
        drop(client);
        let (mut server, _) = listener.accept().unwrap();
        assert_eq!(speaks_tls(&server).unwrap(), wanted);
        let mut all = Vec::new();
        server.read_to_end(&mut all).unwrap();
        assert_eq!(all, sent, "nothing is removed from the stream");
    }

    #[test]
    fn the_first_byte_decides_and_stays() {
        check(b"\x16\x03\x01\x02\x00", true);
        check(b"GET / HTTP/1.1\r\n", false);
        check(b"", false);
    }
}
