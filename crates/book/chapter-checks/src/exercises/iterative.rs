//! One client after the other.

// ANCHOR: serve_each
use std::io;
use std::net::{TcpListener, TcpStream};

/// Serves `count` clients, one after the other, and returns how many of them were lost.
///
/// # Errors
///
/// Errors of accept(2). Errors of a client are counted.
pub fn serve_each(
    listener: &TcpListener,
    count: usize,
    mut converse: impl FnMut(&TcpStream) -> io::Result<()>,
) -> io::Result<usize> {
    let mut lost = 0;
    for _ in 0..count {
        let (stream, _) = listener.accept()?;
        if converse(&stream).is_err() {
            lost += 1;
        }
    }
    Ok(lost)
}
// ANCHOR_END: serve_each

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::Shutdown;

    use super::*;

    fn shout(mut stream: &TcpStream) -> io::Result<()> {
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        stream.write_all(text.to_uppercase().as_bytes())
    }

    #[test]
    fn clients_are_served_in_turn_and_a_lost_one_is_counted() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let said: [&[u8]; 3] = [b"one", b"\xff", b"two"];
        // The kernel completes all three connections before the server accepts one.
        let mut clients = said.map(|said| {
            let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            client.write_all(said).unwrap();
            client.shutdown(Shutdown::Write).unwrap();
            client
        });
        assert_eq!(serve_each(&listener, 3, shout).unwrap(), 1);
        let heard = clients.each_mut().map(|client| {
            let mut answer = String::new();
            client.read_to_string(&mut answer).unwrap();
            answer
        });
        assert_eq!(heard, ["ONE", "", "TWO"]);
    }
}
