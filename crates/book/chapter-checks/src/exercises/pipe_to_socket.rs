//! A service that does not know its transport.

// ANCHOR: shout
use std::io::{self, ErrorKind, Read, Write};

/// Sends everything back in capital letters, until the other side ends.
///
/// # Errors
///
/// The stream breaks.
pub fn shout(mut stream: impl Read + Write) -> io::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        let count = match stream.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        buffer[..count].make_ascii_uppercase();
        stream.write_all(&buffer[..count])?;
    }
}
// ANCHOR_END: shout

#[cfg(test)]
mod tests {
    use std::net::{Shutdown, TcpListener, TcpStream};
    use std::os::unix::net::UnixStream;
    use std::thread;

    use super::*;

    #[test]
    fn over_a_socket_pair() {
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        let server = thread::spawn(|| shout(theirs));
        ours.write_all(b"hello, ").unwrap();
        ours.write_all("wörld\n".as_bytes()).unwrap();
        ours.shutdown(Shutdown::Write).unwrap();
        let mut answer = String::new();
        ours.read_to_string(&mut answer).unwrap();
        assert_eq!(answer, "HELLO, WöRLD\n");
        server.join().unwrap().unwrap();
    }

    #[test]
    fn over_tcp() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut ours = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let server = thread::spawn(move || shout(listener.accept()?.0));
        // More than one buffer, so that a read returns only a part.
        let text = "abc-".repeat(5000);
        ours.write_all(text.as_bytes()).unwrap();
        ours.shutdown(Shutdown::Write).unwrap();
        let mut answer = String::new();
        ours.read_to_string(&mut answer).unwrap();
        assert_eq!(answer, "ABC-".repeat(5000));
        server.join().unwrap().unwrap();
    }

    #[test]
    fn a_broken_stream_is_an_error() {
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        ours.write_all(b"hello").unwrap();
        // A program that another test starts may hold a copy for a moment, so closing is not enough.
        ours.shutdown(Shutdown::Both).unwrap();
        let error = shout(theirs).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    }
}
