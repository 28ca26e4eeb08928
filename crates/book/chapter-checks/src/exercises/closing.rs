//! A polite end of a connection.

// ANCHOR: finish
use std::io::{ErrorKind, Read};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// Ends a connection so that all written bytes arrive: shuts the sending side, and then reads and
/// discards until the peer closes, but for at most `patience`.
///
/// Returns whether the peer has closed: only then is it certain that nothing was lost.
pub fn finish(mut stream: TcpStream, patience: Duration) -> bool {
    let deadline = Instant::now() + patience;
    if stream.shutdown(Shutdown::Write).is_err() {
        return false; // the connection is gone already
    }
    let mut scrap = [0; 4096];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() || stream.set_read_timeout(Some(left)).is_err() {
            return false;
        }
        match stream.read(&mut scrap) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return false,
        }
    }
}
// ANCHOR_END: finish

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::thread;

    use super::*;
    use crate::exercises::connected;

    #[test]
    fn a_reply_survives_an_unread_question() {
        let (mut client, mut server) = connected();
        client.write_all(&[b'?'; 10_000]).unwrap();
        let sender = thread::spawn(move || {
            server.write_all(&[b'!'; 10_000_000]).unwrap();
            finish(server, test_kit::deadline())
        });
        let mut reply = Vec::new();
        client.read_to_end(&mut reply).unwrap();
        assert_eq!(reply.len(), 10_000_000);
        drop(client);
        assert!(sender.join().unwrap());
    }

    #[test]
    fn the_wait_for_a_peer_that_never_closes_ends() {
        let (client, server) = connected();
        let patience = Duration::from_millis(100);
        let begun = Instant::now();
        assert!(!finish(server, patience));
        assert!(begun.elapsed() >= patience);
        drop(client);
    }

    #[test]
    fn the_wait_for_a_peer_that_never_stops_sending_ends() {
        let (mut client, server) = connected();
        let talker = thread::spawn(move || while client.write_all(&[b'x'; 1000]).is_ok() {});
        assert!(!finish(server, Duration::from_millis(100)));
        talker.join().unwrap();
    }
}
