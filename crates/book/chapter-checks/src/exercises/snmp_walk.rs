//! Numbered questions by datagram, and lengths in BER.

// ANCHOR: ask
use std::io::{self, ErrorKind};
use std::net::UdpSocket;
use std::time::{Duration, Instant};

/// Sends a question on a connected socket, with this number in front, up to `tries` times. Returns
/// the answer with the same number, without it, or `None` if none came within `patience` each time.
///
/// # Errors
///
/// The port is closed (ECONNREFUSED), or another error of the system.
pub fn ask(
    socket: &UdpSocket,
    number: u32,
    question: &[u8],
    patience: Duration,
    tries: u32,
) -> io::Result<Option<Vec<u8>>> {
    let number = number.to_be_bytes();
    let datagram = [&number, question].concat();
    let mut buffer = [0; 65_535];
    for _ in 0..tries {
        socket.send(&datagram)?;
        let by = Instant::now() + patience;
        loop {
            let left = by.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            socket.set_read_timeout(Some(left))?;
            match socket.recv(&mut buffer) {
                Ok(size) => {
                    if let Some(answer) = buffer[..size].strip_prefix(&number) {
                        return Ok(Some(answer.to_vec()));
                    }
                }
                // The time is over, or a signal arrived: the loop checks that at its top.
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(None)
}
// ANCHOR_END: ask

// ANCHOR: length
/// The length at the beginning of `bytes`, and the number of bytes that it takes (X.690, 8.1.3);
/// `None` if it is cut off, unknown, or larger than any memory.
pub fn length(bytes: &[u8]) -> Option<(usize, usize)> {
    let (&first, rest) = bytes.split_first()?;
    match first {
        ..128 => Some((usize::from(first), 1)),
        128 => None,
        _ => {
            let count = usize::from(first & 0x7f);
            let digits = rest.get(..count)?;
            let length = digits.iter().try_fold(0_usize, |length, digit| {
                length.checked_mul(256)?.checked_add(usize::from(*digit))
            });
            Some((length?, 1 + count))
        }
    }
}
// ANCHOR_END: length

#[cfg(test)]
mod tests {
    use std::thread;

    use test_kit::deadline;

    use super::*;

    fn pair() -> (UdpSocket, UdpSocket) {
        let server = UdpSocket::bind("127.0.0.1:0").unwrap();
        server.set_read_timeout(Some(deadline())).unwrap();
        let client = UdpSocket::bind("127.0.0.1:0").unwrap();
        client.connect(server.local_addr().unwrap()).unwrap();
        (client, server)
    }

    #[test]
    fn only_the_answer_with_the_number_counts() {
        let (client, server) = pair();
        let answering = thread::spawn(move || {
            let mut buffer = [0; 16];
            let (size, from) = server.recv_from(&mut buffer).unwrap();
            assert_eq!(&buffer[..size], b"\0\0\0\x07hello");
            for answer in [&b"\0\0\0\x06late"[..], b"", b"\0\0\0", b"\0\0\0\x07", b"\0\0\0\x07no"] {
                server.send_to(answer, from).unwrap();
            }
        });
        let answer = ask(&client, 7, b"hello", deadline(), 1).unwrap();
        assert_eq!(answer.as_deref(), Some(&b""[..]));
        answering.join().unwrap();
    }

    #[test]
    fn other_answers_do_not_make_it_wait() {
        let (client, server) = pair();
        let answering = thread::spawn(move || {
            let mut buffer = [0; 16];
            let (_, from) = server.recv_from(&mut buffer).unwrap();
            server.set_nonblocking(true).unwrap();
            // Until the question is repeated, which would not happen if other answers could delay
            // it.
            while server.recv(&mut buffer).is_err() {
                server.send_to(b"\0\0\0\x08other", from).unwrap();
                thread::yield_now();
            }
            server.set_nonblocking(false).unwrap();
            // The other answers may have left no room for the first ones.
            loop {
                server.send_to(b"\0\0\0\x07true", from).unwrap();
                if server.recv(&mut buffer).unwrap() == 0 {
                    break;
                }
            }
        });
        let answer = ask(&client, 7, b"", Duration::from_millis(50), 1_000).unwrap();
        assert_eq!(answer.as_deref(), Some(&b"true"[..]));
        client.send(b"").unwrap();
        answering.join().unwrap();
    }

    #[test]
    fn lengths_have_many_forms() {
        assert_eq!(length(&[5]), Some((5, 1)));
        assert_eq!(length(&[127, 9]), Some((127, 1)));
        assert_eq!(length(&[0x81, 5]), Some((5, 2)));
        assert_eq!(length(&[0x82, 0, 5]), Some((5, 3)));
        assert_eq!(length(&[0x82, 1, 0, 9]), Some((256, 3)));
        let zeros = [&[0x80 + 100][..], &[0; 99], &[5]].concat();
        assert_eq!(length(&zeros), Some((5, 101)));
    }

    #[test]
    fn cut_off_and_too_large_lengths_are_none() {
        for bytes in [&[][..], &[0x80], &[0x81], &[0x82, 1], &[0x89, 1, 0, 0, 0, 0, 0, 0, 0, 0]] {
            assert_eq!(length(bytes), None, "{bytes:?}");
        }
        assert_eq!(length(&[0xff; 200]), None);
    }
}
