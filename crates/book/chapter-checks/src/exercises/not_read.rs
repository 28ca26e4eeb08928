//! A client that reads while it sends.

// ANCHOR: exchange
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;

/// Sends all of `bytes`, ends that side, and returns everything that the other side sends.
///
/// # Errors
///
/// Errors of send(2) and recv(2).
pub fn exchange(stream: &TcpStream, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let (mut sending, mut receiving) = (stream, stream);
    thread::scope(|scope| {
        let sent = scope.spawn(move || {
            sending.write_all(bytes)?;
            sending.shutdown(Shutdown::Write)
        });
        let mut answer = Vec::new();
        receiving.read_to_end(&mut answer)?;
        sent.join().expect("it does not panic")?;
        Ok(answer)
    })
}
// ANCHOR_END: exchange

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn more_comes_back_than_the_kernel_holds() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        thread::spawn(move || io::copy(&mut &server, &mut &server));
        let bytes = b"0123456789".repeat(6_400_000);
        assert!(exchange(&client, &bytes).unwrap() == bytes);
    }
}
