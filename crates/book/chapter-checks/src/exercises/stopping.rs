//! A polite end of a connection.

// ANCHOR: finish
use std::io::{self, ErrorKind, Read};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// Ends the sending side, and returns whether the client has closed too before the time is over.
///
/// # Errors
///
/// The connection is broken.
pub fn finish(mut stream: &TcpStream, linger: Duration) -> io::Result<bool> {
    stream.shutdown(Shutdown::Write)?;
    let over_by = Instant::now() + linger;
    let mut scrap = [0; 4096];
    loop {
        let left = over_by.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(false);
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut scrap) {
            Ok(0) => return Ok(true),
            Ok(_) => {}
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::Interrupted => {}
                _ => return Err(error),
            },
        }
    }
}
// ANCHOR_END: finish

#[cfg(test)]
mod tests {
    use std::io::Write;

    use test_kit::deadline;

    use super::*;
    use crate::exercises::connected;

    #[test]
    fn a_client_that_closes_is_awaited_and_gets_everything() {
        let (mut client, mut server) = connected();
        client.write_all(b"never read").unwrap();
        server.write_all(b"the answer").unwrap();
        let finished = std::thread::spawn(move || finish(&server, deadline()).unwrap());
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert_eq!(answer, "the answer");
        drop(client);
        assert!(finished.join().unwrap());
    }

    #[test]
    fn a_client_that_does_not_close_is_awaited_until_the_time_is_over() {
        let (_client, server) = connected();
        assert!(!finish(&server, Duration::from_millis(50)).unwrap());
    }
}
