//! SHUT_RD (shutdown(2)) tells the peer nothing: it may go on sending, and on Linux its bytes can
//! still be read.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut client = TcpStream::connect(listener.local_addr()?)?;
    let (mut server, _) = listener.accept()?;

    // ANCHOR: shut
    client.shutdown(Shutdown::Read)?;
    let mut bytes = [0; 100];
    println!("read, before anything was sent: {:?}", client.read(&mut bytes));
    println!("the peer writes: {:?}", server.write(b"hello"));
    while client.peek(&mut bytes)? == 0 {} // until it has come
    println!("read, afterwards: {:?}", client.read(&mut bytes));
    // ANCHOR_END: shut
    Ok(())
}
