//! A write that succeeds has reached the writer's kernel, and not yet the peer (send(2)).

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut client = TcpStream::connect(listener.local_addr()?)?;
    let (server, _) = listener.accept()?;

    // ANCHOR: pay
    println!("write_all: {:?}", client.write_all(b"pay 100 to ann\n"));
    drop(server); // ... which has never read
    println!("read:      {:?}", client.read(&mut [0; 100]).map_err(|error| error.kind()));
    // ANCHOR_END: pay
    Ok(())
}
