//! Writes ten million bytes to a peer that does not read. The socket takes a part (write(2)), and
//! `write_all` cannot tell how large that part was.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let bytes = vec![b'x'; 10_000_000];

    // ANCHOR: write
    let mut client = TcpStream::connect(listener.local_addr()?)?;
    client.set_nonblocking(true)?;
    let taken = client.write(&bytes)?;
    println!("write: {taken} bytes taken, {} left", bytes.len() - taken);

    let mut client = TcpStream::connect(listener.local_addr()?)?;
    client.set_write_timeout(Some(Duration::from_millis(200)))?;
    let error = client.write_all(&bytes).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    println!("write_all: {error}");
    drop(client);

    let mut peers = [listener.accept()?.0, listener.accept()?.0];
    let mut arrived = Vec::new();
    peers[1].read_to_end(&mut arrived)?;
    println!("and its peer has read {} bytes", arrived.len());
    // ANCHOR_END: write
    Ok(())
}
