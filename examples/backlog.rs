//! Connects to a listener that never accepts: connect(2) succeeds all the same, since the kernel
//! completes connections as long as there is room in the listener's queue (listen(2)).

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut client = TcpStream::connect(listener.local_addr()?)?;
    println!("connected, and the server has not accepted");
    client.write_all(b"hello?")?;
    println!("6 bytes sent, and the server has not accepted");
    let (mut accepted, _) = listener.accept()?;
    let mut bytes = [0; 64];
    let size = accepted.read(&mut bytes)?;
    println!("accepted, and {size} bytes were there already");
    Ok(())
}
