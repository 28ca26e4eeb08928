//! A question by datagram, repeated until an answer comes.

// ANCHOR: ask
use std::io::{self, ErrorKind};
use std::net::UdpSocket;
use std::time::{Duration, Instant};

/// Sends a question on a connected socket, and sends it again if there is no answer within
/// `patience`, which doubles each time, up to `tries` times. Returns the answer, or `None` if there
/// was none.
///
/// # Errors
///
/// The port is closed (ECONNREFUSED), or another error of the system.
pub fn ask(
    socket: &UdpSocket,
    question: &[u8],
    mut patience: Duration,
    tries: u32,
) -> io::Result<Option<Vec<u8>>> {
    let mut buffer = [0; 65_535];
    for _ in 0..tries {
        socket.send(question)?;
        let by = Instant::now() + patience;
        loop {
            let left = by.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            socket.set_read_timeout(Some(left))?;
            match socket.recv(&mut buffer) {
                Ok(size) => return Ok(Some(buffer[..size].to_vec())),
                // The time is over, or a signal arrived: the loop checks that at its top.
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
                Err(error) => return Err(error),
            }
        }
        patience *= 2;
    }
    Ok(None)
}
// ANCHOR_END: ask

#[cfg(test)]
mod tests {
    use std::thread;

    use test_kit::deadline;

    use super::*;

    /// Short, since the tests wait for all of it.
    const SHORT: Duration = Duration::from_millis(10);

    fn pair() -> (UdpSocket, UdpSocket) {
        let server = UdpSocket::bind("127.0.0.1:0").unwrap();
        server.set_read_timeout(Some(deadline())).unwrap();
        let client = UdpSocket::bind("127.0.0.1:0").unwrap();
        client.connect(server.local_addr().unwrap()).unwrap();
        (client, server)
    }

    #[test]
    fn a_lost_question_is_repeated() {
        let (client, server) = pair();
        let answering = thread::spawn(move || {
            let mut buffer = [0; 16];
            // The first two get lost.
            for _ in 0..2 {
                server.recv_from(&mut buffer).unwrap();
            }
            let (size, from) = server.recv_from(&mut buffer).unwrap();
            server.send_to(&buffer[..size], from).unwrap();
        });
        let answer = ask(&client, b"41", SHORT, 20).unwrap();
        assert_eq!(answer.as_deref(), Some(&b"41"[..]));
        answering.join().unwrap();
    }

    #[test]
    fn it_gives_up_after_the_last_try() {
        let (client, server) = pair();
        assert_eq!(ask(&client, b"41", SHORT, 3).unwrap(), None);
        server.set_nonblocking(true).unwrap();
        let mut buffer = [0; 16];
        for _ in 0..3 {
            assert_eq!(server.recv(&mut buffer).unwrap(), 2);
        }
        assert!(server.recv(&mut buffer).is_err(), "it was asked three times");
    }

    #[test]
    fn a_closed_port_is_reported_at_once() {
        let (client, server) = pair();
        drop(server);
        let error = ask(&client, b"41", deadline(), 2).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    }
}
