//! A timeout for the whole, instead of one for each piece.

// ANCHOR: read_exact_until
use std::io::{self, ErrorKind, Read};
use std::net::TcpStream;
use std::time::Instant;

/// Fills `buffer` from `stream`, and gives up at `deadline`. It changes the stream's read timeout.
///
/// # Errors
///
/// [`ErrorKind::TimedOut`] at the deadline, [`ErrorKind::UnexpectedEof`] if the stream ends first,
/// or another error of the stream.
pub fn read_exact_until(
    mut stream: &TcpStream,
    mut buffer: &mut [u8],
    deadline: Instant,
) -> io::Result<()> {
    while !buffer.is_empty() {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(buffer) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(count) => buffer = &mut buffer[count..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => {} // the time is over
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
// ANCHOR_END: read_exact_until

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::exercises::connected;

    fn in_time(duration: Duration) -> Instant {
        Instant::now() + duration
    }

    #[test]
    fn pieces_are_put_together() {
        let (mut client, server) = connected();
        let sender = thread::spawn(move || {
            for byte in b"hello" {
                client.write_all(&[*byte]).unwrap();
            }
            client
        });
        let mut buffer = [0; 5];
        read_exact_until(&server, &mut buffer, in_time(test_kit::deadline())).unwrap();
        assert_eq!(&buffer, b"hello");
        sender.join().unwrap();
    }

    #[test]
    fn a_client_that_sends_single_bytes_cannot_delay_the_deadline() {
        let (mut client, server) = connected();
        // It sends as long as the other side reads, so only the deadline can end the reading.
        let sender = thread::spawn(move || while client.write_all(b"x").is_ok() {});
        let mut buffer = vec![0; 1 << 30];
        let begun = Instant::now();
        let deadline = begun + Duration::from_millis(200);
        let error = read_exact_until(&server, &mut buffer, deadline).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(Instant::now() >= deadline);
        drop(server);
        sender.join().unwrap();
    }

    #[test]
    fn silence_ends_at_the_deadline() {
        let (_client, server) = connected();
        let deadline = in_time(Duration::from_millis(100));
        let error = read_exact_until(&server, &mut [0], deadline).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(Instant::now() >= deadline);
    }

    #[test]
    fn an_end_is_not_a_timeout() {
        let (mut client, server) = connected();
        client.write_all(b"hell").unwrap();
        drop(client);
        let deadline = in_time(test_kit::deadline());
        let error = read_exact_until(&server, &mut [0; 5], deadline).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    }
}
