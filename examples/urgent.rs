//! One byte outside the stream: MSG_OOB, TCP's urgent data (tcp(7), RFC 6093).

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};

use socket2::SockRef;

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut client = TcpStream::connect(listener.local_addr()?)?;
    let (mut server, _) = listener.accept()?;
    // ANCHOR: urgent
    client.write_all(b"before")?;
    SockRef::from(&client).send_out_of_band(b"!")?;
    client.write_all(b"after")?;
    drop(client);

    let mut bytes = [0; 100];
    loop {
        match server.read(&mut bytes)? {
            0 => break,
            count => println!("read: {}", String::from_utf8_lossy(&bytes[..count])),
        }
    }
    // ANCHOR_END: urgent
    Ok(())
}
